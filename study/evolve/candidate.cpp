// SPDX-License-Identifier: MIT
#include "joule/study/evolve/candidate.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/data/validation.h"
#include "joule/io/safetensors.h"
#include "joule/study/objective.h"

namespace joule::study {
namespace {

constexpr double kFitnessShare = 0.1, kValidationShare = 0.2;  // of all training images

/// lr / (1 + decay step).
class GenesLr final : public Schedule {
 public:
  explicit GenesLr(evolution::Learning learning)
      : Schedule("genes", {{"lr", str(learning.lr)}, {"decay", str(learning.decay)}}),
        learning_(std::move(learning)) {}

 private:
  double at(std::int64_t step) const override { return learning_rate_at(learning_, step); }

  evolution::Learning learning_;
};

training::Config config_of(const evolution::Decoded& decoded, const CandidateTraining& how,
                           const TrainingTime& time, std::uint64_t seed) {
  const evolution::Learning& learning = decoded.learning;
  const std::int64_t epochs = std::min(learning.epochs, training::kMaxEpochs);
  return {.model = decoded.net.graph->name,
          .net = to_json(*decoded.net.graph),
          .validation = 0,
          .epochs = time.epochs > 0 ? std::min(epochs, time.epochs) : epochs,
          .batch = learning.batch,
          .lr = learning.lr,
          .schedule = "constant",
          .clip_norm = how.gradient_norm,
          .l0_lambda = learning.l0_lambda,
          .seed = seed,
          .device = how.device,
          .deterministic = how.deterministic};
}

training::Trainee trainee_of(const evolution::Decoded& decoded, const Dataset& images,
                             std::uint64_t seed, const std::string& weights) {
  const nn::Graph& graph = *decoded.net.graph;
  const Shape& image = graph.inputs.at(0).shape;
  manual_seed(seed);
  training::Trainee trainee{.model = {.spec = {.name = graph.name,
                                               .image = {image[0], image[1]},
                                               .channels = image[2],
                                               .classes = images.classes()},
                                      .net = nn::Net(graph),
                                      .data = images.name,
                                      .mean = images.mean,
                                      .deviation = images.deviation}};
  if (!weights.empty()) load_weights(trainee.model.net, weights);
  trainee.optimizer = [learning = decoded.learning](std::vector<NamedTensor> parameters) {
    return make_optimizer(learning, std::move(parameters));
  };
  trainee.schedule = std::make_unique<GenesLr>(decoded.learning);
  return trainee;
}

}  // namespace

EvolveData evolve_data(const std::string& data, std::int64_t limit, std::uint64_t seed) {
  DataSplit all = load_dataset(data);
  if (limit > 0) {
    all.train = all.train.take(limit);
    all.test = all.test.take(limit);
  }
  ValidationSplit fitness = hold_back(all.train, kFitnessShare, seed);
  ValidationSplit learning = hold_back(fitness.train, kValidationShare / (1 - kFitnessShare), seed);
  return {.learning = {std::move(learning.train), std::move(learning.validation)},
          .fitness = std::move(fitness.validation),
          .report = std::move(all.test)};
}

TrainedNet train_candidate(const evolution::Decoded& decoded, const EvolveData& data,
                           const CandidateTraining& how, const TrainingTime& time,
                           std::uint64_t seed, const std::string& weights,
                           const CandidateHooks& hooks) {
  training::Trainer trainer(config_of(decoded, how, time, seed), data.learning,
                            trainee_of(decoded, data.learning.train, seed, weights));
  const auto result = training::train_until(
      trainer, {.patience = decoded.learning.early_stop, .seconds = time.seconds},
      {.on_epoch = hooks.on_epoch, .stop = hooks.stop});
  if (!result) throw Interrupted{};
  TrainedNet trained{.net = std::move(trainer.model().net), .training = *result};
  for (const auto& [phase, totals] : trainer.work()) trained.work += totals;
  return trained;
}

nn::Net net_of_output(const nn::Graph& graph, const nn::Net& trained, std::size_t output) {
  const nn::Graph part = one_output(graph, output);
  nn::Net net(part);
  const joule::State whole = trained.state();
  joule::State weights;
  for (const auto& [name, shape] : weights_of(part)) {
    weights.tensors[name] = whole.tensors.at(name);
  }
  net.load_state(weights);
  net.to(trained.device());
  return net;
}

void load_weights(nn::Net& net, const std::string& path) {
  try {
    net.load_state(load_safetensors(path));
  } catch (const ArgumentError& error) {
    throw DataError(path + ": " + error.what());
  }
}

}  // namespace joule::study
