// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "joule/data/dataset.h"
#include "joule/energy/quantity.h"
#include "joule/layers/graph/net.h"
#include "joule/training/energy/energy_prediction.h"
#include "joule/training/evaluate.h"
#include "joule/training/run/metrics.h"

namespace joule::training {

/// The position within an epoch.
struct Progress {
  std::int64_t epoch = 0;               // from 1
  std::int64_t batch = 0, batches = 0;  // steps done, of how many
  double loss = 0, accuracy = 0;        // means so far
  double images_per_second = 0;
  std::optional<double> seconds_left{};  // for the steps of all epochs
  /// Gross, by a meter reading at most a second old; empty without a meter.
  std::optional<energy::Joules> joules_per_image{};
};

/// The net after a complete epoch, for who looks into it; valid during the call.
struct EpochView {
  const EpochMetrics& metrics;
  const Evaluation& evaluation;  // on the test images
  nn::Net& net;                  // must be left as it is
  const Dataset& judged;         // the images held back; if there are none, the test images
  double learning_rate = 0;      // of the epoch's last step
};

/// What training calls as it goes; each may be empty.
struct Hooks {
  std::function<void(const Progress&)> on_progress;  // after every step
  std::function<void(const EpochMetrics&)> on_epoch;
  /// After on_epoch.  What it runs is in no figure of the run: neither in energy, time nor work.
  std::function<void(const EpochView&)> on_evaluated{};
  std::function<bool()> stop;  // called after every step: true ends run_epoch() early
  /// After the second epoch and every later one but the last: predicts the measured energy, or
  /// without a measurement the one modelled by horowitz45.
  std::function<void(const Prediction&)> on_prediction{};
  std::function<void(const std::string& why)> on_budget{};  // the budget ends run_epoch() early
};

}  // namespace joule::training
