// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"
#include "joule/kernels/binary/binary.h"
#include "joule/kernels/function.h"
#include "joule/kernels/reduce/sum.h"
#include "joule/kernels/scale/scale.h"

namespace joule {
namespace {

/// The result of the operation.  Into `a` if it was moved in, has y's shape and is not `kept`.
template <class Op>
Tensor result(const Tensor& a, const Tensor& b, bool kept) {
  require(a.defined() && b.defined(), Op::kName, ": a and b must be defined");
  const Shape shape = broadcast_shape(Op::kName, a.shape(), b.shape());
  const Tensor y = kept || a.shape() != shape ? empty_like(a, shape) : overwrite_or_allocate(a);
  dispatch(Op{.a = a, .b = b, .y = y});
  return y;
}

template <class Op>
Tensor result_of(const Tensor& a, const Tensor& b) {
  const Tensor y = empty_like(a);
  dispatch(Op{.a = a, .b = b, .y = y});
  return y;
}

/// -grad, summed over what an operand of `shape` was repeated along.
Tensor negative_sum_to(const Tensor& grad, const Shape& shape) {
  if (grad.shape() != shape) return sum_to(grad, shape, -1);
  const Tensor negative = empty_like(grad);
  dispatch(ops::Scale{.x = grad, .y = negative, .factor = -1});
  return negative;
}

}  // namespace

Tensor scalar_like(const Tensor& like, double value) {
  Tensor scalar({}, like.dtype(), like.device());
  scalar.fill(value);
  return scalar;
}

Tensor add(Tensor a, const Tensor& b) {
  Tensor y = result<ops::Add>(a, b, false);
  record("add", {a, b}, {&y},
         [a_shape = a.shape(), b_shape = b.shape(), of_a = needs_grad(a),
          of_b = needs_grad(b)](std::span<const Tensor> grads) {
           return std::vector<Tensor>{of_a ? sum_to(grads[0], a_shape) : Tensor(),
                                      of_b ? sum_to(grads[0], b_shape) : Tensor()};
         });
  return y;
}

Tensor sub(Tensor a, const Tensor& b) {
  Tensor y = result<ops::Sub>(a, b, false);
  record("sub", {a, b}, {&y},
         [a_shape = a.shape(), b_shape = b.shape(), of_a = needs_grad(a),
          of_b = needs_grad(b)](std::span<const Tensor> grads) {
           return std::vector<Tensor>{of_a ? sum_to(grads[0], a_shape) : Tensor(),
                                      of_b ? negative_sum_to(grads[0], b_shape) : Tensor()};
         });
  return y;
}

Tensor mul(Tensor a, const Tensor& b) {
  const bool of_a = needs_grad(a), of_b = needs_grad(b);
  Tensor y = result<ops::Mul>(a, b, of_b);
  record("mul", {a, b}, {&y},
         [a = saved_if(of_b, a, "a"), b = saved_if(of_a, b, "b"), a_shape = a.shape(),
          b_shape = b.shape(), of_a, of_b](std::span<const Tensor> grads) {
           Tensor grad_a, grad_b;
           if (of_a) grad_a = sum_to(result_of<ops::Mul>(grads[0], b.get()), a_shape);
           if (of_b) grad_b = sum_to(result_of<ops::Mul>(grads[0], a.get()), b_shape);
           return std::vector<Tensor>{grad_a, grad_b};
         });
  return y;
}

Tensor div(Tensor a, const Tensor& b) {
  const bool of_a = needs_grad(a), of_b = needs_grad(b);
  Tensor y = result<ops::Div>(a, b, false);
  record("div", {a, b}, {&y},
         [b = Saved(b, "b"), y = saved_if(of_b, y, "y"), a_shape = a.shape(), b_shape = b.shape(),
          of_a, of_b](std::span<const Tensor> grads) {
           Tensor grad_a, grad_b;
           if (of_a) grad_a = sum_to(result_of<ops::Div>(grads[0], b.get()), a_shape);
           if (of_b) {
             const Tensor scaled = result_of<ops::Mul>(grads[0], y.get());
             dispatch(ops::Div{.a = scaled, .b = b.get(), .y = scaled});
             grad_b = negative_sum_to(scaled, b_shape);
           }
           return std::vector<Tensor>{grad_a, grad_b};
         });
  return y;
}

}  // namespace joule
