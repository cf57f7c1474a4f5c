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
#include "joule/training/run/metrics.h"
#include "joule/training/run/trainee.h"
#include "joule/training/training_step.h"

namespace joule::training {

/// Training cannot go on: the loss is not a number, or the net is dead.
struct TrainingError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Trains a net on a data set, epoch by epoch.  What it computes is a function of config, data and
/// (unless config.deterministic) the number of threads; state() and load_state() between any two
/// steps change nothing of it.
class Trainer {
 public:
  /// Restarts default_generator() from config.seed and initialises the net.
  ///
  /// Errors    as hold_back(), make_model(), EnergyAccount and reference_accuracies(); made of a
  ///           Config, as check().
  Trainer(const CheckedConfig& config, const DataSplit& data, Accounting accounting = {});
  /// `trainee` is moved to the configuration's device; default_generator() goes on where it is.
  /// Errors    as hold_back(), EnergyAccount and Model::prepare().
  Trainer(const CheckedConfig& config, const DataSplit& data, Trainee trainee,
          Accounting accounting = {});

  const Config& config() const { return config_; }
  Model& model() { return model_; }
  const Model& model() const { return model_; }
  /// Epochs that are complete.
  std::int64_t epoch() const { return epoch_; }
  /// Steps done of the epoch that is not.
  std::int64_t batch() const { return batch_; }
  bool finished() const { return epoch_ == config_.epochs; }
  /// Of the epochs that are complete; of a long run thinned out, see training/run/history.h.
  const std::vector<EpochMetrics>& metrics() const { return metrics_; }
  /// What is trained on, and what is held back (config.validation of the training images).
  const ValidationSplit& learning() const { return learning_; }
  /// Of the test images, after the last epoch that was completed; none after load_state().
  const std::optional<Evaluation>& evaluation() const { return evaluation_; }
  /// Of all training steps, by phase.
  std::map<Phase, energy::Totals> work() const;
  /// Epochs after which the run was killed, or failed: what it had spent since then was done again,
  /// and is in no figure.
  const std::set<std::int64_t>& lost_after() const { return lost_after_; }
  void note_loss() { lost_after_.insert(epoch_); }
  /// How the steps were launched: see TrainingStep::launches().
  std::string launches() const { return training_step_.launches(); }

  /// Trains to the end of the current epoch and evaluates: on the images that are held back, which
  /// the schedule hears of, and on the test images, which decide nothing.  Returns false if
  /// `hooks.stop` or the energy budget ended it early: state() then continues from exactly there.
  ///
  /// Errors    TrainingError that names epoch, step and what to try: a loss, a penalty
  ///           or an evaluation that is not finite, or a ReLU that was silent for kSilentSteps
  ///           steps in a row.
  bool run_epoch(const Hooks& hooks = {});

  /// Evaluates on the test images if that has not been done since the last epoch.
  const Evaluation& evaluate_now();

  /// Everything that continues this run, but for metrics(): net, optimiser, schedule, random
  /// numbers, position, sums.  Its size does not depend on how many epochs are complete.
  State state() const;
  /// `metrics` are those of the epochs that the state covers.
  ///
  /// Errors    ArgumentError if the state is not one of such a run, names what in it cannot be, or
  ///           covers other epochs; then nothing has changed.
  void load_state(const State& state, std::vector<EpochMetrics> metrics = {});
  /// Errors    ArgumentError if the state does not say how many epochs it covers.
  static std::int64_t epochs_in(const State& state);

  /// So many steps in a row without one non-zero output, and a ReLU counts as dead: no gradient can
  /// come through it any more.
  static constexpr int kSilentSteps = 20;

 private:
  struct Sums {
    double loss = 0, penalty = 0;  // weighted by images
    std::int64_t images = 0, correct = 0;
    double seconds = 0;
  };

  void check(const Sums& sums, std::int64_t batch) const;
  bool train_steps(const Hooks& hooks);  // whether to the end
  std::optional<Evaluation> judge(const char* which, const Dataset& images,
                                  std::function<bool()> stop);
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
  void clip_gradients(const TrainingStep::Output& out) const;
  Progress progress();
  double lambda() const;
  std::int64_t step() const { return epoch_ * loader_.batches() + batch_; }
  [[noreturn]] void fail(const std::string& what) const;

  Config config_;
  ValidationSplit learning_;  // of the training images
  Dataset test_;
  DataLoader loader_;
  Model model_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Schedule> schedule_;
  TrainingStep training_step_;
  std::string graph_;  // of the net, as JSON
  std::int64_t epoch_ = 0, batch_ = 0;
  Sums sums_;
  std::map<std::string, int> silent_;  // steps in a row, per ReLU
  std::vector<EpochMetrics> metrics_;
  std::map<Phase, energy::Totals> earlier_work_;  // without what is in ledger_
  energy::Ledger ledger_;                         // since the epoch or run_epoch() began
  EnergyAccount energy_;
  std::optional<ControlTarget> target_;
  std::vector<double> reference_;  // its accuracies; empty unless the target is measured by them
  LambdaControl control_;
  std::set<std::int64_t> lost_after_;
  std::optional<Evaluation> evaluation_;
};

}  // namespace joule::training
