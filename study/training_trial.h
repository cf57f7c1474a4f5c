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

// What all trials that train a net share.
namespace joule::study {

/// The images by which a study chooses.
enum class ChosenOn {
  validation,  // held-back images; the test images influence nothing
  test         // as in papers that hold nothing back: a chosen figure is too good
};
std::string_view name(ChosenOn images);
/// validation if the configuration holds back images.
ChosenOn chosen_on(const training::Config& config);

// The names of the values of every such trial besides kEnergy; {} is a set of images: validation
// (if some are held back) or test.
namespace trained {
inline constexpr const char* kAccuracy = "{} accuracy";  // %, counted
inline constexpr const char* kLoss = "{} loss";          // mean cross-entropy, counted
inline constexpr const char* kDensity = "density";       // of all ReLUs, on the test images
inline constexpr const char* kTrainingTime = "training time";

/// `pattern` with the set of images filled in.
std::string named(std::string_view pattern, ChosenOn images);
/// The source of values read from a clock.
inline constexpr const char* kClock = "monotonic clock";
}  // namespace trained

/// Called after each epoch with the complete epochs (thinned out for a long run); adds to the
/// trial's report of the last.  May throw Pruned.
using MoreOfEpoch =
    std::function<void(std::span<const training::EpochMetrics> epochs, std::vector<Value>& report)>;

/// The training run of a trial, in the trial's folder.  During the object's lifetime, the trial
/// holds the meters, and computes as the run did: in its precision, and deterministically if it
/// was.
class TrainingTrial {
 public:
  /// Opens the run's meters (`meter` as for energy::open_run_meters()), waits for those that can be
  /// read, and measures the idle power for `idle`; with 0 it stays unknown.  The run uses the
  /// trial's share of the processors instead of config.threads, since an interrupted run may
  /// continue with another share.
  ///
  /// Errors    as check(config) and open_run_meters(); Interrupted.
  TrainingTrial(training::Config config, const std::string& meter, TrialContext& context,
                energy::Seconds idle = {});
  TrainingTrial(const TrainingTrial&) = delete;
  TrainingTrial& operator=(const TrainingTrial&) = delete;

  /// Trains, or continues an interrupted trial.  Reports for each epoch: training loss, L0 penalty,
  /// accuracies, the fraction of ReLU outputs that are not zero, seconds, the energy so far
  /// (measured and modelled), and what `more` adds.
  ///
  /// Errors    Interrupted; what training throws (a dead net, a loss that is not finite), what
  ///           `more` throws.
  void train(const MoreOfEpoch& more = {});

  const training::Config& config() const { return config_; }
  training::Metering& metering() { return *metering_; }
  /// After train().
  const training::RunResult& run() const { return *run_; }
  /// After train(): the trained net, on the run's device.
  training::Model model() const;
  /// After train(): accuracy and loss on the held-back images (if there are any) and on the test
  /// images.
  std::vector<Value> evaluation_values() const;
  /// After train(), for the run with the evaluations of its epochs: the seconds of the training
  /// steps, and kEnergy, measured and modelled (horowitz45).
  std::vector<Value> spent_values() const;

 private:
  training::Config config_;
  TrialContext& context_;
  ContextGuard guard_;
  std::shared_ptr<training::Metering> metering_;
  std::optional<MeterLock> lock_;
  std::optional<training::RunResult> run_;
};

/// The images that such a run uses: config.limit of each half.
///
/// Errors    as training::load_data().
DataSplit trial_data(const training::Config& config);

}  // namespace joule::study
