// SPDX-License-Identifier: MIT
#include "joule/layers/module.h"

#include <algorithm>
#include <functional>

namespace joule::nn {

template <class Visit>
void Module::visit(const std::string& prefix, Visit&& visit) const {
  visit(prefix, *this);
  for (const auto& child : children_) child->visit(prefix + child->name_ + ".", visit);
}

namespace {

/// `own` with the path of the module in front of each name.
std::vector<NamedTensor> with_full_names(const std::string& prefix,
                                         const std::vector<NamedTensor>& own) {
  std::vector<NamedTensor> named;
  for (const auto& [name, tensor] : own) named.push_back({prefix + name, tensor});
  return named;
}

void append(std::vector<NamedTensor>& to, std::vector<NamedTensor> from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

}  // namespace

Module::Entered::Entered(const Module& module) {
  Scope& scope = context().scope;
  scope.phase = Phase::forward;
  if (module.name_.empty()) return;
  scope.layer =
      scope.layer.empty() ? intern(module.name_) : intern(str(scope.layer, ".", module.name_));
}

Tensor Module::operator()(Tensor x) {
  const Entered entered(*this);
  const bool observed = !forward_observers().empty();
  const Tensor input = observed ? x : Tensor();
  Tensor y = forward(std::move(x));
  if (TapCollector* const taps = TapCollector::current();
      taps && taps->options().layers == TapLayers::all && children_.empty() && tapped_by_all()) {
    taps->add({.layer = context().scope.layer, .value = y});
  }
  if (observed) forward_observers().notify({context().scope.layer, *this, input, y});
  return y;
}

std::pair<Tensor, std::vector<Tap>> Module::forward_with_taps(Tensor x, const TapOptions& options) {
  TapCollector collector(options);
  Tensor y = (*this)(std::move(x));
  return {std::move(y), collector.take()};
}

void Module::train(bool on) {
  training_ = on;
  for (const auto& child : children_) child->train(on);
}

std::vector<NamedTensor> Module::parameters() const {
  std::vector<NamedTensor> all;
  visit("", [&](const std::string& prefix, const Module& module) {
    append(all, with_full_names(prefix, module.parameters_));
  });
  return all;
}

std::vector<NamedTensor> Module::buffers() const {
  std::vector<NamedTensor> all;
  visit("", [&](const std::string& prefix, const Module& module) {
    append(all, with_full_names(prefix, module.buffers_));
  });
  return all;
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : parameters()) count += tensor.numel();
  return count;
}

void Module::zero_grad() {
  for (const auto& [name, tensor] : parameters()) tensor.zero_grad();
}

void Module::to(DType dtype) {
  for (const auto& [name, tensor] : parameters()) tensor.convert(dtype);
  for (const auto& [name, tensor] : buffers()) tensor.convert(dtype);
}

void Module::to(Device device) {
  for (const auto& [name, tensor] : parameters()) tensor.move(device);
  for (const auto& [name, tensor] : buffers()) tensor.move(device);
}

Device Module::device() const {
  const auto all = parameters();
  return all.empty() ? Device::cpu : all.front().tensor.device();
}

State Module::state() const {
  State state;
  for (const auto& [name, tensor] : parameters()) state.tensors[name] = tensor.detach();
  for (const auto& [name, tensor] : buffers()) state.tensors[name] = tensor.detach();
  return state;
}

void Module::load_state(const State& state) {
  const State own = this->state();
  std::string problems;
  for (const auto& [name, tensor] : own.tensors) {
    const auto found = state.tensors.find(name);
    if (found == state.tensors.end()) {
      problems += str("; ", name, " is missing");
    } else if (found->second.shape() != tensor.shape() || found->second.dtype() != tensor.dtype()) {
      problems += str("; ", name, " is ", found->second.dtype(), " ", found->second.shape(),
                      ", expected ", tensor.dtype(), " ", tensor.shape());
    }
  }
  for (const auto& [name, tensor] : state.tensors) {
    if (!own.tensors.contains(name)) problems += str("; ", name, " is not part of this net");
  }
  require(problems.empty(), "load_state: the saved state does not fit", problems);
  for (const auto& [name, tensor] : own.tensors) tensor.copy_from(state.tensors.at(name));
}

Tensor Module::add_parameter(std::string name, Tensor value) {
  value.set_requires_grad();
  parameters_.push_back({std::move(name), value});
  return value;
}

Tensor Module::add_buffer(std::string name, Tensor value) {
  buffers_.push_back({std::move(name), value});
  return value;
}

void Module::adopt(std::string name, std::shared_ptr<Module> child) {
  require(!name.empty() && name.find('.') == std::string::npos,
          "module: a child's name must not be empty or hold a '.', got '", name, "'");
  for (const auto& other : children_) {
    require(other->name_ != name, "module: there is a child '", name, "' already");
  }
  child->name_ = std::move(name);
  children_.push_back(std::move(child));
}

Observers<ForwardEvent>& forward_observers() {
  thread_local Observers<ForwardEvent> observers;
  return observers;
}

}  // namespace joule::nn
