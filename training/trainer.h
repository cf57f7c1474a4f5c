// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "joule/core/state.h"
#include "joule/data/loader.h"
#include "joule/data/validation.h"
#include "joule/energy/ledger.h"
#include "joule/training/config.h"
#include "joule/training/energy/energy_account.h"
#include "joule/training/evaluate.h"
#include "joule/training/hooks.h"
#include "joule/training/lambda_control.h"
#include "joule/training/parallel/shared_step.h"
#include "joule/training/run/metrics.h"
#include "joule/training/run/trainee.h"

namespace joule::training {

/// Training cannot continue: the loss is not finite, or the net is dead.
struct TrainingError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Trains a net on a data set, epoch by epoch.  The result is a function of config, data and
/// (unless config.deterministic) the number of threads; state() and load_state() between any two
/// steps do not change it.  Processes that train together (`ranks`) each make one and call the same
/// functions: each gets a part of every batch, and all come to the same state (see SharedStep).
class Trainer {
 public:
  /// Restarts default_generator() from config.seed and initialises the net.
  ///
  /// Errors    as hold_back(), make_model(), EnergyAccount and reference_accuracies(); if made from
  ///           a Config, as check().
  Trainer(const CheckedConfig& config, const DataSplit& data, Accounting accounting = {},
          std::shared_ptr<parallel::Communicator> ranks = parallel::alone());
  /// Moves `trainee` to the configuration's device; default_generator() continues from its state.
  /// Errors    as hold_back(), EnergyAccount and Model::prepare().
  Trainer(const CheckedConfig& config, const DataSplit& data, Trainee trainee,
          Accounting accounting = {},
          std::shared_ptr<parallel::Communicator> ranks = parallel::alone());

  const Config& config() const { return config_; }
  Model& model() { return model_; }
  const Model& model() const { return model_; }
  /// The number of complete epochs.
  std::int64_t epoch() const { return epoch_; }
  /// The number of steps done in the incomplete epoch.
  std::int64_t batch() const { return batch_; }
  bool finished() const { return epoch_ == config_.epochs; }
  /// The complete epochs; thinned out for a long run, see training/run/history.h.
  const std::vector<EpochMetrics>& metrics() const { return metrics_; }
  /// The images trained on, and those held back (config.validation of the training images).
  const ValidationSplit& learning() const { return learning_; }
  /// On the test images, after the last complete epoch; empty after load_state().
  const std::optional<Evaluation>& evaluation() const { return evaluation_; }
  /// The work of all training steps, by phase.
  std::map<Phase, energy::Totals> work() const;
  /// Epochs after which the run was killed or failed: the work after them was done again, and its
  /// cost is in no figure.
  const std::set<std::int64_t>& lost_after() const { return lost_after_; }
  void note_loss() { lost_after_.insert(epoch_); }
  /// How the steps were launched: see TrainingStep::launches().
  std::string launches() const { return training_step_.launches(); }

  /// Trains to the end of the current epoch and evaluates: on the held-back images, whose loss the
  /// schedule observes, and on the test images, which influence nothing.  Returns false if
  /// `hooks.stop` or the energy budget ended it early: state() then continues from exactly there.
  ///
  /// Errors    TrainingError that names epoch, step and what to try, if a loss, a penalty or an
  ///           evaluation is not finite, or a ReLU had no non-zero output for kSilentSteps steps in
  ///           a row.
  bool run_epoch(const Hooks& hooks = {});

  /// Evaluates on the test images, unless that was done after the last epoch.
  const Evaluation& evaluate_now();

  /// Everything needed to continue this run, except metrics(): net, optimiser, schedule, random
  /// numbers, position, sums.  Its size does not depend on the number of complete epochs.
  State state() const;
  /// `metrics` must be those of the epochs that the state covers.
  ///
  /// Errors    ArgumentError if the state is not of such a run, contains impossible values (the
  ///           message names one), or covers other epochs; then nothing has changed.
  void load_state(const State& state, std::vector<EpochMetrics> metrics = {});
  /// Errors    ArgumentError if the state does not say how many epochs it covers.
  static std::int64_t epochs_in(const State& state);

  /// After so many steps in a row without a non-zero output, a ReLU counts as dead: no gradient can
  /// pass through it any more.
  static constexpr int kSilentSteps = 20;

 private:
  void check(const Sums& sums, std::int64_t batch) const;
  bool train_steps(const Hooks& hooks);  // returns whether it reached the end
  std::optional<Evaluation> judge(const char* which, const Dataset& images,
                                  std::function<bool()> stop);
  void show(const Hooks& hooks);
  void finish_epoch(const std::optional<Evaluation>& validation);
  void steer(double error, std::int64_t steps);
  void steer_within_epoch();
  ControlMetrics steer_after_epoch(const Evaluation& judged);
  void train_step(const Batch& batch);
  bool stopped(const Hooks& hooks) const;
  bool over_budget(const Hooks& hooks) const;
  void close_ledger();
  void predict(const Hooks& hooks) const;
  void check_alive(std::string_view layer, std::int64_t nonzeros);
  void check_loss(double value) const;
  void clip_gradients(const Tensor& cross_entropy) const;
  Progress progress();
  double lambda() const;
  std::int64_t step() const { return epoch_ * loader_.batches() + batch_; }
  [[noreturn]] void fail(const std::string& what) const;

  Config config_;
  std::shared_ptr<parallel::Communicator> ranks_;
  ValidationSplit learning_;  // of the training images
  Dataset test_;
  DataLoader loader_;
  Model model_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Schedule> schedule_;
  SharedStep training_step_;
  std::string graph_;  // of the net, as JSON
  std::int64_t epoch_ = 0, batch_ = 0;
  Sums sums_;
  std::optional<RanksMetrics> communication_;  // of the steps of the epoch
  std::map<std::string, int> silent_;          // steps in a row, per ReLU
  std::vector<EpochMetrics> metrics_;
  std::map<Phase, energy::Totals> earlier_work_;  // without the work in ledger_
  energy::Ledger ledger_;                         // since the epoch or run_epoch() began
  EnergyAccount energy_;
  std::optional<ControlTarget> target_;
  std::vector<double> reference_;  // its accuracies; empty unless the target is measured by them
  LambdaControl control_;
  std::set<std::int64_t> lost_after_;
  std::optional<Evaluation> evaluation_;
};

}  // namespace joule::training
