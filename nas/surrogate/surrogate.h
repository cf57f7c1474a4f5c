// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "joule/nas/cell/enumerate.h"
#include "joule/nas/surrogate/boosting.h"
#include "joule/nas/surrogate/measured_cells.h"
#include "joule/nas/table/table.h"

namespace joule::nas {

/// The options of the trees that predict energies from features_of().
inline constexpr BoostingOptions kSurrogateTrees{.rounds = 700,
                                                 .rate = 0.05,
                                                 .leaves = 40,
                                                 .least = 2,
                                                 .row_share = 0.7,
                                                 .column_share = 0.3,
                                                 .clip = 0.97};

struct PredictedEnergy {
  double joules = 0, low = 0, high = 0;
};

/// Predicts the energy of a cell's training by boosted trees on log(joules), with intervals that
/// hold for any distribution of the errors:
///   prediction = exp(f),   interval = exp(f -+ q)
/// q is the ceil((n + 1) level)-th smallest of |log joules - f| over n cells that the trees have
/// not seen, so another cell of the same kind lies in the interval with probability `level` or a
/// little more.
///
/// Source    Lei et al. 2018, "Distribution-Free Predictive Inference for Regression", algorithm 2.
class EnergySurrogate {
 public:
  /// Trains on the first cells, calibrates on the others.
  ///
  /// Errors    ArgumentError: as BoostedTrees; fewer cells to calibrate on than the level needs (19
  ///           for 0.95).
  EnergySurrogate(std::span<const MeasuredCell> train, std::span<const MeasuredCell> calibrate,
                  std::int64_t epochs, const BoostingOptions& options = kSurrogateTrees,
                  double level = 0.95);

  /// Reads what save() wrote.
  ///
  /// Errors    DataError (path, what is wrong).
  static EnergySurrogate open(const std::string& path);
  /// As JSON, atomically.
  void save(const std::string& path) const;

  PredictedEnergy predict(const Cell& cell) const;
  /// On all threads.
  std::vector<PredictedEnergy> predict(std::span<const Cell> cells) const;
  /// The budget of the training cells.
  std::int64_t epochs() const { return epochs_; }
  std::size_t trained() const { return trained_; }
  double level() const { return level_; }

 private:
  EnergySurrogate() = default;
  PredictedEnergy of(std::span<const double> features) const;

  BoostedTrees trees_;
  double half_width_ = 0;  // q
  double level_ = 0;
  std::int64_t epochs_ = 0;
  std::size_t trained_ = 0, calibrated_ = 0;
};

/// A table of predictions for the cells: energies (modelled, with intervals) and parameters
/// (counted).
Table predicted_table(const EnergySurrogate& surrogate, std::span<const NamedCell> cells,
                      const std::string& source);

}  // namespace joule::nas
