// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/state.h"
#include "data/loader.h"
#include "energy/ledger.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "training/config.h"
#include "training/evaluate.h"
#include "training/metrics.h"
#include "training/model_file.h"

namespace joule::training {

/// Training cannot go on: the loss is not a number, or the net is dead.
struct TrainingError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Where an epoch stands.
struct Progress {
  std::int64_t epoch = 0;               // from 1
  std::int64_t batch = 0, batches = 0;  // done, of how many
  double loss = 0, accuracy = 0;        // means so far
  double images_per_second = 0;
  std::optional<double> seconds_left{};  // of all epochs' steps
};

/// What training calls on the way; all may be empty.
struct Hooks {
  std::function<void(const Progress&)> on_progress;  // after every step
  std::function<void(const EpochMetrics&)> on_epoch;
  std::function<bool()> stop;  // asked after every step: true ends run_epoch() early
};

/// Trains a net on a data set, epoch by epoch.  What it computes is a function of config, data and
/// (unless config.deterministic) the number of threads; state() and load_state() between any two
/// steps change nothing of it.
class Trainer {
 public:
  /// Restarts default_generator() from config.seed and initialises the net.
  ///
  /// Errors    ArgumentError for a bad config; as make_model().
  Trainer(const Config& config, const DataSplit& data);

  const Config& config() const { return config_; }
  Model& model() { return model_; }
  /// Epochs that are complete.
  std::int64_t epoch() const { return epoch_; }
  /// Steps done of the epoch that is not.
  std::int64_t batch() const { return batch_; }
  bool finished() const { return epoch_ == config_.epochs; }
  const std::vector<EpochMetrics>& metrics() const { return metrics_; }
  /// Of the test images, after the last epoch that was completed; none after load_state().
  const std::optional<Evaluation>& evaluation() const { return evaluation_; }
  /// Of all training steps, by phase.
  std::map<Phase, energy::Totals> work() const;

  /// Trains to the end of the current epoch and evaluates.  Returns false if `hooks.stop` ended it
  /// early: state() then continues from exactly there.
  ///
  /// Errors    TrainingError that names epoch, step and what to try: a loss that is not finite, or
  ///           a ReLU that was silent for kSilentSteps steps in a row.
  bool run_epoch(const Hooks& hooks = {});

  /// Evaluates on the test images if that has not been done since the last epoch.
  const Evaluation& evaluate_now();

  /// Everything that continues this run: net, optimiser, schedule, random numbers, position, sums.
  State state() const;
  /// Errors    ArgumentError if the state is not one of such a run; then nothing has changed.
  void load_state(const State& state);

  /// So many steps in a row without one non-zero output, and a ReLU counts as dead: no gradient can
  /// come through it any more.
  static constexpr int kSilentSteps = 20;

 private:
  struct Sums {
    double loss = 0, penalty = 0;  // weighted by images
    std::int64_t images = 0, correct = 0;
    double seconds = 0;
  };

  void train_step(const Batch& batch);
  void check_alive(const std::vector<Tap>& taps);
  Progress progress() const;
  double lambda() const;
  std::int64_t step() const { return epoch_ * loader_.batches() + batch_; }
  [[noreturn]] void fail(const std::string& what) const;

  Config config_;
  Dataset test_;
  DataLoader loader_;
  Model model_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Schedule> schedule_;
  std::int64_t epoch_ = 0, batch_ = 0;
  Sums sums_;
  std::map<std::string, int> silent_;  // steps in a row, per ReLU
  std::vector<EpochMetrics> metrics_;
  std::map<Phase, energy::Totals> earlier_work_;  // before load_state()
  energy::Ledger ledger_;
  std::optional<Evaluation> evaluation_;
};

}  // namespace joule::training
