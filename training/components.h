// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "joule/core/state.h"
#include "joule/data/dataset.h"
#include "joule/data/transform.h"
#include "joule/optim/optimizer.h"
#include "joule/optim/schedule.h"
#include "joule/training/config.h"

namespace joule::training {

// The objects that the names in a checked configuration stand for.

/// The data set with its images as the configuration asks for them.  With normalize off, their mean
/// is 0 and their deviation 1, so that nothing is subtracted or divided; with weights, they are
/// those of the weights' training.  If `normalization` is false, it need not be measured: see
/// DatasetOptions.
///
/// Errors    as load_dataset(), load_model() and Model::prepare(); ArgumentError if image_size or
///           image_fit is given for a set whose images all have one size.
DataSplit load_data(const Config& config, bool normalization = true);

std::unique_ptr<Optimizer> make_optimizer(const Config& config,
                                          std::vector<NamedTensor> parameters);

/// Its steps are batches, of which an epoch has `batches`.
std::unique_ptr<Schedule> make_schedule(const Config& config, std::int64_t batches);

/// flip: with probability 1/2; crop: from an image padded by 4.
std::vector<Transform> make_transforms(const Config& config);

}  // namespace joule::training
