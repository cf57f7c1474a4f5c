// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/core/autograd/observers.h"
#include "joule/core/context.h"
#include "joule/core/state.h"
#include "joule/core/tensor.h"
#include "joule/layers/taps.h"

namespace joule::nn {

struct LayerSpec;    // layers/graph/attributes.h
struct Value;        // layers/graph/builder.h
class GraphBuilder;  // layers/graph/builder.h

/// A part of a net: parameters, buffers, children, and a forward pass.
///
/// A new layer derives from this, registers what it owns in its constructor, and writes forward()
/// with the differentiable functions of layers/functions.h; backward() follows from them.
class Module {
 public:
  Module() = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;
  virtual ~Module() = default;

  /// Runs forward() under this layer's full name, with which its operations are accounted and its
  /// errors begin, and calls the observers.  An operand that is moved in may be overwritten.
  Tensor operator()(Tensor x);
  /// The same for a layer with several inputs.
  Tensor operator()(std::vector<Tensor> xs);

  /// The output of the net and the taps of the chosen layers on the way.
  std::pair<Tensor, std::vector<Tap>> forward_with_taps(Tensor x, const TapOptions& options = {});

  /// "Conv2d(1, 32, kernel=3x3, padding=1x1)"
  virtual std::string describe() const = 0;

  /// The kind of this layer as data: graphs hold it, and fusion and the counts of energy models
  /// depend on it.  By default, a kind of its own, with the name at which describe() begins.
  virtual LayerSpec spec() const;
  /// Adds the nodes that compute this module's output from `x`; returns the output.  A layer adds
  /// itself as one node; for modules that consist of others, see Composite.
  virtual Value add_to(GraphBuilder& graph, Value x);

  /// Sets training mode (batch statistics, dropout) or evaluation mode, for this and all children.
  void train(bool on = true);
  void eval() { train(false); }
  bool training() const { return training_; }

  /// The leaves of the tape, with full names, in the order of registration.
  std::vector<NamedTensor> parameters() const;
  /// Tensors that are saved but not trained: running statistics.
  std::vector<NamedTensor> buffers() const;
  std::int64_t parameter_count() const;
  void zero_grad();
  /// Converts parameters and buffers, for gradcheck: net.to(DType::f64).
  void to(DType dtype);
  /// Moves parameters and buffers; drops the gradients.  Do this before you construct an optimiser,
  /// whose state stays on the device where the parameters were then.
  void to(Device device);
  /// The device of the parameters; the CPU if there are none.
  Device device() const;

  /// Parameters and buffers by name; the tensors are shared, not copied.
  State state() const;
  /// Copies values in.  Errors: ArgumentError that lists missing and unexpected names and wrong
  /// shapes; then nothing has changed.
  void load_state(const State& state);

  const std::vector<std::shared_ptr<Module>>& children() const { return children_; }
  /// The name given by the parent; empty for a root.
  const std::string& name() const { return name_; }

 protected:
  virtual Tensor forward(Tensor x) = 0;
  /// For a layer with several inputs.  By default: ArgumentError.
  virtual Tensor forward_all(std::vector<Tensor> xs);
  /// Whether TapLayers::all taps this leaf.  Dropout: no; ReLU taps itself, with its L0 sum.
  virtual bool tapped_by_all() const { return true; }

  Tensor add_parameter(std::string name, Tensor value);
  Tensor add_buffer(std::string name, Tensor value);
  /// Takes over a module as the child `name`.
  /// Errors    ArgumentError if the name is taken, empty, or holds a '.'.
  template <class M>
  std::shared_ptr<std::remove_cvref_t<M>> add_child(const std::string& name, M&& module) {
    using Layer = std::remove_cvref_t<M>;
    constexpr bool is_layer = std::derived_from<Layer, Module>;
    constexpr bool given = !std::is_lvalue_reference_v<M>;
    static_assert(is_layer, "this is not a layer: a layer derives from joule::nn::Module");
    static_assert(given, "a net owns its layers: give it the layer itself, std::move(layer)");
    std::shared_ptr<Layer> child;
    if constexpr (is_layer && given) {
      child = std::make_shared<Layer>(std::forward<M>(module));
      adopt(name, child);
    }
    return child;
  }
  void adopt(std::string name, std::shared_ptr<Module> child);

 private:
  friend class GraphExecutor;
  friend class Net;  // it makes groups of modules
  /// Until the end of the block, operations of the forward pass are accounted to `layer`.
  struct Entered : ContextGuard {
    explicit Entered(std::string_view layer);
  };
  /// Throws what the forward pass of `layer` says is wrong, with a leaf in front: "3, Linear(64,
  /// 10): ...".
  [[noreturn]] void rethrow(std::string_view layer, const ArgumentError& error) const;
  /// operator() under the full name `layer`; takes over the operands.
  Tensor run_as(std::string_view layer, std::span<Tensor> xs);

  template <class Visit>
  void visit(const std::string& prefix, Visit&& visit) const;

  std::string name_;
  bool training_ = true;
  std::vector<NamedTensor> parameters_, buffers_;
  std::vector<std::shared_ptr<Module>> children_;
};

/// One call of a module; observers are called after it ran.
struct ForwardEvent {
  std::string_view layer;  // full name
  const Module& module;
  const Tensor& input;  // the first one
  const Tensor& output;
  std::span<const Tensor> inputs;
};
/// Observers of each module call of this thread.  They prevent all fusing and overwriting.
Observers<ForwardEvent>& forward_observers();

/// How many times a module was added to another one, anywhere in this process.
std::uint64_t structure_version();

}  // namespace joule::nn
