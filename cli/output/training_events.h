// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "joule/exchange/tensorboard/event_file.h"
#include "joule/training/config.h"
#include "joule/training/hooks.h"
#include "joule/training/run/run.h"

namespace joule::cli {

/// What --tensorboard writes of a training: for each complete epoch, as step, losses, accuracies,
/// learning rate, densities and joules as scalars, and histograms of the weights and, for the first
/// batch of the images that the net is judged by, of every layer's outputs; before the first, the
/// options and the environment.  The tags are in docs/cli.md.
///
/// Cost      per epoch the weights are read once, and a batch runs once, layer by layer.
class TrainingEvents {
 public:
  /// Writes into `folder` once an epoch is complete; if that is empty, never.
  ///
  /// Errors    ArgumentError as exchange::require_event_files(), and if the folder holds event
  ///           files already (refuse).
  TrainingEvents(std::string folder, const training::Config& config, training::Existing existing);

  void add_to(training::Hooks& hooks);
  /// The run has come to its end.
  void finish();

 private:
  void begin(std::int64_t epoch);
  void write(const training::EpochView& view);

  std::string folder_;
  const training::Config& config_;
  training::Existing existing_;
  std::optional<exchange::EventFile> file_{};
  std::string unmeasured_;  // why, as it was last said
};

}  // namespace joule::cli
