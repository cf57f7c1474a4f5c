// SPDX-License-Identifier: MIT
#include "optim/optimizers.h"

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "core/op.h"
#include "kernels/update/update.h"
#include "optim/state_text.h"

namespace joule {
namespace {

using Texts = std::map<std::string, std::string>;

void require_not_negative(std::string_view owner, std::string_view name, double value) {
  require(value >= 0 && std::isfinite(value), owner, ": ", name,
          " must be finite and not negative, got ", value);
}

void require_fraction(std::string_view owner, std::string_view name, double value) {
  require(value >= 0 && value < 1, owner, ": ", name, " must be in [0, 1), got ", value);
}

Texts checked(const SgdOptions& o) {
  require_fraction("sgd", "momentum", o.momentum);
  require(!o.nesterov || o.momentum > 0, "sgd: nesterov needs momentum > 0");
  require_not_negative("sgd", "weight_decay", o.weight_decay);
  return {{"momentum", exact_text(o.momentum)},
          {"nesterov", exact_text(o.nesterov)},
          {"weight_decay", exact_text(o.weight_decay)}};
}

/// Of AdamOptions and AdamWOptions.
template <class Options>
Texts checked_adam(std::string_view owner, const Options& o) {
  require_fraction(owner, "beta1", o.beta1);
  require_fraction(owner, "beta2", o.beta2);
  require_not_negative(owner, "epsilon", o.epsilon);
  require_not_negative(owner, "weight_decay", o.weight_decay);
  return {{"beta1", exact_text(o.beta1)},
          {"beta2", exact_text(o.beta2)},
          {"epsilon", exact_text(o.epsilon)},
          {"weight_decay", exact_text(o.weight_decay)}};
}

Texts checked(const RmsPropOptions& o) {
  require_fraction("rmsprop", "alpha", o.alpha);
  require_not_negative("rmsprop", "epsilon", o.epsilon);
  require_fraction("rmsprop", "momentum", o.momentum);
  require_not_negative("rmsprop", "weight_decay", o.weight_decay);
  return {{"alpha", exact_text(o.alpha)},
          {"epsilon", exact_text(o.epsilon)},
          {"momentum", exact_text(o.momentum)},
          {"weight_decay", exact_text(o.weight_decay)}};
}

using Names = std::vector<std::string>;

}  // namespace

Sgd::Sgd(std::vector<NamedTensor> parameters, const SgdOptions& options)
    : Optimizer("sgd", std::move(parameters), options.lr, checked(options),
                options.momentum > 0 ? Names{"velocity"} : Names{}),
      options_(options) {}

void Sgd::update(const Group& group) {
  dispatch(SgdUpdate{.parameters = group.parameters,
                     .gradients = group.gradients,
                     .velocities = group.kept.empty() ? std::vector<Tensor>() : group.kept[0],
                     .lr = learning_rate(),
                     .momentum = options_.momentum,
                     .weight_decay = options_.weight_decay,
                     .nesterov = options_.nesterov});
}

Adam::Adam(std::vector<NamedTensor> parameters, const AdamOptions& options)
    : Optimizer("adam", std::move(parameters), options.lr, checked_adam("adam", options),
                {"first_moment", "second_moment"}),
      options_(options) {}

void Adam::update(const Group& group) {
  dispatch(AdamUpdate{.parameters = group.parameters,
                      .gradients = group.gradients,
                      .first_moments = group.kept[0],
                      .second_moments = group.kept[1],
                      .lr = learning_rate(),
                      .beta1 = options_.beta1,
                      .beta2 = options_.beta2,
                      .epsilon = options_.epsilon,
                      .weight_decay = options_.weight_decay,
                      .decoupled = false,
                      .step = group.step});
}

AdamW::AdamW(std::vector<NamedTensor> parameters, const AdamWOptions& options)
    : Optimizer("adamw", std::move(parameters), options.lr, checked_adam("adamw", options),
                {"first_moment", "second_moment"}),
      options_(options) {}

void AdamW::update(const Group& group) {
  dispatch(AdamUpdate{.parameters = group.parameters,
                      .gradients = group.gradients,
                      .first_moments = group.kept[0],
                      .second_moments = group.kept[1],
                      .lr = learning_rate(),
                      .beta1 = options_.beta1,
                      .beta2 = options_.beta2,
                      .epsilon = options_.epsilon,
                      .weight_decay = options_.weight_decay,
                      .decoupled = true,
                      .step = group.step});
}

RmsProp::RmsProp(std::vector<NamedTensor> parameters, const RmsPropOptions& options)
    : Optimizer(
          "rmsprop", std::move(parameters), options.lr, checked(options),
          options.momentum > 0 ? Names{"square_average", "velocity"} : Names{"square_average"}),
      options_(options) {}

void RmsProp::update(const Group& group) {
  dispatch(
      RmsPropUpdate{.parameters = group.parameters,
                    .gradients = group.gradients,
                    .square_averages = group.kept[0],
                    .velocities = group.kept.size() > 1 ? group.kept[1] : std::vector<Tensor>(),
                    .lr = learning_rate(),
                    .alpha = options_.alpha,
                    .epsilon = options_.epsilon,
                    .momentum = options_.momentum,
                    .weight_decay = options_.weight_decay});
}

}  // namespace joule
