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

// What the names in a checked configuration stand for.

/// The data set, with its images as the configuration wants them; with normalize off their mean is
/// stated as 0 and their deviation as 1, so that nothing is subtracted or divided.  Unless
/// `normalization` it may be left out: see DatasetOptions.
///
/// Errors    as load_dataset(); ArgumentError if image_size or image_fit are given for a set whose
///           images are all of one size.
DataSplit load_data(const Config& config, bool normalization = true);

std::unique_ptr<Optimizer> make_optimizer(const Config& config,
                                          std::vector<NamedTensor> parameters);

/// By steps, of which an epoch has `batches`.
std::unique_ptr<Schedule> make_schedule(const Config& config, std::int64_t batches);

/// flip: with probability 1/2; crop: from an image padded by 4.
std::vector<Transform> make_transforms(const Config& config);

}  // namespace joule::training
