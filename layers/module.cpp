// SPDX-License-Identifier: MIT
#include "joule/layers/module.h"

#include <algorithm>
#include <atomic>
#include <iterator>

#include "joule/layers/graph/builder.h"

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

namespace {

std::atomic<std::uint64_t> additions{0};

std::string_view path_of(std::string_view name) {
  const std::string_view outer = context().scope.layer;
  if (name.empty()) return outer;
  return outer.empty() ? intern(name) : intern(str(outer, ".", name));
}

}  // namespace

std::uint64_t structure_version() { return additions.load(); }

Module::Entered::Entered(std::string_view layer) {
  context().scope = {.layer = layer, .phase = Phase::forward};
}

void Module::rethrow(std::string_view layer, const ArgumentError& error) const {
  const std::string who = str(layer, ", ", describe(), ": ");
  const bool leaf = children_.empty() && !layer.empty();
  if (!leaf || std::string_view(error.what()).starts_with(who)) throw;
  throw ArgumentError(who + error.what());
}

Tensor Module::operator()(Tensor x) { return run_as(path_of(name_), {&x, 1}); }

Tensor Module::operator()(std::vector<Tensor> xs) { return run_as(path_of(name_), xs); }

Tensor Module::run_as(std::string_view layer, std::span<Tensor> xs) {
  const Entered entered(layer);
  const bool observed = !forward_observers().empty();
  std::vector<Tensor> inputs;
  if (observed) inputs.assign(xs.begin(), xs.end());
  Tensor y;
  try {
    y = xs.size() == 1
            ? forward(std::move(xs[0]))
            : forward_all({std::make_move_iterator(xs.begin()), std::make_move_iterator(xs.end())});
  } catch (const ArgumentError& error) {
    rethrow(layer, error);
  }
  if (TapCollector* const taps = TapCollector::current();
      taps && taps->options().layers == TapLayers::all && children_.empty() && tapped_by_all()) {
    taps->add({.layer = layer, .value = y});
  }
  if (observed) forward_observers().notify({layer, *this, inputs.at(0), y, inputs});
  return y;
}

Tensor Module::forward_all(std::vector<Tensor> xs) {
  throw ArgumentError(
      str(context().scope.layer, ", ", describe(), ": expected one input, got ", xs.size()));
}

LayerSpec Module::spec() const {
  const std::string text = describe();
  return {.kind = text.substr(0, text.find('(')), .attributes = {}, .own = true};
}

Value Module::add_to(GraphBuilder& graph, Value x) { return graph.leaf(*this, {x}); }

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
  // Asked for every batch: without the names that parameters() makes.
  const auto first = [](const auto& self, const Module& module) -> const Tensor* {
    if (!module.parameters_.empty()) return &module.parameters_.front().tensor;
    for (const auto& child : module.children_) {
      if (const Tensor* const found = self(self, *child)) return found;
    }
    return nullptr;
  };
  const Tensor* const parameter = first(first, *this);
  return parameter ? parameter->device() : Device::cpu;
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
  additions.fetch_add(1);
}

Observers<ForwardEvent>& forward_observers() {
  thread_local Observers<ForwardEvent> observers;
  return observers;
}

}  // namespace joule::nn
