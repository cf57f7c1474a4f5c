// SPDX-License-Identifier: MIT
#include "joule/kernels/linear/linear.h"

#include <algorithm>
#include <array>

#include "joule/kernels/bytes_of.h"
#include "joule/kernels/linear/linear_impl.h"
#include "joule/kernels/linear/linear_reference.h"
#include "joule/kernels/product/cublas.h"
#include "joule/kernels/product/unsupported_by_mma.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void run_reference(const ops::Linear& op, Context&, Tally* tally) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::linear(op.x.dim(0), op.x.dim(1), op.weight.dim(0), op.x.data<T>(),
                      op.weight.data<T>(), op.bias ? op.bias.data<T>() : nullptr,
                      op.y.mutable_data<T>());
  });
  count_zeros(tally, op.x, op.weight.dim(0));
}

void run_grad_input_reference(const ops::LinearGradInput& op, Context&, Tally* tally) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::linear_grad_input(op.grad_y.dim(0), op.weight.dim(1), op.weight.dim(0),
                                 op.grad_y.data<T>(), op.weight.data<T>(),
                                 op.grad_x.mutable_data<T>());
  });
  count_zeros(tally, op.grad_y, op.weight.dim(1));
}

void run_grad_weight_reference(const ops::LinearGradWeight& op, Context&, Tally* tally) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::linear_grad_weight(op.x.dim(0), op.x.dim(1), op.grad_y.dim(1), op.x.data<T>(),
                                  op.grad_y.data<T>(), op.grad_weight.mutable_data<T>(),
                                  op.grad_bias ? op.grad_bias.mutable_data<T>() : nullptr);
  });
  count_zeros(tally, op.x, op.grad_y.dim(1));
}

void require_matrix(std::string_view op, const Named& o) {
  require_same(op, {o});
  require(o.tensor.shape().rank() == 2, op, ": ", o.name, " must have rank 2, got ",
          o.tensor.shape());
}

const char* unless_empty(std::int64_t x, std::int64_t weight) {
  return x && weight ? nullptr : "needs non-empty operands";
}
const char* empty(const ops::Linear& op) { return unless_empty(op.x.numel(), op.weight.numel()); }
const char* empty(const ops::LinearGradInput& op) {
  return unless_empty(op.grad_y.numel(), op.weight.numel());
}

// Measured with 64 to 256 rows and weights from 512x512 to 6272x128: once the weights are packed
// cpu.skip_zero breaks even at 80 % of non-zeros, and packing them, once per update, costs as much
// as 20 rows of the dense product; several times that when they do not fit into the caches.
const char* unless_sparse(const Tensor& rows, const Tensor& weight) {
  const auto mask = rows.zero_mask();
  if (!mask) return "no zero mask tells that it is worth it";
  constexpr std::size_t kCachedBytes = 32 << 20;
  if (weight.bytes() > kCachedBytes) return "packing that many weights costs more";
  const std::int64_t values = rows.dim(1);
  return 10 * mask->nonzeros() < 8 * rows.numel() - 200 * values
             ? nullptr
             : "its zeros do not pay for packing the weights";
}
const char* dense_x(const ops::Linear& op) { return unless_sparse(op.x, op.weight); }
// cpu.few_rows packs the weights once per update, which only the same weights again pay for.
const char* many_rows(const ops::Linear& op) {
  if (context().grad_enabled) return "the weights would be packed for every step";
  return op.x.dim(0) <= 8 ? nullptr : "there are many rows";
}
const char* dense_grad_y(const ops::LinearGradInput& op) {
  return unless_sparse(op.grad_y, op.weight);
}

// The time of cpu.skip_zero_grad_y, a dense row's being 1; measured on Zen 5 with 4 to 300 rows and
// gradients from 10x128 to 4096x512.  What does not depend on the zeros: a visit per element of the
// result and 64 rows, which fewer rows do not make cheaper, and beginning and ending two parallel
// regions.
const char* few_zeros(const ops::LinearGradWeight& op) {
  const auto mask = op.grad_y.zero_mask();
  if (!mask) return "no zero mask tells that it is worth it";
  const auto rows = static_cast<double>(std::min<std::int64_t>(64, op.x.dim(0)));
  const double density =
      static_cast<double>(mask->nonzeros()) / static_cast<double>(op.grad_y.numel());
  const double regions = std::min(0.4, 3e6 / static_cast<double>(op.work().macs));
  const double time = 0.12 + 5 / rows + regions + 1.05 * density;
  return time < 0.97 ? nullptr : "there are too few zeros";
}

const char* empty(const ops::LinearGradWeight& op) {
  return unless_empty(op.x.numel(), op.grad_weight.numel());
}

#if JOULE_WITH_CUBLAS
template <class Op>
const char* by_cublas(const Op& op) {
  if (const char* const why = empty(op)) return why;
  return cublas::unavailable();
}
#endif

#if JOULE_WITH_CUDA
template <class Op>
const char* on_tensor_cores(const Op&) {
  return cuda::unsupported_by_mma();
}

const char* by_three_products(const ops::Linear& op) {
  return cuda::unsupported_by_three_products(op.x.dim(1));
}
const char* by_three_products(const ops::LinearGradInput& op) {
  return cuda::unsupported_by_three_products(op.weight.dim(0));
}
const char* by_three_products(const ops::LinearGradWeight& op) {
  return cuda::unsupported_by_three_products(op.x.dim(0));
}
#endif

}  // namespace

void ops::Linear::check() const {
  require_matrix(kName, {"x", x});
  require_matrix(kName, {"weight", weight});
  require_shape(kName, {"weight", weight}, {weight.dim(0), x.dim(1)}, x);
  require_shape(kName, {"y", y}, {x.dim(0), weight.dim(0)}, x);
  if (bias) require_shape(kName, {"bias", bias}, {weight.dim(0)}, x);
}

Work ops::Linear::work() const {
  return {.macs = x.numel() * weight.dim(0),
          .bytes_read = bytes_of(x) + bytes_of(weight) + bytes_of(bias),
          .bytes_written = bytes_of(y)};
}

TuningKey ops::Linear::tuning_key() const {
  return {.sizes = {x.dim(0), x.dim(1), weight.dim(0)}, .sparse = {{{"x", &x}}}};
}

std::span<const Implementation<ops::Linear>> ops::Linear::implementations() {
  using Row = Implementation<ops::Linear>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUBLAS
    Row{"cublas", Device::cuda, by_cublas, cublas::linear},
#endif
#if JOULE_WITH_CUDA
    Row{.name = "cuda.tiled_64x64_mma_bf16",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::linear_mma_bf16,
        .precision = Precision::bf16},
    Row{.name = "cuda.tiled_64x64_mma_tf32",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::linear_mma_tf32,
        .precision = Precision::tf32},
    Row{.name = "cuda.tiled_64x64_mma_3xtf32",
        .device = Device::cuda,
        .unsupported = by_three_products,
        .run = cuda::linear_mma_f32},
    Row{"cuda.tiled_64x64", Device::cuda, runs_all, cuda::linear_tiled_64x64},
    Row{"cuda.one_thread_per_output", Device::cuda, runs_all, cuda::linear_one_thread_per_output},
#endif
    Row{"cpu.skip_zero_bf16_weights", Device::cpu, empty, cpu::linear_skip_zero_bf16_weights, true,
        dense_x, true, Precision::bf16},
    Row{"cpu.skip_zero", Device::cpu, empty, cpu::linear_skip_zero, true, dense_x, true},
    Row{"cpu.few_rows", Device::cpu, runs_all, cpu::linear_few_rows, true, many_rows},
#if JOULE_WITH_ONEDNN
    // oneDNN may split the sum over the threads.
    Row{"onednn", Device::cpu, empty, onednn::linear, false},
#endif
    Row{"cpu.gemm", Device::cpu, runs_all, cpu::linear_gemm},
    Row{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::LinearGradInput::check() const {
  require_matrix(kName, {"grad_y", grad_y});
  require_matrix(kName, {"weight", weight});
  require_shape(kName, {"weight", weight}, {grad_y.dim(1), weight.dim(1)}, grad_y);
  require_shape(kName, {"grad_x", grad_x}, {grad_y.dim(0), weight.dim(1)}, grad_y);
}

Work ops::LinearGradInput::work() const {
  return {.macs = grad_y.numel() * weight.dim(1),
          .bytes_read = bytes_of(grad_y) + bytes_of(weight),
          .bytes_written = bytes_of(grad_x)};
}

TuningKey ops::LinearGradInput::tuning_key() const {
  return {.sizes = {grad_y.dim(0), weight.dim(1), grad_y.dim(1)},
          .sparse = {{{"grad_y", &grad_y}}}};
}

std::span<const Implementation<ops::LinearGradInput>> ops::LinearGradInput::implementations() {
  using Row = Implementation<ops::LinearGradInput>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUBLAS
    Row{"cublas", Device::cuda, by_cublas, cublas::linear_grad_input},
#endif
#if JOULE_WITH_CUDA
    Row{.name = "cuda.tiled_64x64_mma_bf16",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::linear_grad_input_mma_bf16,
        .precision = Precision::bf16},
    Row{.name = "cuda.tiled_64x64_mma_tf32",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::linear_grad_input_mma_tf32,
        .precision = Precision::tf32},
    Row{.name = "cuda.tiled_64x64_mma_3xtf32",
        .device = Device::cuda,
        .unsupported = by_three_products,
        .run = cuda::linear_grad_input_mma_f32},
    Row{"cuda.tiled_64x64", Device::cuda, runs_all, cuda::linear_grad_input_tiled_64x64},
    Row{"cuda.one_thread_per_output", Device::cuda, runs_all,
        cuda::linear_grad_input_one_thread_per_output},
#endif
    Row{"cpu.skip_zero", Device::cpu, empty, cpu::linear_grad_input_skip_zero, true, dense_grad_y,
        true},
#if JOULE_WITH_ONEDNN
    Row{"onednn", Device::cpu, empty, onednn::linear_grad_input, false},
#endif
    Row{"cpu.gemm", Device::cpu, runs_all, cpu::linear_grad_input_gemm},
    Row{kReference, Device::cpu, runs_all, run_grad_input_reference},
  };
  return kTable;
}

void ops::LinearGradWeight::check() const {
  require_matrix(kName, {"x", x});
  require_matrix(kName, {"grad_y", grad_y});
  require_shape(kName, {"grad_y", grad_y}, {x.dim(0), grad_y.dim(1)}, x);
  require_shape(kName, {"grad_weight", grad_weight}, {grad_y.dim(1), x.dim(1)}, x);
  if (grad_bias) require_shape(kName, {"grad_bias", grad_bias}, {grad_y.dim(1)}, x);
}

Work ops::LinearGradWeight::work() const {
  return {.macs = x.numel() * grad_y.dim(1),
          .bytes_read = bytes_of(x) + bytes_of(grad_y),
          .bytes_written = bytes_of(grad_weight) + bytes_of(grad_bias)};
}

TuningKey ops::LinearGradWeight::tuning_key() const {
  return {.sizes = {x.dim(0), x.dim(1), grad_y.dim(1)}, .sparse = {{{"grad_y", &grad_y}}}};
}

std::span<const Implementation<ops::LinearGradWeight>> ops::LinearGradWeight::implementations() {
  using Row = Implementation<ops::LinearGradWeight>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUBLAS
    Row{"cublas", Device::cuda, by_cublas, cublas::linear_grad_weight},
#endif
#if JOULE_WITH_CUDA
    Row{.name = "cuda.tiled_64x64_mma_bf16",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::linear_grad_weight_mma_bf16,
        .precision = Precision::bf16},
    Row{.name = "cuda.tiled_64x64_mma_tf32",
        .device = Device::cuda,
        .unsupported = on_tensor_cores,
        .run = cuda::linear_grad_weight_mma_tf32,
        .precision = Precision::tf32},
    Row{.name = "cuda.tiled_64x64_mma_3xtf32",
        .device = Device::cuda,
        .unsupported = by_three_products,
        .run = cuda::linear_grad_weight_mma_f32},
    Row{"cuda.tiled_64x64", Device::cuda, runs_all, cuda::linear_grad_weight_tiled_64x64},
    Row{"cuda.one_thread_per_output", Device::cuda, runs_all,
        cuda::linear_grad_weight_one_thread_per_output},
#endif
    Row{"cpu.skip_zero_grad_y", Device::cpu, empty, cpu::linear_grad_weight_skip_zero_grad_y, true,
        few_zeros, true},
#if JOULE_WITH_ONEDNN
    // oneDNN 2.6 divides by zero when a dimension is 0.
    Row{"onednn", Device::cpu, empty, onednn::linear_grad_weight, false},
#endif
    Row{"cpu.gemm", Device::cpu, runs_all, cpu::linear_grad_weight_gemm},
    Row{kReference, Device::cpu, runs_all, run_grad_weight_reference},
  };
  return kTable;
}

}  // namespace joule
