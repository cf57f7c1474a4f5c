// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "joule/core/autograd/autograd.h"
#include "joule/core/tensor.h"

// What the differentiable functions share: where results go, and what backward closures keep.
namespace joule {

/// An uninitialised tensor of x's dtype and device.
inline Tensor empty_like(const Tensor& x, const Shape& shape) {
  return Tensor(shape, x.dtype(), x.device());
}
inline Tensor empty_like(const Tensor& x) { return empty_like(x, x.shape()); }

/// The result tensor of an elementwise function: the operand itself if nothing else can see it.
inline Tensor overwrite_or_allocate(const Tensor& x) {
  return x.unique() ? x.detach() : empty_like(x);
}

/// Errors    ArgumentError that names the op, the operand, and what was expected.
inline void require_rank(std::string_view op, std::string_view operand, const Tensor& t, int rank) {
  require(t.defined(), op, ": ", operand, " is undefined");
  require(t.shape().rank() == rank, op, ": ", operand, " must have ", rank, " dimensions, got ",
          t.shape());
}

/// `t` for a backward closure, if its values are needed there.
inline Saved saved_if(bool needed, const Tensor& t, std::string_view name) {
  return needed ? Saved(t, name) : Saved();
}

/// For operations whose gradient takes the zeros of y, if anywhere, only to zeros of x.
inline void hand_on_unused_zeros(const Tensor& x, const Tensor& y) {
  if (grad_unused_at_zeros(x)) set_grad_unused_at_zeros(y);
}

}  // namespace joule
