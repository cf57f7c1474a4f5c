// SPDX-License-Identifier: MIT
#include "kernels/linear/gemm.h"
#include "kernels/linear/linear_impl.h"

namespace joule::cpu {

void linear_gemm(const Linear& op, Context&, Tally* tally) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.weight.dim(0);
  gemm({.m = batch,
        .n = out,
        .k = in,
        .a = {op.x.data<float>(), in, 1},
        .b = {op.weight.data<float>(), 1, in},
        .bias = op.bias ? op.bias.data<float>() : nullptr,
        .c = op.y.mutable_data<float>()});
  count_zeros(tally, op.x, out);
}

void linear_grad_input_gemm(const LinearGradInput& op, Context&, Tally* tally) {
  const std::int64_t batch = op.grad_y.dim(0), in = op.weight.dim(1), out = op.weight.dim(0);
  gemm({.m = batch,
        .n = in,
        .k = out,
        .a = {op.grad_y.data<float>(), out, 1},
        .b = {op.weight.data<float>(), in, 1},
        .bias = nullptr,
        .c = op.grad_x.mutable_data<float>()});
  count_zeros(tally, op.grad_y, in);
}

void linear_grad_weight_gemm(const LinearGradWeight& op, Context&, Tally* tally) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.grad_y.dim(1);
  gemm({.m = out,
        .n = in,
        .k = batch,
        .a = {op.grad_y.data<float>(), 1, out},
        .b = {op.x.data<float>(), in, 1},
        .bias = nullptr,
        .c = op.grad_weight.mutable_data<float>()});
  sum_rows<float>(op.grad_y, op.grad_bias);
  count_zeros(tally, op.x, out);
}

}  // namespace joule::cpu
