// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/device.h"
#include "training/epoch_energy.h"

namespace joule::training {

/// What one epoch came to: a line of metrics.jsonl.
struct EpochMetrics {
  std::int64_t epoch = 0;     // from 1
  double train_loss = 0;      // mean cross-entropy over the epoch's images, without the penalty
  double l0_penalty = 0;      // mean of what was added to it, lambda included
  double train_accuracy = 0;  // of the images when they were trained on
  /// Of the images that were held back, after the epoch; none if there are none.
  std::optional<double> validation_accuracy{}, validation_loss{};
  double test_accuracy = 0;
  double test_loss = 0;
  double seconds = 0;  // of the training steps, without validation and test
  double images_per_second = 0;
  std::int64_t relu_outputs = 0;  // of all ReLUs on all test images, after the epoch
  std::int64_t relu_outputs_nonzero = 0;
  EpochEnergy energy;  // of the steps, of the validation and of the test
};

/// One JSON object per line.
std::string to_jsonl(std::span<const EpochMetrics> metrics);

/// The inverse; `device` as epoch_energy_of().  Errors: ArgumentError for a line that to_jsonl()
/// cannot have written.
std::vector<EpochMetrics> parse_jsonl(std::string_view text, Device device = Device::cpu);

}  // namespace joule::training
