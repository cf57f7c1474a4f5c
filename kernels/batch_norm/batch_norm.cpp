// SPDX-License-Identifier: MIT
#include "joule/kernels/batch_norm/batch_norm.h"

#include <array>

#include "joule/kernels/batch_norm/batch_norm_impl.h"
#include "joule/kernels/batch_norm/batch_norm_reference.h"
#include "joule/kernels/bytes_of.h"
#include "joule/kernels/l0/l0.h"
#include "joule/kernels/relu/relu_reference.h"
#include "joule/kernels/same.h"
#include "joule/kernels/zero_mask_rows.h"

namespace joule {
namespace {

void run_reference(const ops::BatchNorm& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    T* const y = op.y.mutable_data<T>();
    // y may be the addend, which is still to be read when the norm is written.
    const Tensor addend = op.addend && op.addend.same_storage(op.y) ? op.addend.clone() : op.addend;
    reference::batch_norm(
        rows_of(op.x), op.x.dim(-1), op.x.data<T>(), op.gamma.data<T>(), op.beta.data<T>(),
        T(op.epsilon), T(op.momentum), y, op.mean.mutable_data<T>(), op.mean_rest.mutable_data<T>(),
        op.inv_std.mutable_data<T>(), op.running_mean ? op.running_mean.mutable_data<T>() : nullptr,
        op.running_var ? op.running_var.mutable_data<T>() : nullptr);
    if (addend) {
      const T* const added = addend.data<T>();
      for (std::int64_t i = 0; i < op.y.numel(); ++i) y[i] += added[i];
    }
    if (!op.relu) return;
    reference::relu(op.y.numel(), y, T(op.threshold), y);
    if (op.l0_sum) {
      *op.l0_sum.mutable_data<T>() = reference::smooth_l0_sum(op.y.numel(), y, T(op.sigma));
    }
    op.y.attach(mask_of(op.y));
  });
}

void run_inference_reference(const ops::BatchNormInference& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::batch_norm_inference(
        rows_of(op.x), op.x.dim(-1), op.x.data<T>(), op.gamma.data<T>(), op.beta.data<T>(),
        op.running_mean.data<T>(), op.running_var.data<T>(), T(op.epsilon), op.y.mutable_data<T>());
  });
}

void run_inference_grad_reference(const ops::BatchNormInferenceGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::batch_norm_inference_grad(
        rows_of(op.x), op.x.dim(-1), op.x.data<T>(), op.gamma.data<T>(), op.running_mean.data<T>(),
        op.running_var.data<T>(), T(op.epsilon), op.grad_y.data<T>(), op.grad_x.mutable_data<T>(),
        op.grad_gamma.mutable_data<T>(), op.grad_beta.mutable_data<T>());
  });
}

void run_grad_reference(const ops::BatchNormGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    T* const grad_x = op.grad_x.mutable_data<T>();
    const T* grad_y = op.grad_y.data<T>();
    if (op.relu_mask) {
      reference::relu_grad(*op.relu_mask, grad_y, grad_x);
      grad_y = grad_x;
    }
    reference::batch_norm_grad(rows_of(op.x), op.x.dim(-1), op.x.data<T>(), op.gamma.data<T>(),
                               op.mean.data<T>(), op.mean_rest.data<T>(), op.inv_std.data<T>(),
                               grad_y, grad_x, op.grad_gamma.mutable_data<T>(),
                               op.grad_beta.mutable_data<T>());
  });
}

void check_images(std::string_view op, std::initializer_list<Named> images) {
  require_same(op, images);
  const Named& x = *images.begin();
  require(x.tensor.shape().rank() >= 2, op, ": ", x.name, " must be [..., C], got ",
          x.tensor.shape());
}

void check_channels(std::string_view op, const Tensor& x, std::initializer_list<Named> operands) {
  for (const Named& o : operands) require_shape(op, o, {x.dim(-1)}, x);
}

/// For what knows no other shares of a batch.
template <class Op>
const char* whole_batch(const Op& op) {
  return op.gather ? "knows no other shares of the batch" : nullptr;
}

}  // namespace

void ops::BatchNorm::check() const {
  check_images(kName, {{"x", x}, {"y", y}});
  check_channels(kName, x,
                 {{"gamma", gamma},
                  {"beta", beta},
                  {"mean", mean},
                  {"mean_rest", mean_rest},
                  {"inv_std", inv_std}});
  require(running_mean.defined() == running_var.defined(), kName,
          ": running_mean and running_var must both be defined, or neither");
  if (running_mean) {
    check_channels(kName, x, {{"running_mean", running_mean}, {"running_var", running_var}});
  }
  require(epsilon > 0, kName, ": epsilon must be positive, got ", epsilon);
  require(momentum >= 0 && momentum <= 1, kName, ": momentum must be in [0, 1], got ", momentum);
  require(rows_of(x) >= (gather ? 1 : 2), kName,
          ": a variance needs at least 2 values per channel, x is ", x.shape());
  if (addend) require_same(kName, {{"x", x}, {"addend", addend}});
  require_threshold(kName, threshold);
  require(relu || (!l0_sum && threshold == 0), kName,
          ": l0_sum and threshold are those of a ReLU, but relu is off");
  if (l0_sum) require_sigma(kName, sigma);
  require(!l0_sum || l0_sum.numel() == 1, kName, ": l0_sum must be a scalar");
}

Work ops::BatchNorm::work() const {
  const std::int64_t channel = bytes_of(gamma);
  const std::int64_t running = bytes_of(running_mean) + bytes_of(running_var);
  return {.macs = 2 * x.numel() + x.dim(-1) * (running ? 3 : 1),
          .bytes_read = bytes_of(x) + bytes_of(addend) + 2 * channel + running,
          .bytes_written = bytes_of(y) + (relu ? y.numel() / 8 : 0) + 3 * channel + running};
}

std::span<const Implementation<ops::BatchNorm>> ops::BatchNorm::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::BatchNorm>{"cuda.channel_rows", Device::cuda, whole_batch<ops::BatchNorm>,
                                   cuda::batch_norm},
#endif
    Implementation<ops::BatchNorm>{"cpu.simd", Device::cpu, runs_all, cpu::batch_norm_simd},
    Implementation<ops::BatchNorm>{kReference, Device::cpu, whole_batch<ops::BatchNorm>,
                                   run_reference},
  };
  return kTable;
}

void ops::BatchNormInference::check() const {
  check_images(kName, {{"x", x}, {"y", y}});
  check_channels(kName, x,
                 {{"gamma", gamma},
                  {"beta", beta},
                  {"running_mean", running_mean},
                  {"running_var", running_var}});
  require(epsilon > 0, kName, ": epsilon must be positive, got ", epsilon);
}

Work ops::BatchNormInference::work() const {
  return {.macs = x.numel(),
          .bytes_read = bytes_of(x) + 4 * bytes_of(gamma),
          .bytes_written = bytes_of(y)};
}

std::span<const Implementation<ops::BatchNormInference>>
ops::BatchNormInference::implementations() {
  using Row = Implementation<ops::BatchNormInference>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Row{"cuda.channel_rows", Device::cuda, runs_all, cuda::batch_norm_inference},
#endif
    Row{"cpu.simd", Device::cpu, runs_all, cpu::batch_norm_inference_simd},
    Row{kReference, Device::cpu, runs_all, run_inference_reference},
  };
  return kTable;
}

void ops::BatchNormInferenceGrad::check() const {
  check_images(kName, {{"x", x}, {"grad_y", grad_y}, {"grad_x", grad_x}});
  check_channels(kName, x,
                 {{"gamma", gamma},
                  {"running_mean", running_mean},
                  {"running_var", running_var},
                  {"grad_gamma", grad_gamma},
                  {"grad_beta", grad_beta}});
  require(epsilon > 0, kName, ": epsilon must be positive, got ", epsilon);
}

Work ops::BatchNormInferenceGrad::work() const {
  return {.macs = 2 * x.numel() + 2 * x.dim(-1),
          .bytes_read = bytes_of(x) + bytes_of(grad_y) + 3 * bytes_of(gamma),
          .bytes_written = bytes_of(grad_x) + 2 * bytes_of(gamma)};
}

std::span<const Implementation<ops::BatchNormInferenceGrad>>
ops::BatchNormInferenceGrad::implementations() {
  using Row = Implementation<ops::BatchNormInferenceGrad>;
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Row{"cuda.channel_rows", Device::cuda, runs_all, cuda::batch_norm_inference_grad},
#endif
    Row{"cpu.simd", Device::cpu, runs_all, cpu::batch_norm_inference_grad_simd},
    Row{kReference, Device::cpu, runs_all, run_inference_grad_reference},
  };
  return kTable;
}

void ops::BatchNormGrad::check() const {
  check_images(kName, {{"x", x}, {"grad_y", grad_y}, {"grad_x", grad_x}});
  check_channels(kName, x,
                 {{"gamma", gamma},
                  {"mean", mean},
                  {"mean_rest", mean_rest},
                  {"inv_std", inv_std},
                  {"grad_gamma", grad_gamma},
                  {"grad_beta", grad_beta}});
  if (relu_mask) require_mask_of(kName, *relu_mask, "x", x);
  require(rows_of(x) >= 1, kName, ": expects at least one value per channel, x is ", x.shape());
}

Work ops::BatchNormGrad::work() const {
  return {.macs = 3 * x.numel() + 3 * x.dim(-1),
          .bytes_read = bytes_of(x) + bytes_of(grad_y) + (relu_mask ? x.numel() / 8 : 0) +
                        4 * bytes_of(gamma),
          .bytes_written = bytes_of(grad_x) + 2 * bytes_of(gamma)};
}

std::span<const Implementation<ops::BatchNormGrad>> ops::BatchNormGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::BatchNormGrad>{"cuda.channel_rows", Device::cuda,
                                       whole_batch<ops::BatchNormGrad>, cuda::batch_norm_grad},
#endif
    Implementation<ops::BatchNormGrad>{"cpu.simd", Device::cpu, runs_all,
                                       cpu::batch_norm_grad_simd},
    Implementation<ops::BatchNormGrad>{kReference, Device::cpu, whole_batch<ops::BatchNormGrad>,
                                       run_grad_reference},
  };
  return kTable;
}

}  // namespace joule
