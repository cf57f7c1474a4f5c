// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/epilogue.h"
#include "joule/kernels/conv2d/cpu/grad_weight_skip_zero.h"
#include "joule/kernels/conv2d/cpu/runs.h"
#include "joule/kernels/conv2d/cpu/skip_unwanted.h"
#include "joule/kernels/conv2d/cpu/skip_zero.h"
#include "joule/kernels/conv2d/impl.h"
#include "joule/kernels/zero_mask_cpu.h"

namespace joule::cpu {
namespace {

// The weights in the kernel's order, made once per update of the weights.
std::shared_ptr<const Floats> packed_forward(const Tensor& weight, const Conv2dShape& s) {
  const std::string key = "conv2d.forward groups=" + std::to_string(s.groups) +
                          " lanes=" + std::to_string(direct_lanes());
  return weight.derived<Floats>(key, [&] { return pack_forward(s, weight.data<float>()); });
}
std::shared_ptr<const Floats> packed_grad_input(const Tensor& weight, const Conv2dShape& s) {
  return weight.derived<Floats>(
      str("conv2d.grad_input groups=", s.groups, " stride=", s.stride_h, "x", s.stride_w,
          " dilation=", s.dilation_h, "x", s.dilation_w, " lanes=", direct_lanes()),
      [&] { return pack_grad_input(s, weight.data<float>()); });
}

}  // namespace

void conv2d_direct(const ops::Conv2d& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_forward(op.weight, s);
  const float* const bias = op.bias ? op.bias.data<float>() : nullptr;
  float* const y = op.y.mutable_data<float>();
  if (op.relu) {
    ReluEpilogue relu(op, y, direct_items(s));
    conv2d_direct(s, op.x.data<float>(), *weights, bias, y,
                  [&](std::int64_t item, std::int64_t pixel, std::int64_t pixels) {
                    relu.run(item, pixel, pixels);
                  });
    relu.finish();
  } else {
    conv2d_direct(s, op.x.data<float>(), *weights, bias, y, nullptr);
  }
  count_zeros_of_x(tally, s, op.x);
}

void conv2d_grad_input_direct(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_grad_input(op.weight, s);
  conv2d_grad_input_direct(s, op.grad_y.data<float>(), *weights, op.grad_x.mutable_data<float>());
  count_zeros_of_grad_input(tally, s, op);
}

void conv2d_grad_weight_direct(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  conv2d_grad_weight_direct(s, op.x.data<float>(), op.grad_y.data<float>(),
                            op.grad_weight.mutable_data<float>(),
                            op.grad_bias ? op.grad_bias.mutable_data<float>() : nullptr);
  count_zeros_of_x(tally, s, op.x);
}

namespace {

template <class Weight>
void skip_zero(const ops::Conv2d& op, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto mask = zero_mask_of(op.x);
  const auto weights = packed_forward_weights<Weight>(
      op.weight, s, "conv2d.skip_zero dilation=" + std::to_string(s.dilation_w),
      pack_skip_zero_forward<Weight>);
  const float* const bias = op.bias ? op.bias.data<float>() : nullptr;
  float* const y = op.y.mutable_data<float>();
  if (op.relu) {
    ReluEpilogue relu(op, y, skip_zero_pieces(s));
    conv2d_skip_zero(s, op.x.data<float>(), *mask, *weights, bias, y,
                     [&](std::int64_t item, std::int64_t pixel, std::int64_t pixels) {
                       relu.run(item, pixel, pixels);
                     });
    relu.finish();
  } else {
    conv2d_skip_zero(s, op.x.data<float>(), *mask, *weights, bias, y, nullptr);
  }
  count_zeros_of_x(tally, s, op.x, Zeros::skipped);
}

}  // namespace

void conv2d_skip_zero(const ops::Conv2d& op, Context&, Tally* tally) {
  skip_zero<float>(op, tally);
}
void conv2d_skip_zero_bf16_weights(const ops::Conv2d& op, Context&, Tally* tally) {
  skip_zero<Bf16Pair>(op, tally);
}

void conv2d_grad_input_skip_zero(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto mask = zero_mask_of(op.grad_y);
  const auto weights = op.weight.derived<Floats>(
      str("conv2d.grad_input.skip_zero stride=", s.stride_h, "x", s.stride_w,
          " dilation=", s.dilation_h, "x", s.dilation_w, " lanes=", direct_lanes()),
      [&] { return pack_skip_zero_grad_input(s, op.weight.data<float>()); });
  conv2d_grad_input_skip_zero(s, op.grad_y.data<float>(), *mask, *weights,
                              op.grad_x.mutable_data<float>());
  count_zeros_of_grad_y(tally, s, op.grad_y, Zeros::skipped);
}

namespace {

void sum_into_bias(const ops::Conv2dGradWeight& op) {
  if (!op.grad_bias) return;
  const std::int64_t channels = op.grad_y.dim(3);
  sum_pixels(op.grad_y.data<float>(), op.grad_y.numel() / channels, channels,
             op.grad_bias.mutable_data<float>());
}

}  // namespace

void conv2d_grad_weight_skip_zero_x(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  conv2d_grad_weight_skip_zero_x(s, op.x.data<float>(), *zero_mask_of(op.x),
                                 op.grad_y.data<float>(), op.grad_weight.mutable_data<float>());
  sum_into_bias(op);
  count_zeros_of_x(tally, s, op.x, Zeros::skipped);
}

void conv2d_grad_weight_skip_zero_grad_y(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  conv2d_grad_weight_skip_zero_grad_y(s, op.x.data<float>(), op.grad_y.data<float>(),
                                      *zero_mask_of(op.grad_y),
                                      op.grad_weight.mutable_data<float>());
  sum_into_bias(op);
  count_zeros_of_grad_y(tally, s, op.grad_y, Zeros::skipped);
}

void conv2d_grad_input_skip_unwanted(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto wanted = zero_mask_of(op.wanted);
  const auto weights = op.weight.derived<Floats>(
      str("conv2d.grad_input.skip_unwanted stride=", s.stride_h, "x", s.stride_w,
          " dilation=", s.dilation_h, "x", s.dilation_w, " lanes=", direct_lanes()),
      [&] { return pack_skip_unwanted(s, op.weight.data<float>()); });
  conv2d_grad_input_skip_unwanted(s, op.grad_y.data<float>(), *wanted, *weights,
                                  op.grad_x.mutable_data<float>());
  count_zeros_of_x(tally, s, op.wanted, Zeros::skipped);
}

namespace {

template <class Weight>
void runs(const ops::Conv2d& op, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto x = nonzero_runs_of(op.x);
  const auto weights =
      packed_forward_weights<Weight>(op.weight, s, "conv2d.runs", pack_runs_forward);
  const float* const bias = op.bias ? op.bias.data<float>() : nullptr;
  float* const y = op.y.mutable_data<float>();
  if (op.relu) {
    ReluEpilogue relu(op, y, runs_pieces(s));
    conv2d_runs(s, *x, *weights, bias, y,
                [&](std::int64_t item, std::int64_t pixel, std::int64_t pixels) {
                  relu.run(item, pixel, pixels);
                });
    relu.finish();
  } else {
    conv2d_runs(s, *x, *weights, bias, y, nullptr);
  }
  count_zeros_of_x(tally, s, op.x, Zeros::skipped);
}

}  // namespace

void conv2d_runs(const ops::Conv2d& op, Context&, Tally* tally) { runs<float>(op, tally); }
void conv2d_runs_bf16_weights(const ops::Conv2d& op, Context&, Tally* tally) {
  runs<Bf16Pair>(op, tally);
}

void conv2d_grad_input_runs(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto runs = nonzero_runs_of(op.grad_y);
  const auto weights =
      op.weight.derived<Floats>(str("conv2d.grad_input.runs stride=", s.stride_h, "x", s.stride_w,
                                    " dilation=", s.dilation_h, " lanes=", direct_lanes()),
                                [&] { return pack_runs_grad_input(s, op.weight.data<float>()); });
  conv2d_grad_input_runs(s, *runs, *weights, op.grad_x.mutable_data<float>());
  count_zeros_of_grad_y(tally, s, op.grad_y, Zeros::skipped);
}

}  // namespace joule::cpu
