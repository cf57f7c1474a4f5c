// SPDX-License-Identifier: MIT
#include "joule/kernels/l0/l0.h"

#include <array>
#include <cmath>

#include "joule/kernels/l0/l0_impl.h"
#include "joule/kernels/l0/l0_reference.h"
#include "joule/kernels/require_scalar.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void run_sum_reference(const ops::L0Sum& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    *op.sum.mutable_data<T>() =
        reference::smooth_l0_sum(op.x.numel(), op.x.data<T>(), static_cast<T>(op.sigma));
  });
}

void run_sum_grad_reference(const ops::L0SumGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::smooth_l0_sum_grad(op.x.numel(), op.x.data<T>(), static_cast<T>(op.sigma),
                                  static_cast<T>(op.cutoff), *op.grad_sum.data<T>(),
                                  op.grad_x.mutable_data<T>());
  });
}

void run_penalty_reference(const ops::L0Penalty& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    double value = 0;
    for (std::size_t k = 0; k < op.sums.size(); ++k) {
      value += static_cast<double>(op.weights[k]) * *op.sums[k].data<T>();
    }
    *op.value.mutable_data<T>() = static_cast<T>(value);
  });
}

}  // namespace

void require_sigma(std::string_view op, float sigma) {
  require(sigma >= kLeastSigma && sigma <= kMostSigma, op, ": sigma must be from ", kLeastSigma,
          " to ", kMostSigma, ", got ", sigma);
}

void require_cutoff(std::string_view op, float cutoff) {
  require(cutoff == 0 || (cutoff >= 1 && std::isfinite(cutoff)), op,
          ": cutoff must be 0, or at least 1 and finite, got ", cutoff);
}

void ops::L0Sum::check() const {
  require_same(kName, {{"x", x}});
  require_scalar(kName, {"sum", sum}, x.dtype(), x.device());
  require_sigma(kName, sigma);
}

Work ops::L0Sum::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes()),
          .bytes_written = static_cast<std::int64_t>(sum.bytes())};
}

std::span<const Implementation<ops::L0Sum>> ops::L0Sum::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::L0Sum>{"cuda.block_sums", Device::cuda, runs_all, cuda::l0_sum},
#endif
    Implementation<ops::L0Sum>{"cpu.simd", Device::cpu, runs_all, cpu::l0_sum_simd},
    Implementation<ops::L0Sum>{kReference, Device::cpu, runs_all, run_sum_reference},
  };
  return kTable;
}

void ops::L0SumGrad::check() const {
  require_same(kName, {{"x", x}, {"grad_x", grad_x}});
  require_scalar(kName, {"grad_sum", grad_sum}, x.dtype(), x.device());
  require_sigma(kName, sigma);
  require_cutoff(kName, cutoff);
}

Work ops::L0SumGrad::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes() + grad_sum.bytes()),
          .bytes_written = static_cast<std::int64_t>(grad_x.bytes())};
}

std::span<const Implementation<ops::L0SumGrad>> ops::L0SumGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::L0SumGrad>{"cuda.elementwise", Device::cuda, runs_all, cuda::l0_sum_grad},
#endif
    Implementation<ops::L0SumGrad>{"cpu.simd", Device::cpu, runs_all, cpu::l0_sum_grad_simd},
    Implementation<ops::L0SumGrad>{kReference, Device::cpu, runs_all, run_sum_grad_reference},
  };
  return kTable;
}

void ops::L0Penalty::check() const {
  require_same(kName, {{"value", value}});
  require_scalar(kName, {"value", value}, value.dtype(), value.device());
  require(!sums.empty(), kName, ": needs at least one sum");
  require(sums.size() == weights.size(), kName, ": ", sums.size(), " sums, but ", weights.size(),
          " weights");
  for (std::size_t k = 0; k < sums.size(); ++k) {
    require_scalar(kName, {str("sums[", k, "]"), sums[k]}, value.dtype(), value.device());
  }
}

Work ops::L0Penalty::work() const {
  const auto bytes = static_cast<std::int64_t>(value.bytes());
  return {.bytes_read = bytes * static_cast<std::int64_t>(sums.size()), .bytes_written = bytes};
}

std::span<const Implementation<ops::L0Penalty>> ops::L0Penalty::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::L0Penalty>{"cuda.one_thread", Device::cuda, runs_all, cuda::l0_penalty},
#endif
    Implementation<ops::L0Penalty>{kReference, Device::cpu, runs_all, run_penalty_reference},
  };
  return kTable;
}

}  // namespace joule
