// SPDX-License-Identifier: MIT
#include "joule/optim/optimizer.h"

#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "joule/core/context.h"
#include "joule/core/op.h"
#include "joule/kernels/scale/scale.h"
#include "joule/optim/state_text.h"

namespace joule {
namespace {

/// "block1.conv2" for "block1.conv2.weight".
std::string_view layer_of(std::string_view parameter) {
  const std::size_t dot = parameter.rfind('.');
  return intern(dot == std::string_view::npos ? std::string_view() : parameter.substr(0, dot));
}

constexpr const char* kMomentum = "current_momentum";
struct Gradient {
  std::string_view parameter, layer;
  Tensor tensor;
};

/// The squared norm of each, in double.
Tensor squared_norms(const std::vector<Gradient>& gradients) {
  const Tensor squares(Shape{static_cast<std::int64_t>(gradients.size())}, DType::f64,
                       gradients.front().tensor.device());
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    context().scope = {gradients[k].layer, Phase::update};
    dispatch(ops::SquaredNorm{.x = gradients[k].tensor,
                              .sum = squares.slice(static_cast<std::int64_t>(k), 1)});
  }
  return squares.to(Device::cpu);  // all at once: to wait for a GPU takes long
}

/// gradient *= factor < 1, of which a float may be no more than a denormal, and so count as zero.
/// Powers of two are exact, and what they make a denormal is one in the end, too.
void scale_by(const Tensor& gradient, double factor) {
  constexpr double kPart = 0x1p-64, kLeast = std::numeric_limits<float>::min();
  for (; factor > 0 && factor < kLeast; factor /= kPart) {
    dispatch(ops::Scale{.x = gradient, .y = gradient, .factor = static_cast<float>(kPart)});
  }
  dispatch(ops::Scale{.x = gradient, .y = gradient, .factor = static_cast<float>(factor)});
}

}  // namespace

bool is_weight(const NamedTensor& parameter) {
  return parameter.tensor.defined() && parameter.tensor.shape().rank() >= 2;
}

Optimizer::Optimizer(std::string kind, std::vector<NamedTensor> parameters, double lr,
                     std::map<std::string, std::string> options, std::vector<std::string> kept,
                     const Decays& decays)
    : kind_(std::move(kind)),
      parameters_(std::move(parameters)),
      learning_rate_(lr),
      options_(std::move(options)),
      kept_(std::move(kept)) {
  require(lr > 0 && std::isfinite(lr), kind_, ": lr must be positive, got ", lr);
  require(!parameters_.empty(), kind_, ": there are no parameters");
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : parameters_) {
    require(tensor.defined(), kind_, ": parameter ", name, " is undefined");
    require(tensor.dtype() != DType::i32, kind_, ": parameter ", name,
            " must be floating-point, got i32");
    require(names.insert(name).second, kind_, ": two parameters are called ", name);
    Slot slot{.parameter = tensor,
              .kept = {},
              .layer = layer_of(name),
              .decayed = !decays || decays({name, tensor})};
    if (!slot.decayed) options_["weight_decay." + name] = exact_text(0.0);
    for (std::size_t k = 0; k < kept_.size(); ++k) {
      slot.kept.push_back(Tensor::zeros(tensor.shape(), tensor.dtype(), tensor.device()));
    }
    slots_.push_back(std::move(slot));
  }
  options_["optimizer"] = kind_;
}

void Optimizer::add(const Slot& slot, const Tensor& gradient, Group& group) const {
  group.parameters.push_back(slot.parameter);
  group.gradients.push_back(gradient);
  group.kept.resize(kept_.size());
  for (std::size_t k = 0; k < kept_.size(); ++k) group.kept[k].push_back(slot.kept[k]);
  group.step = slot.step;
  group.decayed = slot.decayed;
}

void Optimizer::step() {
  ContextGuard guard;
  std::map<std::pair<std::int64_t, bool>, Group> at_once;  // by step, and whether decayed
  for (Slot& slot : slots_) {
    const Tensor gradient = slot.parameter.grad();
    if (!gradient) continue;
    ++slot.step;
    if (slot.parameter.device() == Device::cpu) {
      Group alone;
      add(slot, gradient, alone);
      context().scope = {slot.layer, Phase::update};
      update(alone);
    } else {
      add(slot, gradient, at_once[{slot.step, slot.decayed}]);
    }
  }
  context().scope = {{}, Phase::update};
  for (const auto& [key, group] : at_once) update(group);
}

void Optimizer::zero_grad() const {
  for (const auto& [name, tensor] : parameters_) tensor.zero_grad();
}

void Optimizer::set_learning_rate(double lr) {
  require(lr >= 0 && std::isfinite(lr), kind_, ": lr must be finite and not negative, got ", lr);
  learning_rate_ = lr;
}

void Optimizer::set_momentum(double momentum) {
  require(has_momentum(), kind_, ": has no momentum to set");
  require(momentum > 0 && momentum < 1, kind_, ": momentum must be in (0, 1) to be set, got ",
          momentum);
  momentum_ = momentum;
}

State Optimizer::state() const {
  State state{.tensors = {}, .values = options_};
  state.values["learning_rate"] = exact_text(learning_rate_);
  if (momentum_) state.values[kMomentum] = exact_text(*momentum_);
  for (std::size_t p = 0; p < slots_.size(); ++p) {
    const std::string& name = parameters_[p].name;
    state.values["step." + name] = exact_text(slots_[p].step);
    for (std::size_t k = 0; k < kept_.size(); ++k) {
      state.tensors[kept_[k] + "." + name] = slots_[p].kept[k];
    }
  }
  return state;
}

void Optimizer::load_state(const State& state) {
  State expected = this->state();
  expected.values.erase(kMomentum);
  std::optional<double> momentum;
  if (has_momentum() && state.values.contains(kMomentum)) {
    expected.values[kMomentum] = {};
    momentum = saved_double(kind_, state, kMomentum);
    require(*momentum > 0 && *momentum < 1, kind_, ": the state's ", kMomentum, " is ", *momentum);
  }
  require_state_like(kind_, state, expected, options_);
  const double lr = saved_double(kind_, state, "learning_rate");
  require(lr >= 0 && std::isfinite(lr), kind_, ": the state's learning_rate is ", lr);
  std::vector<std::int64_t> steps;
  for (const auto& [name, tensor] : parameters_) {
    steps.push_back(saved_integer(kind_, state, "step." + name));
    require(steps.back() >= 0, kind_, ": the state's step.", name, " is ", steps.back());
  }
  learning_rate_ = lr;
  momentum_ = momentum;
  for (std::size_t p = 0; p < slots_.size(); ++p) {
    slots_[p].step = steps[p];
    for (std::size_t k = 0; k < kept_.size(); ++k) {
      slots_[p].kept[k].copy_from(state.tensors.at(kept_[k] + "." + parameters_[p].name));
    }
  }
}

double clip_grad_norm(std::span<const NamedTensor> parameters, double max_norm) {
  require(max_norm > 0, "clip_grad_norm: max_norm must be positive, got ", max_norm);
  ContextGuard guard;
  std::vector<Gradient> gradients;
  for (const auto& [name, tensor] : parameters) {
    if (const Tensor gradient = tensor.grad()) {
      gradients.push_back({name, layer_of(name), gradient});
    }
  }
  if (gradients.empty()) return 0;
  const Tensor squares = squared_norms(gradients);
  double sum = 0;
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    const double square = squares.values<double>()[k];
    require(std::isfinite(square), "clip_grad_norm: the gradient of ", gradients[k].parameter,
            " is not finite");
    sum += square;
  }
  const double norm = std::sqrt(sum);
  if (norm <= max_norm) return norm;
  for (const Gradient& gradient : gradients) {
    context().scope = {gradient.layer, Phase::update};
    scale_by(gradient.tensor, max_norm / norm);
  }
  return norm;
}

}  // namespace joule
