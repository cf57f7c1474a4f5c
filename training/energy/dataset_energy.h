// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "joule/data/dataset.h"
#include "joule/training/energy/energy_estimate.h"
#include "joule/training/run/model_file.h"

namespace joule::training {

/// The batch of the code of sponge poisoning; that of sponge examples has batches of 1.
inline constexpr std::int64_t kPublishedBatch = 512;

/// What the images of a data set cost, by each model, and what was counted of the layers for it.
struct DatasetEnergies {
  std::vector<EnergyEstimate> estimates;
  std::vector<LayerCounts> layers;  // sums over the batches
};

/// What the images of a data set cost, in one pass over all of them in their order and in
/// evaluation mode: by every accelerator model, with the layers of PublishedLayers and thresholds
/// of 32 bits, and behind them by zero_skip().  The ratio of an accelerator model is the unweighted
/// mean of the batches' ratios, so it depends on `batch`.
///
/// Returns   nothing if `stop` said so; it is asked before every batch.
/// Errors    as Model::prepare(), count_pass() and DataLoader.
std::optional<DatasetEnergies> dataset_energies(Model& model, const Dataset& images,
                                                std::int64_t batch = kPublishedBatch,
                                                const std::function<bool()>& stop = {});

}  // namespace joule::training
