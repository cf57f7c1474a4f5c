// SPDX-License-Identifier: MIT
#include "joule/optim/optimizers.h"

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "joule/core/op.h"
#include "joule/kernels/scale/scale.h"
#include "joule/kernels/update/lars_update.h"
#include "joule/kernels/update/update.h"
#include "joule/optim/state_text.h"

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
  require(o.dampening >= 0 && o.dampening <= 1, "sgd: dampening must be in [0, 1], got ",
          o.dampening);
  require(o.dampening == 0 || o.momentum > 0, "sgd: dampening needs momentum > 0");
  require(o.dampening == 0 || !o.nesterov, "sgd: nesterov needs a dampening of 0, got ",
          o.dampening);
  Texts texts{{"momentum", exact_text(o.momentum)},
              {"nesterov", exact_text(o.nesterov)},
              {"weight_decay", exact_text(o.weight_decay)}};
  if (o.dampening > 0) texts["dampening"] = exact_text(o.dampening);
  return texts;
}

std::string kind_of(const AdamOptions& o) { return o.decoupled_weight_decay ? "adamw" : "adam"; }

/// Where the weight decay goes is in the kind.
Texts checked(const AdamOptions& o) {
  const std::string owner = kind_of(o);
  require_fraction(owner, "beta1", o.beta1);
  require_fraction(owner, "beta2", o.beta2);
  require_not_negative(owner, "epsilon", o.epsilon);
  require_not_negative(owner, "weight_decay", o.weight_decay);
  Texts texts{{"beta1", exact_text(o.beta1)},
              {"beta2", exact_text(o.beta2)},
              {"epsilon", exact_text(o.epsilon)},
              {"weight_decay", exact_text(o.weight_decay)}};
  if (o.amsgrad) texts["amsgrad"] = exact_text(true);
  return texts;
}

Texts checked(const RmsPropOptions& o) {
  require_fraction("rmsprop", "alpha", o.alpha);
  require_not_negative("rmsprop", "epsilon", o.epsilon);
  require_fraction("rmsprop", "momentum", o.momentum);
  require_not_negative("rmsprop", "weight_decay", o.weight_decay);
  Texts texts{{"alpha", exact_text(o.alpha)},
              {"epsilon", exact_text(o.epsilon)},
              {"momentum", exact_text(o.momentum)},
              {"weight_decay", exact_text(o.weight_decay)}};
  if (o.centred) texts["centred"] = exact_text(true);
  return texts;
}

Texts checked(const LarsOptions& o) {
  require(o.lr_biases >= 0 && std::isfinite(o.lr_biases),
          "lars: lr_biases must be finite and not negative, got ", o.lr_biases);
  require(o.trust > 0 && std::isfinite(o.trust), "lars: trust must be positive, got ", o.trust);
  require_fraction("lars", "momentum", o.momentum);
  require_not_negative("lars", "weight_decay", o.weight_decay);
  return {{"lr_biases_per_lr", exact_text(o.lr_biases / o.lr)},
          {"trust", exact_text(o.trust)},
          {"momentum", exact_text(o.momentum)},
          {"weight_decay", exact_text(o.weight_decay)}};
}

using Names = std::vector<std::string>;

Names kept_by_adam(bool amsgrad) {
  Names names{"first_moment", "second_moment"};
  if (amsgrad) names.emplace_back("max_second_moment");
  return names;
}

Names kept_by_rmsprop(const RmsPropOptions& o) {
  Names names{"square_average"};
  if (o.momentum > 0) names.emplace_back("velocity");
  if (o.centred) names.emplace_back("gradient_average");
  return names;
}

}  // namespace

Sgd::Sgd(std::vector<NamedTensor> parameters, const SgdOptions& options)
    : Optimizer("sgd", std::move(parameters), options.lr, checked(options),
                options.momentum > 0 ? Names{"velocity"} : Names{}, options.decays),
      options_(options) {}

void Sgd::update(const Group& group) {
  dispatch(ops::SgdUpdate{.parameters = group.parameters,
                          .gradients = group.gradients,
                          .velocities = group.kept.empty() ? std::vector<Tensor>() : group.kept[0],
                          .lr = learning_rate(),
                          .momentum = momentum_or(options_.momentum),
                          .weight_decay = group.decayed ? options_.weight_decay : 0,
                          .nesterov = options_.nesterov,
                          .dampening = group.step == 1 ? 0 : options_.dampening});
}

Adam::Adam(std::vector<NamedTensor> parameters, const AdamOptions& options)
    : Optimizer(kind_of(options), std::move(parameters), options.lr, checked(options),
                kept_by_adam(options.amsgrad), options.decays),
      options_(options) {}

void Adam::update(const Group& group) {
  dispatch(ops::AdamUpdate{
      .parameters = group.parameters,
      .gradients = group.gradients,
      .first_moments = group.kept[0],
      .second_moments = group.kept[1],
      .max_second_moments = options_.amsgrad ? group.kept[2] : std::vector<Tensor>(),
      .lr = learning_rate(),
      .beta1 = momentum_or(options_.beta1),
      .beta2 = options_.beta2,
      .epsilon = options_.epsilon,
      .weight_decay = group.decayed ? options_.weight_decay : 0,
      .decoupled = options_.decoupled_weight_decay,
      .step = group.step});
}

AdamW::AdamW(std::vector<NamedTensor> parameters, const AdamWOptions& options)
    : Adam(std::move(parameters), {.lr = options.lr,
                                   .beta1 = options.beta1,
                                   .beta2 = options.beta2,
                                   .epsilon = options.epsilon,
                                   .weight_decay = options.weight_decay,
                                   .amsgrad = options.amsgrad,
                                   .decoupled_weight_decay = true,
                                   .decays = options.decays}) {}

RmsProp::RmsProp(std::vector<NamedTensor> parameters, const RmsPropOptions& options)
    : Optimizer("rmsprop", std::move(parameters), options.lr, checked(options),
                kept_by_rmsprop(options), options.decays),
      options_(options) {}

void RmsProp::update(const Group& group) {
  const std::vector<Tensor> none;
  dispatch(ops::RmsPropUpdate{.parameters = group.parameters,
                              .gradients = group.gradients,
                              .square_averages = group.kept[0],
                              .velocities = options_.momentum > 0 ? group.kept[1] : none,
                              .gradient_averages = options_.centred ? group.kept.back() : none,
                              .lr = learning_rate(),
                              .alpha = options_.alpha,
                              .epsilon = options_.epsilon,
                              .momentum = momentum_or(options_.momentum),
                              .weight_decay = group.decayed ? options_.weight_decay : 0});
}

Lars::Lars(std::vector<NamedTensor> parameters, const LarsOptions& options)
    : Optimizer("lars", std::move(parameters), options.lr, checked(options), {"velocity"}),
      options_(options) {}

void Lars::update(const Group& group) {
  std::vector<std::size_t> weights, others;
  for (std::size_t k = 0; k < group.parameters.size(); ++k) {
    (is_weight({{}, group.parameters[k]}) ? weights : others).push_back(k);
  }
  update(group, weights, true);
  update(group, others, false);
}

void Lars::update(const Group& group, const std::vector<std::size_t>& members, bool weights) {
  if (members.empty()) return;
  const double factor = weights ? 1 : options_.lr_biases / options_.lr;
  ops::LarsUpdate op{.lr = learning_rate() * factor,
                     .trust = options_.trust,
                     .momentum = momentum_or(options_.momentum),
                     .weight_decay = weights ? options_.weight_decay : 0};
  for (const std::size_t k : members) {
    op.parameters.push_back(group.parameters[k]);
    op.gradients.push_back(group.gradients[k]);
    op.velocities.push_back(group.kept[0][k]);
  }
  if (weights) {
    const auto count = static_cast<std::int64_t>(members.size());
    op.squared_norms = Tensor(Shape{count, 2}, DType::f64, op.device());
    const Tensor squares = op.squared_norms.reshape({2 * count});
    for (std::int64_t k = 0; k < count; ++k) {
      const auto at = static_cast<std::size_t>(k);
      dispatch(ops::SquaredNorm{.x = op.parameters[at], .sum = squares.slice(2 * k, 1)});
      dispatch(ops::SquaredNorm{.x = op.gradients[at], .sum = squares.slice(2 * k + 1, 1)});
    }
  }
  dispatch(op);
}

}  // namespace joule
