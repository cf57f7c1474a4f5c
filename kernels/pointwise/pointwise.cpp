// SPDX-License-Identifier: MIT
#include "joule/kernels/pointwise/pointwise.h"

#include <array>
#include <cmath>

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/pointwise/pointwise_impl.h"
#include "joule/kernels/pointwise/pointwise_reference.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

template <PointwiseFunction kFunction>
void run_reference(const Pointwise<kFunction>& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.template data<T>();
    T* const y = op.y.template mutable_data<T>();
    for (std::int64_t i = 0; i < op.x.numel(); ++i) {
      y[i] = reference::pointwise<kFunction>(x[i], T(op.slope));
    }
  });
}

template <PointwiseFunction kFunction>
void run_grad_reference(const PointwiseGrad<kFunction>& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const at = op.at.template data<T>();
    const T* const grad_y = op.grad_y.template data<T>();
    T* const grad_x = op.grad_x.template mutable_data<T>();
    for (std::int64_t i = 0; i < op.at.numel(); ++i) {
      grad_x[i] = grad_y[i] * reference::pointwise_slope<kFunction>(at[i], T(op.slope));
    }
  });
}

void require_slope(std::string_view op, float slope) {
  require(std::isfinite(slope), op, ": the slope must be finite, got ", slope);
}

}  // namespace

template <PointwiseFunction kFunction>
void Pointwise<kFunction>::check() const {
  require_same(kName, {{"x", x}, {"y", y}});
  require_slope(kName, slope);
}

template <PointwiseFunction kFunction>
Work Pointwise<kFunction>::work() const {
  const auto bytes = static_cast<std::int64_t>(x.bytes());
  return {.bytes_read = bytes, .bytes_written = bytes};
}

template <PointwiseFunction kFunction>
std::span<const Implementation<Pointwise<kFunction>>> Pointwise<kFunction>::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<Pointwise>{"cuda.elementwise", Device::cuda, runs_all,
                              cuda::pointwise<kFunction>},
#endif
    Implementation<Pointwise>{"cpu.simd", Device::cpu, runs_all, cpu::pointwise_simd<kFunction>},
    Implementation<Pointwise>{kReference, Device::cpu, runs_all, run_reference<kFunction>},
  };
  return kTable;
}

template <PointwiseFunction kFunction>
void PointwiseGrad<kFunction>::check() const {
  require_same(
      kName,
      {{grad_from_value(kFunction) ? "y" : "x", at}, {"grad_y", grad_y}, {"grad_x", grad_x}});
  require_slope(kName, slope);
}

template <PointwiseFunction kFunction>
Work PointwiseGrad<kFunction>::work() const {
  const auto bytes = static_cast<std::int64_t>(at.bytes());
  return {.bytes_read = 2 * bytes, .bytes_written = bytes};
}

template <PointwiseFunction kFunction>
std::span<const Implementation<PointwiseGrad<kFunction>>>
PointwiseGrad<kFunction>::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<PointwiseGrad>{"cuda.elementwise", Device::cuda, runs_all,
                                  cuda::pointwise_grad<kFunction>},
#endif
    Implementation<PointwiseGrad>{"cpu.simd", Device::cpu, runs_all,
                                  cpu::pointwise_grad_simd<kFunction>},
    Implementation<PointwiseGrad>{kReference, Device::cpu, runs_all, run_grad_reference<kFunction>},
  };
  return kTable;
}

template struct Pointwise<PointwiseFunction::sigmoid>;
template struct Pointwise<PointwiseFunction::tanh>;
template struct Pointwise<PointwiseFunction::leaky_relu>;
template struct Pointwise<PointwiseFunction::gelu>;
template struct Pointwise<PointwiseFunction::silu>;
template struct Pointwise<PointwiseFunction::hard_swish>;
template struct Pointwise<PointwiseFunction::elu>;
template struct Pointwise<PointwiseFunction::erf>;
template struct PointwiseGrad<PointwiseFunction::sigmoid>;
template struct PointwiseGrad<PointwiseFunction::tanh>;
template struct PointwiseGrad<PointwiseFunction::leaky_relu>;
template struct PointwiseGrad<PointwiseFunction::gelu>;
template struct PointwiseGrad<PointwiseFunction::silu>;
template struct PointwiseGrad<PointwiseFunction::hard_swish>;
template struct PointwiseGrad<PointwiseFunction::elu>;
template struct PointwiseGrad<PointwiseFunction::erf>;

}  // namespace joule
