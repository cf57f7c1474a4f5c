// SPDX-License-Identifier: MIT
#include "joule/kernels/scale/scale.h"

#include <array>
#include <cmath>

#include "joule/kernels/require_scalar.h"
#include "joule/kernels/same.h"
#include "joule/kernels/scale/scale_impl.h"
#include "joule/kernels/scale/scale_reference.h"

namespace joule {
namespace {

void run_scale_reference(const Scale& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T by = op.by ? *op.by.data<T>() : T(1);
    reference::scale(op.x.numel(), op.x.data<T>(), static_cast<T>(op.factor) * by,
                     op.y.mutable_data<T>());
  });
}

void run_squared_norm_reference(const SquaredNorm& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    *op.sum.mutable_data<double>() = reference::squared_norm(op.x.numel(), op.x.data<T>());
  });
}

}  // namespace

void Scale::check() const {
  require_same(kName, {{"x", x}, {"y", y}});
  if (by) require_scalar(kName, {"by", by}, x.dtype(), x.device());
}

Work Scale::work() const {
  const auto bytes = static_cast<std::int64_t>(x.bytes());
  return {.bytes_read = bytes, .bytes_written = bytes};
}

std::span<const Implementation<Scale>> Scale::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<Scale>{"cuda.elementwise", Device::cuda, runs_all, cuda::scale},
#endif
    Implementation<Scale>{"cpu.simd", Device::cpu, runs_all, cpu::scale_simd},
    Implementation<Scale>{kReference, Device::cpu, runs_all, run_scale_reference},
  };
  return kTable;
}

void SquaredNorm::check() const {
  require_same(kName, {{"x", x}});
  require_scalar(kName, {"sum", sum}, DType::f64, x.device());
}

Work SquaredNorm::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes()),
          .bytes_written = static_cast<std::int64_t>(sum.bytes())};
}

std::span<const Implementation<SquaredNorm>> SquaredNorm::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<SquaredNorm>{"cuda.block_sums", Device::cuda, runs_all, cuda::squared_norm},
#endif
    Implementation<SquaredNorm>{"cpu.simd", Device::cpu, runs_all, cpu::squared_norm_simd},
    Implementation<SquaredNorm>{kReference, Device::cpu, runs_all, run_squared_norm_reference},
  };
  return kTable;
}

bool all_finite(const Tensor& x) {
  require(x.dtype() == DType::f32, "all_finite: expected f32, got ", x.dtype());
  const Tensor sum(Shape{}, DType::f64, x.device());
  dispatch(SquaredNorm{.x = x, .sum = sum});
  return std::isfinite(sum.item());
}

}  // namespace joule
