// SPDX-License-Identifier: MIT
#include "joule/kernels/reduce/sum.h"

#include <array>
#include <vector>

#include "joule/kernels/reduce/sum_impl.h"
#include "joule/kernels/reduce/sum_reference.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void run_reference(const ops::Sum& op, Context&, Tally*) {
  const auto [outer, summed, inner] = sum_extents(op.x.shape(), op.first, op.last);
  visit_float(op.dtype(), [&, outer = outer, summed = summed, inner = inner]<class T>(T) {
    reference::sum(outer, summed, inner, op.x.data<T>(), op.factor, op.y.mutable_data<T>());
  });
}

void run_grad_reference(const ops::SumGrad& op, Context&, Tally*) {
  const auto [outer, summed, inner] = sum_extents(op.grad_x.shape(), op.first, op.last);
  visit_float(op.dtype(), [&, outer = outer, summed = summed, inner = inner]<class T>(T) {
    reference::sum_grad(outer, summed, inner, op.grad_y.data<T>(), op.factor,
                        op.grad_x.mutable_data<T>());
  });
}

void check_sum(std::string_view op, const Named& whole, const Named& sums, int first, int last) {
  require_same(op, {whole});
  const Shape& shape = whole.tensor.shape();
  require(0 <= first && first <= last && last <= shape.rank(), op, ": ", whole.name, " is ", shape,
          ", it has no dimensions from ", first, " to before ", last);
  std::vector<std::int64_t> kept, left_out;
  for (int d = 0; d < shape.rank(); ++d) {
    const bool summed = first <= d && d < last;
    kept.push_back(summed ? 1 : shape[d]);
    if (!summed) left_out.push_back(shape[d]);
  }
  const bool kept_all = sums.tensor && sums.tensor.shape() == Shape(kept);
  require_shape(op, sums, Shape(kept_all ? kept : left_out), whole.tensor);
}

}  // namespace

void ops::Sum::check() const { check_sum(kName, {"x", x}, {"y", y}, first, last); }

Work ops::Sum::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes()),
          .bytes_written = static_cast<std::int64_t>(y.bytes())};
}

std::span<const Implementation<ops::Sum>> ops::Sum::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::Sum>{"cuda.pieces", Device::cuda, runs_all, cuda::sum},
#endif
    Implementation<ops::Sum>{"cpu.simd", Device::cpu, runs_all, cpu::sum_simd},
    Implementation<ops::Sum>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::SumGrad::check() const {
  check_sum(kName, {"grad_x", grad_x}, {"grad_y", grad_y}, first, last);
}

Work ops::SumGrad::work() const {
  return {.bytes_read = static_cast<std::int64_t>(grad_y.bytes()),
          .bytes_written = static_cast<std::int64_t>(grad_x.bytes())};
}

std::span<const Implementation<ops::SumGrad>> ops::SumGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::SumGrad>{"cuda.elementwise", Device::cuda, runs_all, cuda::sum_grad},
#endif
    Implementation<ops::SumGrad>{"cpu.simd", Device::cpu, runs_all, cpu::sum_grad_simd},
    Implementation<ops::SumGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

}  // namespace joule
