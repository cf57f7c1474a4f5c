// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "joule/data/dataset.h"
#include "joule/energy/ledger.h"
#include "joule/evolution/phenotype.h"
#include "joule/layers/graph/net.h"
#include "joule/study/evolve/evolve_config.h"
#include "joule/training/stopping/train_until.h"

namespace joule::study {

/// The images of an evolution.  Of the training images, 70 % are trained on, 20 % stop training
/// (evolution-validation), and 10 % give the fitness (evolution-test), drawn by the seed, of every
/// class alike.  The test images are used only for reports.
struct EvolveData {
  DataSplit learning;  // train, and as `test` evolution-validation
  Dataset fitness;     // evolution-test
  Dataset report;      // the test images
};

/// Errors    as load_dataset() and hold_back().
EvolveData evolve_data(const std::string& data, std::int64_t limit, std::uint64_t seed);

/// The limits of a candidate's training, in epochs and seconds; 0: none.
struct TrainingTime {
  std::int64_t epochs = 0;
  double seconds = 0;
};

/// A trained net with the weights of its best epoch.
struct TrainedNet {
  nn::Net net;
  training::BestNet training;
  energy::Totals work;  // of all training steps
};

struct CandidateHooks {
  std::function<void(const training::EpochMetrics&)> on_epoch{};
  std::function<bool()> stop{};
};

/// Trains a decoded net from weights drawn by the seed, or from those of `weights`, a safetensors
/// file.  The genes define how it learns; the losses of all outputs are added.  Ends by patience,
/// epochs or seconds.  What does not depend on the clock is a function of the arguments.
///
/// Errors    Interrupted if hooks.stop returned true; DataError for `weights`; whatever training
///           throws: a loss that is not finite, a dead net, no memory.
TrainedNet train_candidate(const evolution::Decoded& decoded, const EvolveData& data,
                           const CandidateTraining& how, const TrainingTime& time,
                           std::uint64_t seed, const std::string& weights = {},
                           const CandidateHooks& hooks = {});

/// The net of one output of a trained net, with its weights.
nn::Net net_of_output(const nn::Graph& graph, const nn::Net& trained, std::size_t output);

/// The net with the weights of a safetensors file.
///
/// Errors    DataError that names the file if it cannot be read, or is of another net.
void load_weights(nn::Net& net, const std::string& path);

}  // namespace joule::study
