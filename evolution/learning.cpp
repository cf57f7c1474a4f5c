// SPDX-License-Identifier: MIT
#include <utility>

#include "joule/core/error.h"
#include "joule/evolution/phenotype.h"
#include "joule/optim/optimizers.h"

namespace joule::evolution {

std::unique_ptr<Optimizer> make_optimizer(const Learning& l, std::vector<NamedTensor> parameters) {
  if (l.optimizer == "sgd") {
    return std::make_unique<Sgd>(std::move(parameters), SgdOptions{.lr = l.lr,
                                                                   .momentum = l.momentum,
                                                                   .nesterov = l.nesterov,
                                                                   .weight_decay = l.weight_decay});
  }
  if (l.optimizer == "adam") {
    return std::make_unique<Adam>(std::move(parameters), AdamOptions{.lr = l.lr,
                                                                     .beta1 = l.beta1,
                                                                     .beta2 = l.beta2,
                                                                     .weight_decay = l.weight_decay,
                                                                     .amsgrad = l.amsgrad});
  }
  if (l.optimizer == "rmsprop") {
    return std::make_unique<RmsProp>(
        std::move(parameters),
        RmsPropOptions{
            .lr = l.lr, .alpha = l.alpha, .momentum = l.momentum, .weight_decay = l.weight_decay});
  }
  require(l.optimizer == "lars", "learning: there is no optimiser '", l.optimizer, "'");
  return std::make_unique<Lars>(std::move(parameters), LarsOptions{.lr = l.lr,
                                                                   .lr_biases = l.lr_biases,
                                                                   .momentum = l.momentum,
                                                                   .weight_decay = l.weight_decay});
}

double learning_rate_at(const Learning& learning, std::int64_t step) {
  return learning.lr / (1 + learning.decay * static_cast<double>(step));
}

}  // namespace joule::evolution
