// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/matmul/matmul.h"

namespace joule {

Tensor matmul(const Tensor& a, const Tensor& b) {
  require(a.defined() && b.defined(), "matmul: a and b must be defined");
  const int rank = a.shape().rank();
  require((rank == 2 || rank == 3) && b.shape().rank() == rank,
          "matmul: expected [M,K] and [K,N], or a batch of each, got ", a.shape(), " and ",
          b.shape());
  Tensor y =
      empty_like(a, rank == 2 ? Shape{a.dim(0), b.dim(1)} : Shape{a.dim(0), a.dim(1), b.dim(2)});
  dispatch(ops::MatMul{.a = a, .b = b, .y = y});
  const bool of_a = needs_grad(a), of_b = needs_grad(b);
  record("matmul", {a, b}, {&y},
         [a = saved_if(of_b, a, "a"), b = saved_if(of_a, b, "b"), a_shape = a.shape(),
          b_shape = b.shape(), of_a, of_b](std::span<const Tensor> grads) {
           const Tensor& grad_y = grads[0];
           Tensor grad_a, grad_b;
           if (of_a) {
             grad_a = empty_like(grad_y, a_shape);
             dispatch(ops::MatMul{.a = grad_y, .b = b.get(), .y = grad_a, .transpose_b = true});
           }
           if (of_b) {
             grad_b = empty_like(grad_y, b_shape);
             dispatch(ops::MatMul{.a = a.get(), .b = grad_y, .y = grad_b, .transpose_a = true});
           }
           return std::vector<Tensor>{grad_a, grad_b};
         });
  return y;
}

}  // namespace joule
