// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/context.h"
#include "joule/data/dataset.h"
#include "joule/study/objective.h"
#include "joule/training/config.h"
#include "joule/training/energy/metering.h"
#include "joule/training/run/metrics.h"
#include "joule/training/run/model_file.h"
#include "joule/training/run/summary.h"

// What all trials that train a net have in common.
namespace joule::study {

/// By which images a study chooses.
enum class ChosenOn {
  validation,  // images held back; the test images decide nothing
  test         // as papers do that hold nothing back: a chosen figure is too good
};
std::string_view name(ChosenOn images);
/// validation if the configuration holds images back.
ChosenOn chosen_on(const training::Config& config);

// The names of the values that every such trial gives beside kEnergy; {} is a set of images:
// validation (if some are held back) or test.
namespace trained {
inline constexpr const char* kAccuracy = "{} accuracy";  // %, counted
inline constexpr const char* kLoss = "{} loss";          // mean cross-entropy, counted
inline constexpr const char* kDensity = "density";       // of all ReLUs, on the test images
inline constexpr const char* kTrainingTime = "training time";

/// `pattern` with the set of images in it.
std::string named(std::string_view pattern, ChosenOn images);
/// The source of what is read from a clock.
inline constexpr const char* kClock = "monotonic clock";
}  // namespace trained

/// Told of each epoch that is complete (all until now: of a long run thinned out), adds to what the
/// trial reports of it.  May throw Pruned.
using MoreOfEpoch =
    std::function<void(std::span<const training::EpochMetrics> epochs, std::vector<Value>& report)>;

/// The training run of a trial, in the trial's folder.  While this lives, the meters are the
/// trial's, and what the trial computes it computes as the run did: in its precision,
/// deterministically if it was.
class TrainingTrial {
 public:
  /// Opens the run's meters (`meter` as energy::open_run_meters()), waits for those that can be
  /// read, and takes what they read in `idle` for the idle power; 0: that stays unknown.  The run
  /// takes the trial's share of the processors, whatever config.threads says, as one that was
  /// interrupted may go on with another.
  ///
  /// Errors    as check(config) and open_run_meters(); Interrupted.
  TrainingTrial(training::Config config, const std::string& meter, TrialContext& context,
                energy::Seconds idle = {});
  TrainingTrial(const TrainingTrial&) = delete;
  TrainingTrial& operator=(const TrainingTrial&) = delete;

  /// Trains, or goes on where the trial was interrupted.  Reports of each epoch: training loss, L0
  /// penalty, accuracies, the share of ReLU outputs that are not zero, seconds, the energy so far
  /// (measured beside modelled), and what `more` adds.
  ///
  /// Errors    Interrupted; what training throws (a net that died, a loss that is not finite), what
  ///           `more` throws.
  void train(const MoreOfEpoch& more = {});

  const training::Config& config() const { return config_; }
  training::Metering& metering() { return *metering_; }
  /// After train().
  const training::RunResult& run() const { return *run_; }
  /// After train(): the trained net, on the run's device.
  training::Model model() const;
  /// After train(), on the images that are held back (none held back: none) and on the test images:
  /// accuracy, loss.
  std::vector<Value> evaluation_values() const;
  /// After train(), of the run, evaluations of its epochs included: the seconds of the training
  /// steps, and kEnergy, measured beside modelled (horowitz45).
  std::vector<Value> spent_values() const;

 private:
  training::Config config_;
  TrialContext& context_;
  ContextGuard guard_;
  std::shared_ptr<training::Metering> metering_;
  std::optional<MeterLock> lock_;
  std::optional<training::RunResult> run_;
};

/// The images that such a run sees: config.limit of each half.
///
/// Errors    as training::load_data().
DataSplit trial_data(const training::Config& config);

}  // namespace joule::study
