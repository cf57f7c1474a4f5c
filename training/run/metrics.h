// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/device.h"
#include "joule/training/energy/energy_prediction.h"
#include "joule/training/energy/epoch_energy.h"

namespace joule::training {

/// The earlier epochs that a point of a long run also stands for: see thin_out().
struct MergedEpochs {
  std::int64_t count = 0;
  /// The energies of all its epochs, its own included; by kMeasured, or the name of the profile
  /// that models them.
  std::map<std::string, EnergySpread> spent{};
};
inline constexpr const char* kMeasured = "measured";

/// What lambda was steered by: see training/lambda_control.h.
struct ControlMetrics {
  double lambda = 0;    // at the epoch's last step
  double measured = 0;  // after the epoch, on the images that are held back, or else the test's
  double target = 0;
};

/// The communication of processes that trained together, in an epoch's steps; of an epoch that was
/// resumed, in those behind that.
struct RanksMetrics {
  std::int64_t count = 0, hosts = 0;
  std::int64_t bytes = 0;  // given to sums and exchanges by all together, each value once a rank
  /// In such calls, waiting for others included: the mean of the ranks, and the spread.  The rank
  /// with the least is the one that others waited for.
  double seconds_mean = 0, seconds_least = 0, seconds_most = 0;
};

/// The results of one epoch: a line of metrics.jsonl.
struct EpochMetrics {
  std::int64_t epoch = 0;     // from 1
  double train_loss = 0;      // mean cross-entropy over the epoch's images, without the penalty
  double l0_penalty = 0;      // mean of the penalty added to it, lambda included
  double train_accuracy = 0;  // of the images as they were trained on
  /// Of the held-back images, after the epoch; empty if there are none.
  std::optional<double> validation_accuracy{}, validation_loss{};
  double test_accuracy = 0;
  double test_loss = 0;
  double seconds = 0;  // of the training steps, without validation and test
  double images_per_second = 0;
  std::int64_t relu_outputs = 0;  // of all ReLUs on all test images, after the epoch
  std::int64_t relu_outputs_nonzero = 0;
  std::optional<ControlMetrics> control{};  // empty if lambda is given
  std::optional<RanksMetrics> ranks{};      // empty: one process
  EpochEnergy energy;                       // of the steps, of the validation and of the test
  MergedEpochs merged{};
};

/// Every number of an epoch except its energy, in the order of metrics.jsonl; 0 for missing
/// ones.
std::vector<double> numbers(const EpochMetrics& epoch);

/// One JSON object per line.  Points that stand for several epochs also have `merged`, the number
/// of earlier epochs; parse_jsonl() does not accept it, since metrics.jsonl never has such points.
std::string to_jsonl(std::span<const EpochMetrics> metrics);

/// The inverse; `device` as for epoch_energy_of().
///
/// Errors    ArgumentError for a line that to_jsonl() cannot have written, counts that are negative
///           or not integers included; the message says what is wrong.
std::vector<EpochMetrics> parse_jsonl(std::string_view text, Device device = Device::cpu);

}  // namespace joule::training
