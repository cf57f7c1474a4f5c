// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "joule/core/autograd/observers.h"
#include "joule/core/tensor.h"

namespace joule {

/// Takes d(loss)/d(output) for each output and returns d(loss)/d(input) for each input.  An
/// undefined tensor stands for a gradient that is zero everywhere or that nobody needs.
using BackwardFn = std::function<std::vector<Tensor>(std::span<const Tensor> grad_outputs)>;

// Tensor::backward() runs the recorded operations in reverse order and holds all gradients back
// until the last operation has run.  If it throws, no leaf's gradient has changed, and the next
// backward() finds no partial gradients to add to.  But the operations that ran, and the one that
// threw, cannot run again.
//
// Errors    ArgumentError if the tensor is not on the tape, an operation ran already, a gradient
//           differs from its tensor in shape, dtype or device, or a Saved tensor was overwritten;
//           whatever a closure or an observer throws.

/// Whether an operation on `t` must be recorded: gradients are on and `t` depends on a parameter.
bool needs_grad(const Tensor& t);

/// Puts one differentiable operation on the tape: `outputs` were computed from `inputs`.  Does
/// nothing if no input needs a gradient.  An undefined output is one that the caller did not
/// request; its gradient is always undefined.
///
/// The closure keeps the tensors whose values it needs as Saved.  It runs once, under the layer's
/// name and Phase::backward, and is freed right after, with all that it captured.  Its gradients
/// must have the shape, dtype and device of the inputs; backward() checks this.
void record(std::string_view op, std::initializer_list<Tensor> inputs,
            std::initializer_list<Tensor*> outputs, BackwardFn backward);
void record(std::string_view op, std::span<const Tensor> inputs,
            std::initializer_list<Tensor*> outputs, BackwardFn backward);

/// A detached handle to a tensor, for a backward closure.  It expires as soon as anyone writes to
/// the tensor's storage, through any tensor that shares it.
///
///   record("square", {x}, {&y}, [x = Saved(x, "x")](std::span<const Tensor> grads) {
///     return std::vector<Tensor>{times(grads[0], twice(x.get()))};
///   });
///
/// So update parameters in place between forward and backward only if that backward will not run.
/// A write to one slice counts as a write to the whole storage.
///
/// Cost      copies a handle; get() compares two integers.
class Saved {
 public:
  Saved() = default;
  /// Error messages call the tensor `name`, which must outlive this object (use a literal).  An
  /// undefined tensor stays undefined.
  Saved(const Tensor& tensor, std::string_view name);

  /// Errors    ArgumentError that names the op whose backward runs, if the tensor was overwritten.
  const Tensor& get() const;

 private:
  Tensor tensor_;
  std::string_view name_;
  std::uint64_t version_ = 0;
};

/// Whether d(loss)/d(t) matters only where t is not 0, because the operation that produced t
/// multiplies it by 0 elsewhere, as ReLU does.  Code that computes the gradient may leave 0 there.
bool grad_unused_at_zeros(const Tensor& t);
/// Marks an output of the last record() so (no effect if record() recorded nothing).
void set_grad_unused_at_zeros(const Tensor& output);

/// The tensor into which a backward closure may write a gradient of `grad`'s shape: `grad` itself
/// if nothing else can see it, otherwise a new one.
Tensor reuse_or_allocate(const Tensor& grad);

/// One step of backward(); observers are called after it ran.  They see the gradients as computed:
/// where grad_unused_at_zeros() holds, a gradient may be 0 at the zeros of its tensor.
struct BackwardEvent {
  std::string_view op;
  std::string_view layer;
  std::span<const Tensor> grad_outputs;
  std::span<const Tensor> grad_inputs;
};
/// The observers of every backward() of this thread.
Observers<BackwardEvent>& backward_observers();

namespace autograd {

struct Node;

/// A tensor's place on the tape.  A leaf has no producer and collects `grad`.
struct Meta {
  Shape shape;  // of the tensor and of its gradient
  DType dtype = DType::f32;
  Device device = Device::cpu;
  bool requires_grad = false;
  Tensor grad{};
  std::shared_ptr<Node> producer{};
  std::size_t output = 0;  // which output of the producer
  bool grad_unused_at_zeros = false;
};

}  // namespace autograd
}  // namespace joule
