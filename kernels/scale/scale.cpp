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

void run_scale_reference(const ops::Scale& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T by = op.by ? *op.by.data<T>() : T(1);
    reference::scale(op.x.numel(), op.x.data<T>(), static_cast<T>(op.factor) * by,
                     op.y.mutable_data<T>());
  });
}

void run_squared_norm_reference(const ops::SquaredNorm& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    *op.sum.mutable_data<double>() = reference::squared_norm(op.x.numel(), op.x.data<T>());
  });
}

}  // namespace

void ops::Scale::check() const {
  require_same(kName, {{"x", x}, {"y", y}});
  if (by) require_scalar(kName, {"by", by}, x.dtype(), x.device());
}

Work ops::Scale::work() const {
  const auto bytes = static_cast<std::int64_t>(x.bytes());
  return {.bytes_read = bytes, .bytes_written = bytes};
}

std::span<const Implementation<ops::Scale>> ops::Scale::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::Scale>{"cuda.elementwise", Device::cuda, runs_all, cuda::scale},
#endif
    Implementation<ops::Scale>{"cpu.simd", Device::cpu, runs_all, cpu::scale_simd},
    Implementation<ops::Scale>{kReference, Device::cpu, runs_all, run_scale_reference},
  };
  return kTable;
}

void ops::SquaredNorm::check() const {
  require_same(kName, {{"x", x}});
  require_scalar(kName, {"sum", sum}, DType::f64, x.device());
}

Work ops::SquaredNorm::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes()),
          .bytes_written = static_cast<std::int64_t>(sum.bytes())};
}

std::span<const Implementation<ops::SquaredNorm>> ops::SquaredNorm::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::SquaredNorm>{"cuda.block_sums", Device::cuda, runs_all, cuda::squared_norm},
#endif
    Implementation<ops::SquaredNorm>{"cpu.simd", Device::cpu, runs_all, cpu::squared_norm_simd},
    Implementation<ops::SquaredNorm>{kReference, Device::cpu, runs_all, run_squared_norm_reference},
  };
  return kTable;
}

bool all_finite(const Tensor& x) {
  require(x.dtype() == DType::f32, "all_finite: expected f32, got ", x.dtype());
  const Tensor sum(Shape{}, DType::f64, x.device());
  dispatch(ops::SquaredNorm{.x = x, .sum = sum});
  return std::isfinite(sum.item());
}

}  // namespace joule
