// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/data/dataset.h"
#include "joule/training/energy/energy_estimate.h"
#include "joule/training/run/model_file.h"

namespace joule::training {

/// The batch of the code of sponge poisoning; that of sponge examples has batches of 1.
inline constexpr std::int64_t kPublishedBatch = 512;

/// What the images of a data set cost, in one pass over all of them in their order and in
/// evaluation mode: by every accelerator model, with the layers of PublishedLayers and thresholds
/// of 32 bits, and behind them by zero_skip().  The ratio of an accelerator model is the unweighted
/// mean of the batches' ratios, so it depends on `batch`.
///
/// Errors    as Model::prepare(), count_pass() and DataLoader.
std::vector<EnergyEstimate> dataset_energies(Model& model, const Dataset& images,
                                             std::int64_t batch = kPublishedBatch);

}  // namespace joule::training
