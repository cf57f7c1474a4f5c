// SPDX-License-Identifier: MIT
#include "joule/training/components.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "joule/core/error.h"
#include "joule/optim/optimizers.h"
#include "joule/optim/schedules.h"
#include "joule/training/run/model_file.h"

namespace joule::training {
namespace {

std::unique_ptr<Schedule> without_warmup(const Config& c, std::int64_t batches,
                                         std::int64_t steps) {
  const double factor = c.lr_factor > 0 ? c.lr_factor : c.schedule == "exponential" ? 0.95 : 0.1;
  if (c.schedule == "step") {
    const std::int64_t every = std::max<std::int64_t>(1, c.epochs / 3) * batches;
    return std::make_unique<StepLr>(StepLrOptions{.lr = c.lr, .every = every, .factor = factor});
  }
  if (c.schedule == "exponential") {
    return std::make_unique<ExponentialLr>(
        ExponentialLrOptions{.lr = c.lr, .every = batches, .factor = factor});
  }
  if (c.schedule == "cosine") {
    return std::make_unique<CosineLr>(CosineLrOptions{.lr = c.lr, .steps = steps});
  }
  if (c.schedule == "one-cycle") {
    return std::make_unique<OneCycleLr>(OneCycleLrOptions{
        .max_lr = c.lr, .steps = steps, .cycle_momentum = c.cycle_momentum == "on"});
  }
  if (c.schedule == "plateau") {
    return std::make_unique<PlateauLr>(PlateauLrOptions{.lr = c.lr, .factor = factor});
  }
  return std::make_unique<ConstantLr>(c.lr);
}

}  // namespace

DataSplit load_data(const Config& c, bool normalization) {
  DatasetOptions options{
      .fit = fit_of(c.image_fit),
      .cache_bytes = static_cast<std::uint64_t>(c.image_cache) << 20,
      .normalization = normalization && c.normalize == "on" && c.weights.empty()};
  if (c.image_size > 0) options.size = c.image_size;
  DataSplit split = load_dataset(c.data, options);
  require(split.train.fit || (c.image_size == 0 && c.image_fit == "auto"),
          c.image_size > 0 ? "image_size" : "image_fit", ": the images of ", split.train.name,
          " are all ", split.train.shape[1], "x", split.train.shape[2], " and stay as they are");
  if (!c.weights.empty() && normalization) {
    const Model trained = load_model(c.weights);
    split = {.train = trained.prepare(std::move(split.train)),
             .test = trained.prepare(std::move(split.test))};
  }
  if (c.normalize == "off") {
    const auto channels = static_cast<std::size_t>(split.train.shape[3]);
    for (Dataset* const half : {&split.train, &split.test}) {
      half->mean.assign(channels, 0);
      half->deviation.assign(channels, 1);
    }
  }
  return split;
}

std::unique_ptr<Optimizer> make_optimizer(const Config& c, std::vector<NamedTensor> parameters) {
  const Decays decays = c.weight_decay_biases == "on" ? Decays() : is_weight;
  if (c.optimizer == "adam" || c.optimizer == "adamw") {
    return std::make_unique<Adam>(std::move(parameters),
                                  AdamOptions{.lr = c.lr,
                                              .beta1 = c.beta1,
                                              .beta2 = c.beta2,
                                              .epsilon = c.epsilon,
                                              .weight_decay = c.weight_decay,
                                              .amsgrad = c.amsgrad == "on",
                                              .decoupled_weight_decay = c.optimizer == "adamw",
                                              .decays = decays});
  }
  if (c.optimizer == "rmsprop") {
    return std::make_unique<RmsProp>(std::move(parameters),
                                     RmsPropOptions{.lr = c.lr,
                                                    .alpha = c.alpha,
                                                    .epsilon = c.epsilon,
                                                    .momentum = c.momentum,
                                                    .weight_decay = c.weight_decay,
                                                    .centred = c.centred == "on",
                                                    .decays = decays});
  }
  if (c.optimizer == "lars") {
    return std::make_unique<Lars>(std::move(parameters),
                                  LarsOptions{.lr = c.lr,
                                              .lr_biases = c.lr_biases,
                                              .trust = c.trust,
                                              .momentum = c.momentum,
                                              .weight_decay = c.weight_decay});
  }
  const bool nesterov = c.nesterov == "on" && c.momentum > 0 && c.dampening == 0;
  return std::make_unique<Sgd>(std::move(parameters), SgdOptions{.lr = c.lr,
                                                                 .momentum = c.momentum,
                                                                 .nesterov = nesterov,
                                                                 .weight_decay = c.weight_decay,
                                                                 .dampening = c.dampening,
                                                                 .decays = decays});
}

std::unique_ptr<Schedule> make_schedule(const Config& c, std::int64_t batches) {
  const std::int64_t steps = c.epochs * batches;
  const std::int64_t warmup = std::llround(c.warmup * static_cast<double>(batches));
  if (warmup == 0) return without_warmup(c, batches, steps);
  return std::make_unique<WarmupLr>(
      warmup, without_warmup(c, batches, std::max<std::int64_t>(1, steps - warmup)));
}

std::vector<Transform> make_transforms(const Config& c) {
  std::vector<Transform> transforms;
  if (c.augment == "crop" || c.augment == "crop-flip") transforms.push_back(pad_and_crop(4));
  if (c.augment == "flip" || c.augment == "crop-flip") transforms.push_back(horizontal_flip());
  return transforms;
}

}  // namespace joule::training
