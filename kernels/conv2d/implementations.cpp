// SPDX-License-Identifier: MIT
//
// The implementations of the convolutions, best first, and what each cannot do.
#include <algorithm>
#include <array>

#include "joule/kernels/conv2d/choice.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/conv2d/impl.h"
#include "joule/kernels/product/nonzero_runs.h"
#include "joule/kernels/product/unsupported_by_mma.h"

namespace joule {
namespace {

template <class Op>
const char* one_group(const Op& op) {
  return op.params.groups == 1 ? nullptr : "needs groups == 1";
}

/// The rows *.depthwise: each filter reads the one channel of its own.
template <class Op>
const char* one_channel_each(const Op& op) {
  const Conv2dShape s = shape_of(op);
  const bool depthwise = s.groups > 1 && s.in_per_group() == 1 && s.out_per_group() == 1;
  return depthwise ? nullptr : "needs groups of one channel and one filter";
}

#if JOULE_WITH_CUDA
/// Their kernels compute positions in an image and in a filter in 32 bits.
template <class Op>
const char* one_group_in_32_bits(const Op& op) {
  const Conv2dShape s = shape_of(op);
  const std::int64_t most =
      std::max({s.in_h + 2 * s.pad_h, s.in_w + 2 * s.pad_w, s.stride_h, s.stride_w, s.dilation_h,
                s.dilation_w, s.kernel_h * s.kernel_w * std::max(s.in_channels, s.out_channels)});
  return most < 1 << 29 ? one_group(op) : "needs images and filters of less than 2^29 positions";
}

/// The lists of non-zeros count the elements of a row of pixels in 32 bits.
template <class Op>
const char* listed_in_32_bits(const Op& op, const Tensor& images) {
  const bool short_rows = images.dim(2) * images.dim(3) < std::int64_t{1} << 31;
  return short_rows ? one_group_in_32_bits(op) : "the rows of pixels are too long";
}
const char* listed_in_32_bits(const ops::Conv2d& op) { return listed_in_32_bits(op, op.x); }
const char* listed_in_32_bits(const ops::Conv2dGradInput& op) {
  return listed_in_32_bits(op, op.grad_y);
}

template <class Op>
const char* on_tensor_cores(const Op& op) {
  if (const char* const why = one_group_in_32_bits(op)) return why;
  return cuda::unsupported_by_mma();
}

/// The terms of a sum; of the gradient of x, of a pixel that the fewest outputs read.
std::int64_t terms_of(const ops::Conv2d& op) {
  return op.weight.dim(1) * op.weight.dim(2) * op.weight.dim(3);
}
std::int64_t terms_of(const ops::Conv2dGradInput& op) {
  const Conv2dShape s = shape_of(op);
  return std::max<std::int64_t>(1, s.kernel_h / s.stride_h) *
         std::max<std::int64_t>(1, s.kernel_w / s.stride_w) * s.out_channels;
}
std::int64_t terms_of(const ops::Conv2dGradWeight& op) {
  return op.grad_y.dim(0) * op.grad_y.dim(1) * op.grad_y.dim(2);
}

template <class Op>
const char* by_three_products(const Op& op) {
  const char* const why = cuda::unsupported_by_three_products(terms_of(op));
  return why ? why : one_group_in_32_bits(op);
}
#endif

template <class Op>
const char* one_run(const Op& op, const Tensor& images) {
  if (op.params.dilation.w != 1) return "needs dilation 1 in width";
  if (!cpu::can_index_runs(images)) return "the rows of pixels are too long";
  return one_group(op);
}
const char* one_run(const ops::Conv2d& op) { return one_run(op, op.x); }
const char* one_run(const ops::Conv2dGradInput& op) { return one_run(op, op.grad_y); }

const char* wanted_and_one_group(const ops::Conv2dGradInput& op) {
  return op.wanted ? one_group(op) : "nothing tells which elements are wanted";
}

template <class Op>
const char* fits_winograd(const Op& op) {
  return winograd_fits(shape_of(op)) ? nullptr
                                     : "needs a 3x3 kernel, stride 1, no dilation or groups";
}

#if JOULE_WITH_ONEDNN
/// oneDNN 2.6 divides by zero without an image.
template <class Op>
const char* an_image(const Op& op) {
  return shape_of(op).batch > 0 ? nullptr : "needs an image";
}

/// oneDNN 2.6.3 (and 3.12 still) copies the pixels that a 1x1 kernel with a stride reads side by
/// side into its scratch memory, and lays them out there for at least 16 channels in room for as
/// many as there are: with fewer it writes over other threads' pixels, its own barriers and what
/// lies behind (https://github.com/uxlfoundation/oneDNN/issues/6035).
const char* fits_onednn(const ops::Conv2dGradWeight& op) {
  const Conv2dShape s = shape_of(op);
  const bool strided_1x1 = s.kernel_h == 1 && s.kernel_w == 1 && (s.stride_h > 1 || s.stride_w > 1);
  if (strided_1x1 && s.groups == 1 && s.in_channels < 16) {
    return "oneDNN writes out of bounds for a strided 1x1 kernel on fewer than 16 channels";
  }
  return an_image(op);
}

#endif

}  // namespace

std::span<const Implementation<ops::Conv2d>> ops::Conv2d::implementations() {
  using Row = Implementation<ops::Conv2d>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Row{.name = "cuda.depthwise",
        .device = Device::cuda,
        .unsupported = one_channel_each,
        .run = cuda::conv2d_depthwise},
    Row{.name = "cuda.skip_zero_lists",
        .device = Device::cuda,
        .unsupported = listed_in_32_bits,
        .run = cuda::conv2d_skip_zero_lists,
        .slower = cuda::why_not_skip_zero_lists,
        .skips_zeros = true},
    Row{.name = "cuda.skip_zero",
        .device = Device::cuda,
        .unsupported = one_group_in_32_bits,
        .run = cuda::conv2d_skip_zero,
        .slower = cuda::why_not_skip_zero,
        .skips_zeros = true},
#if JOULE_WITH_CUDNN
    Row{.name = "cudnn",
        .device = Device::cuda,
        .unsupported = cudnn::unsupported,
        .run = cudnn::conv2d},
#endif
    Row{.name = "cuda.implicit_gemm_mma_bf16",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_mma_bf16,
        .precision = Precision::bf16},
    Row{.name = "cuda.implicit_gemm_mma_tf32",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_mma_tf32,
        .precision = Precision::tf32},
    Row{.name = "cuda.implicit_gemm_mma_3xtf32",
        .device = Device::cuda,
        .unsupported = by_three_products,
        .run = cuda::conv2d_mma_f32,
        .slower = cuda::why_not_three_products},
    Row{.name = "cuda.implicit_gemm_8x8",
        .device = Device::cuda,
        .unsupported = one_group_in_32_bits,
        .run = cuda::conv2d_implicit_gemm},
    Row{.name = "cuda.direct",
        .device = Device::cuda,
        .unsupported = runs_all,
        .run = cuda::conv2d_direct},
#endif
    Row{.name = "cpu.depthwise",
        .device = Device::cpu,
        .unsupported = one_channel_each,
        .run = cpu::conv2d_depthwise,
        .slower = cpu::why_not_depthwise},
    Row{.name = "cpu.skip_zero_runs_bf16_weights",
        .device = Device::cpu,
        .unsupported = one_run,
        .run = cpu::conv2d_runs_bf16_weights,
        .slower = cpu::why_not_runs<Precision::bf16>,
        .skips_zeros = true,
        .precision = Precision::bf16},
    Row{.name = "cpu.skip_zero_bf16_weights",
        .device = Device::cpu,
        .unsupported = one_group,
        .run = cpu::conv2d_skip_zero_bf16_weights,
        .slower = cpu::why_not_skip_zero<Precision::bf16>,
        .skips_zeros = true,
        .precision = Precision::bf16},
    Row{.name = "cpu.skip_zero_runs",
        .device = Device::cpu,
        .unsupported = one_run,
        .run = cpu::conv2d_runs,
        .slower = cpu::why_not_runs<Precision::f32>,
        .skips_zeros = true},
    Row{.name = "cpu.skip_zero",
        .device = Device::cpu,
        .unsupported = one_group,
        .run = cpu::conv2d_skip_zero,
        .slower = cpu::why_not_skip_zero<Precision::f32>,
        .skips_zeros = true},
    Row{.name = "cpu.winograd",
        .device = Device::cpu,
        .unsupported = fits_winograd,
        .run = cpu::conv2d_winograd_4x4,
        .slower = cpu::why_not_winograd_4x4,
        .algorithm = Algorithms::winograd_4x4},
    Row{.name = "cpu.winograd_2x2",
        .device = Device::cpu,
        .unsupported = fits_winograd,
        .run = cpu::conv2d_winograd_2x2,
        .slower = cpu::why_not_winograd_2x2,
        .algorithm = Algorithms::winograd_2x2},
#if JOULE_WITH_ONEDNN
    // Which order of summation oneDNN chooses may depend on the number of threads.
    Row{.name = "onednn",
        .device = Device::cpu,
        .unsupported = an_image,
        .run = onednn::conv2d,
        .thread_invariant = false,
        .slower = onednn::why_not},
#endif
    Row{.name = "cpu.direct",
        .device = Device::cpu,
        .unsupported = runs_all,
        .run = cpu::conv2d_direct},
    Row{.name = kReference,
        .device = Device::cpu,
        .unsupported = runs_all,
        .run = run_conv2d_reference},
  };
  return kTable;
}

std::span<const Implementation<ops::Conv2dGradInput>> ops::Conv2dGradInput::implementations() {
  using Row = Implementation<ops::Conv2dGradInput>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Row{.name = "cuda.depthwise",
        .device = Device::cuda,
        .unsupported = one_channel_each,
        .run = cuda::conv2d_grad_input_depthwise},
    Row{.name = "cuda.skip_zero_lists",
        .device = Device::cuda,
        .unsupported = listed_in_32_bits,
        .run = cuda::conv2d_grad_input_skip_zero_lists,
        .slower = cuda::why_not_skip_zero_lists,
        .skips_zeros = true},
    Row{.name = "cuda.skip_zero",
        .device = Device::cuda,
        .unsupported = one_group_in_32_bits,
        .run = cuda::conv2d_grad_input_skip_zero,
        .slower = cuda::why_not_skip_zero,
        .skips_zeros = true},
#if JOULE_WITH_CUDNN
    Row{.name = "cudnn",
        .device = Device::cuda,
        .unsupported = cudnn::unsupported,
        .run = cudnn::conv2d_grad_input},
#endif
    Row{.name = "cuda.implicit_gemm_mma_bf16",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_grad_input_mma_bf16,
        .precision = Precision::bf16},
    Row{.name = "cuda.implicit_gemm_mma_tf32",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_grad_input_mma_tf32,
        .precision = Precision::tf32},
    Row{.name = "cuda.implicit_gemm_mma_3xtf32",
        .device = Device::cuda,
        .unsupported = by_three_products,
        .run = cuda::conv2d_grad_input_mma_f32,
        .slower = cuda::why_not_three_products},
    Row{.name = "cuda.implicit_gemm_8x8",
        .device = Device::cuda,
        .unsupported = one_group_in_32_bits,
        .run = cuda::conv2d_grad_input_implicit_gemm},
    Row{.name = "cuda.direct",
        .device = Device::cuda,
        .unsupported = runs_all,
        .run = cuda::conv2d_grad_input_direct},
#endif
    Row{.name = "cpu.depthwise",
        .device = Device::cpu,
        .unsupported = one_channel_each,
        .run = cpu::conv2d_grad_input_depthwise,
        .slower = cpu::why_not_depthwise},
    Row{.name = "cpu.skip_unwanted",
        .device = Device::cpu,
        .unsupported = wanted_and_one_group,
        .run = cpu::conv2d_grad_input_skip_unwanted,
        .slower = cpu::why_not_skip_unwanted,
        .skips_zeros = true},
    Row{.name = "cpu.skip_zero_runs",
        .device = Device::cpu,
        .unsupported = one_run,
        .run = cpu::conv2d_grad_input_runs,
        .slower = cpu::why_not_runs,
        .skips_zeros = true},
    Row{.name = "cpu.skip_zero",
        .device = Device::cpu,
        .unsupported = one_group,
        .run = cpu::conv2d_grad_input_skip_zero,
        .slower = cpu::why_not_skip_zero,
        .skips_zeros = true},
    Row{.name = "cpu.winograd",
        .device = Device::cpu,
        .unsupported = fits_winograd,
        .run = cpu::conv2d_grad_input_winograd_4x4,
        .slower = cpu::why_not_winograd_4x4,
        .algorithm = Algorithms::winograd_4x4},
    Row{.name = "cpu.winograd_2x2",
        .device = Device::cpu,
        .unsupported = fits_winograd,
        .run = cpu::conv2d_grad_input_winograd_2x2,
        .slower = cpu::why_not_winograd_2x2,
        .algorithm = Algorithms::winograd_2x2},
#if JOULE_WITH_ONEDNN
    Row{.name = "onednn",
        .device = Device::cpu,
        .unsupported = an_image,
        .run = onednn::conv2d_grad_input,
        .thread_invariant = false,
        .slower = onednn::why_not},
#endif
    Row{.name = "cpu.direct",
        .device = Device::cpu,
        .unsupported = runs_all,
        .run = cpu::conv2d_grad_input_direct},
    Row{.name = kReference,
        .device = Device::cpu,
        .unsupported = runs_all,
        .run = run_conv2d_grad_input_reference},
  };
  return kTable;
}

std::span<const Implementation<ops::Conv2dGradWeight>> ops::Conv2dGradWeight::implementations() {
  using Row = Implementation<ops::Conv2dGradWeight>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Row{.name = "cuda.depthwise",
        .device = Device::cuda,
        .unsupported = one_channel_each,
        .run = cuda::conv2d_grad_weight_depthwise},
    Row{.name = "cuda.skip_zero_grad_y",
        .device = Device::cuda,
        .unsupported = one_group_in_32_bits,
        .run = cuda::conv2d_grad_weight_skip_zero_grad_y,
        .slower = cuda::why_not_skip_zero_grad_y,
        .skips_zeros = true},
    Row{.name = "cuda.skip_zero_x",
        .device = Device::cuda,
        .unsupported = one_group_in_32_bits,
        .run = cuda::conv2d_grad_weight_skip_zero_x,
        .slower = cuda::why_not_skip_zero_x,
        .skips_zeros = true},
#if JOULE_WITH_CUDNN
    Row{.name = "cudnn",
        .device = Device::cuda,
        .unsupported = cudnn::unsupported,
        .run = cudnn::conv2d_grad_weight},
#endif
    Row{.name = "cuda.implicit_gemm_mma_bf16",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_grad_weight_mma_bf16,
        .precision = Precision::bf16},
    Row{.name = "cuda.implicit_gemm_mma_tf32",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::conv2d_grad_weight_mma_tf32,
        .precision = Precision::tf32},
    Row{.name = "cuda.implicit_gemm_mma_3xtf32",
        .device = Device::cuda,
        .unsupported = by_three_products,
        .run = cuda::conv2d_grad_weight_mma_f32,
        .slower = cuda::why_not_three_products},
    Row{.name = "cuda.implicit_gemm_8x8",
        .device = Device::cuda,
        .unsupported = one_group_in_32_bits,
        .run = cuda::conv2d_grad_weight_implicit_gemm},
    Row{.name = "cuda.direct",
        .device = Device::cuda,
        .unsupported = runs_all,
        .run = cuda::conv2d_grad_weight_direct},
#endif
    Row{.name = "cpu.depthwise",
        .device = Device::cpu,
        .unsupported = one_channel_each,
        .run = cpu::conv2d_grad_weight_depthwise,
        .slower = cpu::why_not_depthwise},
    Row{.name = "cpu.skip_zero_grad_y",
        .device = Device::cpu,
        .unsupported = one_group,
        .run = cpu::conv2d_grad_weight_skip_zero_grad_y,
        .slower = cpu::why_not_skip_zero_grad_y,
        .skips_zeros = true},
    Row{.name = "cpu.skip_zero_x",
        .device = Device::cpu,
        .unsupported = one_group,
        .run = cpu::conv2d_grad_weight_skip_zero_x,
        .slower = cpu::why_not_skip_zero_x,
        .skips_zeros = true},
#if JOULE_WITH_ONEDNN
    Row{.name = "onednn",
        .device = Device::cpu,
        .unsupported = fits_onednn,
        .run = onednn::conv2d_grad_weight,
        .thread_invariant = false,
        .slower = onednn::why_not},
#endif
    Row{.name = "cpu.direct",
        .device = Device::cpu,
        .unsupported = runs_all,
        .run = cpu::conv2d_grad_weight_direct},
    Row{.name = kReference,
        .device = Device::cpu,
        .unsupported = runs_all,
        .run = run_conv2d_grad_weight_reference},
  };
  return kTable;
}

}  // namespace joule
