// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/nas/surrogate/measured_cells.h"

// The accuracy of surrogates, on seeded splits of measured cells.
namespace joule::nas {

enum class SurrogateKind { paper4, paper5, boosted };
/// "paper's net, 4 layers", "paper's net, 5 layers", "boosted trees".
std::string_view name(SurrogateKind kind);

struct SurrogateTrials {
  int splits = 10;                   // seeds 1, 2, ...
  std::vector<std::size_t> sizes{};  // of training sets, beside the whole one
  int size_splits = 10;              // for those
  std::vector<SurrogateKind> kinds{SurrogateKind::paper4, SurrogateKind::paper5,
                                   SurrogateKind::boosted};
  int epochs = 200;  // of the nets
};

/// For one surrogate and one split, on cells that it has not seen.
struct SurrogateTrial {
  SurrogateKind kind = SurrogateKind::boosted;
  std::uint64_t seed = 0;
  std::size_t trained = 0, tested = 0;
  double tau = 0;                      // Kendall's tau-b of predictions and measurements
  std::optional<double> last_tau{};    // for nets: after the last epoch instead of the best
  double mean_error = 0;               // mean |prediction - measurement|, J
  std::optional<double> coverage{};    // the fraction of measurements within the 95 % intervals
  std::optional<double> half_width{};  // the intervals' mean (high - low) / 2, J
  double seconds = 0;                  // of training
};

/// A measurement and its prediction, J.
struct PredictionPoint {
  double measured = 0, predicted = 0, low = 0, high = 0;
};

/// The spread of the measurements among cells with equal layers: no prediction from a net's layers
/// alone can be better.
struct MeasurementSpread {
  std::size_t groups = 0, cells = 0;  // of two cells or more with equal layers
  double deviation = 0;  // sqrt(sum over groups of (log E - mean)^2 / (cells - groups))
  double median = 0;     // of the groups of three or more, their deviations
  /// Kendall's tau of the energies with themselves after each is perturbed by a spread drawn from
  /// those groups.
  double tau = 0;
};

struct SurrogateResults {
  std::size_t cells = 0;
  std::vector<SurrogateTrial> whole, by_size;
  std::vector<PredictionPoint> points;  // of the boosted trees, with seed 1
  MeasurementSpread spread;
};

/// Permutes the cells by the seed: 302 of 431 for training, 43 of 431 for calibration, the rest for
/// tests (3020, 430, 860 of 4310); `size` trains on the first ones of the training part.
///
/// `done(trial)` is called after each.
///
/// Errors    ArgumentError: fewer than 100 cells, too many to train on, a count below 1.
SurrogateResults run_surrogate_trials(std::span<const MeasuredCell> cells,
                                      const SurrogateTrials& trials,
                                      const std::function<void(const SurrogateTrial&)>& done);

/// Errors    ArgumentError if no two cells have equal layers.
MeasurementSpread spread_of(std::span<const MeasuredCell> cells);

}  // namespace joule::nas
