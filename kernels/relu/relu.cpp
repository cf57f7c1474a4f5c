// SPDX-License-Identifier: MIT
#include "joule/kernels/relu/relu.h"

#include <array>
#include <cmath>
#include <memory>

#include "joule/core/threads.h"
#include "joule/kernels/l0/l0.h"
#include "joule/kernels/relu/relu_impl.h"
#include "joule/kernels/relu/relu_reference.h"
#include "joule/kernels/same.h"
#include "joule/kernels/zero_mask_rows.h"

namespace joule {
namespace {

void run_reference(const ops::Relu& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const std::int64_t n = op.x.numel();
    T* const y = op.y.mutable_data<T>();
    reference::relu(n, op.x.data<T>(), T(op.threshold), y);
    if (op.l0_sum) {
      *op.l0_sum.mutable_data<T>() = reference::smooth_l0_sum(n, y, T(op.sigma));
    }
    op.y.attach(mask_of(op.y));
  });
}

void run_grad_reference(const ops::ReluGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    T* const grad_x = op.grad_x.mutable_data<T>();
    if (op.y) {
      reference::relu_grad(op.y.numel(), op.y.data<T>(), op.grad_y.data<T>(), T(op.sigma),
                           T(op.cutoff), op.grad_l0 ? *op.grad_l0.data<T>() : T(0), grad_x);
    } else {
      reference::relu_grad(*op.y_mask, op.grad_y.data<T>(), grad_x);
    }
    op.grad_x.attach(mask_of(op.grad_x));
  });
}

const char* needs_mask(const ops::ReluGrad& op) {
  return op.mask() ? nullptr : "y has lost the mask that relu wrote";
}

}  // namespace

void require_mask_of(std::string_view op, const ZeroMask& mask, std::string_view name,
                     const Tensor& t) {
  const std::int64_t channels = t.shape().rank() ? t.dim(-1) : 1;
  require(mask.channels() == channels && mask.rows() * channels == t.numel(), op, ": the mask has ",
          mask.rows(), " rows of ", mask.channels(), " channels, ", name, " is ", t.shape());
}

void require_threshold(std::string_view op, float threshold) {
  require(threshold >= 0 && std::isfinite(threshold), op,
          ": threshold must be finite and not negative, got ", threshold);
}

void ops::Relu::check() const {
  require_same("relu", {{"x", x}, {"y", y}});
  require_threshold(kName, threshold);
  if (l0_sum) require_sigma(kName, sigma);
  require(!l0_sum || l0_sum.numel() == 1, "relu: l0_sum must be a scalar");
}

Work ops::Relu::work() const {
  const auto bytes = static_cast<std::int64_t>(x.bytes());
  return {.bytes_read = bytes, .bytes_written = bytes + x.numel() / 8};
}

std::span<const Implementation<ops::Relu>> ops::Relu::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::Relu>{"cuda.masked_rows", Device::cuda, runs_all, cuda::relu},
#endif
    Implementation<ops::Relu>{"cpu.simd", Device::cpu, runs_all, cpu::relu_simd},
    Implementation<ops::Relu>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::ReluGrad::check() const {
  if (y) {
    require_same("relu_grad", {{"y", y}, {"grad_y", grad_y}, {"grad_x", grad_x}});
  } else {
    require_same("relu_grad", {{"grad_y", grad_y}, {"grad_x", grad_x}});
    require(y_mask && !grad_l0, "relu_grad: y is undefined, which needs its mask and no penalty");
    require_mask_of(kName, *y_mask, "grad_y", grad_y);
  }
  if (grad_l0) require_sigma(kName, sigma);
  require_cutoff(kName, cutoff);
  require(!grad_l0 || grad_l0.numel() == 1, "relu_grad: grad_l0 must be a scalar");
}

Work ops::ReluGrad::work() const {
  const auto bytes = static_cast<std::int64_t>(grad_y.bytes());
  return {.bytes_read = bytes + (grad_l0 ? bytes : grad_y.numel() / 8),
          .bytes_written = bytes + grad_y.numel() / 8};
}

std::span<const Implementation<ops::ReluGrad>> ops::ReluGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::ReluGrad>{"cuda.masked_rows", Device::cuda, runs_all, cuda::relu_grad},
#endif
    Implementation<ops::ReluGrad>{"cpu.simd", Device::cpu, needs_mask, cpu::relu_grad_simd},
    Implementation<ops::ReluGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

}  // namespace joule
