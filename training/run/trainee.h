// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "joule/optim/optimizer.h"
#include "joule/optim/schedule.h"
#include "joule/training/run/model_file.h"

namespace joule::training {

using MakeOptimizer =
    std::function<std::unique_ptr<Optimizer>(std::vector<NamedTensor> parameters)>;

/// An existing net with its optimiser and schedule, for a Trainer to use instead of those that the
/// configuration names.  Its graph is the configuration's `net`.
struct Trainee {
  Model model;  // initialised; for several outputs see TrainingStep
  MakeOptimizer optimizer;
  std::unique_ptr<Schedule> schedule{};  // null: the configuration's
};

}  // namespace joule::training
