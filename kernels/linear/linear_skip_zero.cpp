// SPDX-License-Identifier: MIT
#include "core/threads.h"
#include "kernels/conv2d/conv2d_skip_zero.h"
#include "kernels/linear/linear_impl.h"
#include "kernels/zero_mask_cpu.h"

// A linear layer is the 1x1 convolution whose pixels are the batch: the same kernel runs it.
namespace joule::cpu {
namespace {

/// The mask words of x [N,C].  A mask that was made when the channels of x were images, with whole
/// words per pixel, has the same ones.
std::shared_ptr<const ZeroMask> words_of(const Tensor& x) {
  const auto mask = x.zero_mask();
  const bool same = mask && mask->channels() % 64 == 0 && x.dim(1) % mask->channels() == 0;
  return same ? mask : zero_mask_of(x);
}

}  // namespace

void linear_skip_zero(const Linear& op, Context&, Tally* tally) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.weight.dim(0);
  const auto mask = words_of(op.x);
  const auto weights =
      op.weight.derived<Floats>(str("linear.skip_zero lanes=", direct_lanes()), [&] {
        return pack_skip_zero_forward({.in_channels = in, .out_channels = out},
                                      op.weight.data<float>());
      });
  conv1x1_skip_zero(batch, in, out, op.x.data<float>(), mask->words(), *weights,
                    op.bias ? op.bias.data<float>() : nullptr, op.y.mutable_data<float>());
  count_skipped_zeros(tally, op.x, out);
}

void linear_grad_input_skip_zero(const LinearGradInput& op, Context&, Tally* tally) {
  const std::int64_t batch = op.grad_y.dim(0), in = op.weight.dim(1), out = op.weight.dim(0);
  const auto mask = words_of(op.grad_y);
  const auto weights =
      op.weight.derived<Floats>(str("linear.grad_input.skip_zero lanes=", direct_lanes()), [&] {
        return pack_skip_zero_grad_input({.in_channels = in, .out_channels = out},
                                         op.weight.data<float>());
      });
  conv1x1_skip_zero(batch, out, in, op.grad_y.data<float>(), mask->words(), *weights, nullptr,
                    op.grad_x.mutable_data<float>());
  count_skipped_zeros(tally, op.grad_y, in);
}

}  // namespace joule::cpu
