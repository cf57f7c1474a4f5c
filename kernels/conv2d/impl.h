// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/conv2d/shape.h"

// The implementations of Conv2d and its gradients; private to this folder.
namespace joule {

Conv2dShape shape_of(const ops::Conv2d& op);
Conv2dShape shape_of(const ops::Conv2dGradInput& op);
Conv2dShape shape_of(const ops::Conv2dGradWeight& op);

/// Whether Joule's implementation of Winograd's algorithm supports such a convolution.
constexpr bool winograd_fits(const Conv2dShape& s) {
  return s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 && s.stride_w == 1 &&
         s.dilation_h == 1 && s.dilation_w == 1 && s.groups == 1;
}

/// What happened to the MACs with a zero operand.
enum class Zeros { multiplied, skipped };
/// Adds to `tally`, which may be null, the MACs with a zero of x, or of grad_y.
void count_zeros_of_x(Tally* tally, const Conv2dShape& s, const Tensor& x,
                      Zeros zeros = Zeros::multiplied);
void count_zeros_of_grad_y(Tally* tally, const Conv2dShape& s, const Tensor& grad_y,
                           Zeros zeros = Zeros::multiplied);
/// For an implementation that skips nothing: counts the zeros of grad_y or of wanted, whichever
/// affect more MACs.
void count_zeros_of_grad_input(Tally* tally, const Conv2dShape& s, const ops::Conv2dGradInput& op);

void run_conv2d_reference(const ops::Conv2d& op, Context& ctx, Tally* tally);
void run_conv2d_grad_input_reference(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void run_conv2d_grad_weight_reference(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);

namespace cpu {
void conv2d_direct(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_direct(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_direct(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
void conv2d_skip_zero(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_skip_zero_bf16_weights(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_skip_zero(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_skip_zero_x(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_skip_zero_grad_y(const ops::Conv2dGradWeight& op, Context& ctx,
                                         Tally* tally);
void conv2d_grad_input_skip_unwanted(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_runs(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_runs_bf16_weights(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_runs(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_depthwise(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_depthwise(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_depthwise(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
void conv2d_winograd_2x2(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_winograd_4x4(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_winograd_2x2(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_input_winograd_4x4(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
}  // namespace cpu

namespace onednn {
void conv2d(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
}  // namespace onednn

namespace cudnn {
/// Why cuDNN cannot run it, or null.  Asks cuDNN once per shape; after that it is a look-up.
const char* unsupported(const ops::Conv2d& op);
const char* unsupported(const ops::Conv2dGradInput& op);
const char* unsupported(const ops::Conv2dGradWeight& op);
void conv2d(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
}  // namespace cudnn

namespace cuda {
void conv2d_direct(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_direct(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_direct(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
void conv2d_implicit_gemm(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_implicit_gemm(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_implicit_gemm(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
void conv2d_mma_f32(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_mma_tf32(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_mma_bf16(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_mma_f32(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_input_mma_tf32(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_input_mma_bf16(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_mma_f32(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_mma_tf32(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_mma_bf16(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
void conv2d_skip_zero(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_skip_zero(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_skip_zero_lists(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_skip_zero_lists(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_skip_zero_x(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_skip_zero_grad_y(const ops::Conv2dGradWeight& op, Context& ctx,
                                         Tally* tally);
void conv2d_depthwise(const ops::Conv2d& op, Context& ctx, Tally* tally);
void conv2d_grad_input_depthwise(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally);
void conv2d_grad_weight_depthwise(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally);
}  // namespace cuda

}  // namespace joule
