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

/// Takes d(loss)/d(output) for each output and gives d(loss)/d(input) for each input.  An
/// undefined tensor stands for a gradient that is zero everywhere or that nobody needs.
using BackwardFn = std::function<std::vector<Tensor>(std::span<const Tensor> grad_outputs)>;

// Tensor::backward() runs what record() put on the tape, the latest operation first, and holds all
// gradients until the last one has run.  If it throws, no leaf's gradient has changed, and nothing
// is left for the next backward() to add to; but the operations that ran, and the one that threw,
// are spent.
//
// Errors    ArgumentError if the tensor is not on the tape, an operation ran already, a gradient is
//           not like its tensor, or what an operation Saved was written over; what a closure or an
//           observer throws.

/// Whether an operation on `t` must be recorded: gradients are on and `t` leads to a parameter.
bool needs_grad(const Tensor& t);

/// Puts one differentiable operation on the tape: `outputs` were computed from `inputs`.  Does
/// nothing if no input needs a gradient.  An undefined output is one that nobody asked for: its
/// gradient is always undefined.
///
/// The closure keeps a tensor whose values it needs as a Saved.  It runs once, under the layer's
/// name and Phase::backward, and is freed right after, with what it captured.  Its gradients must
/// have the shape, dtype and device of the inputs: backward() checks them.
void record(std::string_view op, std::initializer_list<Tensor> inputs,
            std::initializer_list<Tensor*> outputs, BackwardFn backward);
void record(std::string_view op, std::span<const Tensor> inputs,
            std::initializer_list<Tensor*> outputs, BackwardFn backward);

/// A tensor as it is now, for a backward closure: unknown to autograd, and of no use any more once
/// somebody has written to its storage, through whatever tensor.
///
///   record("square", {x}, {&y}, [x = Saved(x, "x")](std::span<const Tensor> grads) {
///     return std::vector<Tensor>{times(grads[0], twice(x.get()))};
///   });
///
/// So parameters may be updated in place between forward and backward only by who does not need
/// that backward any more.  A write to one slice is taken for a write to all of the storage.
///
/// Cost      a handle; get() compares two integers.
class Saved {
 public:
  Saved() = default;
  /// `name`, which must live as long as this (a literal), is what messages call the tensor.  An
  /// undefined tensor stays one.
  Saved(const Tensor& tensor, std::string_view name);

  /// Errors    ArgumentError, with the op whose backward runs, if it was written to since.
  const Tensor& get() const;

 private:
  Tensor tensor_;
  std::string_view name_;
  std::uint64_t version_ = 0;
};

/// Whether d(loss)/d(t) is used only where t is not 0, because what made t multiplies it by 0
/// elsewhere, as a ReLU does.  Whoever computes the gradient may leave 0 there.
bool grad_unused_at_zeros(const Tensor& t);
/// Says so of an output that record() has just put on the tape (if it did).
void set_grad_unused_at_zeros(const Tensor& output);

/// Where a backward closure may write a gradient of `grad`'s shape: into `grad` itself if nobody
/// else can see it, otherwise into a new tensor.
Tensor reuse_or_allocate(const Tensor& grad);

/// One step of backward(), told to the observers after it ran.  They see the gradients that were
/// computed: where grad_unused_at_zeros, that may be 0 at the zeros of the tensor.
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

/// What a tensor knows of the tape: leaves (no producer) collect `grad`.
struct Meta {
  Shape shape;  // of the tensor, and so of its gradient
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
