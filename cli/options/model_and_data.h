// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/cli/options/execution.h"
#include "joule/cli/options/option.h"
#include "joule/data/dataset.h"
#include "joule/measure/open_net.h"
#include "joule/training/run/model_file.h"

namespace joule::cli {

/// --mean and --deviation: the normalisation of images, for a net that does not state it.
void add_normalization(Command& command, measure::Normalization& normalization);

/// The options of the commands that run a trained net on a data set's test images.
struct ModelAndData {
  std::string model;
  std::string data;        // empty: what the net was trained on
  std::int64_t limit = 0;  // 0: all
  measure::Normalization normalization{};
  Execution execution;

  void add_to(Command& command);

  /// Only the net, on its device.
  /// Errors    as measure::open_model().
  training::Model load_net() const;
  struct Loaded {
    training::Model model;
    Dataset test;
  };
  /// Errors    as measure::open_model(), load_dataset() and Model::prepare().
  Loaded load() const;
  /// Whether `model` is the folder of an unfinished run.
  bool unfinished() const;
  /// A line that names the net's epoch, unless it is the last of a finished run.
  std::string which_epoch(const training::Model& net) const;
};

}  // namespace joule::cli
