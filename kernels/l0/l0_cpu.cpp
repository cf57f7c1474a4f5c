// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/l0/l0_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/threads.h"
#include "kernels/l0/l0_impl.h"
#include "kernels/l0/l0_reference.h"
#include "kernels/parallel_flat.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "kernels/lanes.inc"

// In float over at most this many values, then in double.
constexpr std::int64_t kFloatRun = 1024;

double L0SumTarget(std::int64_t n, const float* x, float sigma) {
  const hn::ScalableTag<float> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto s = hn::Set(d, sigma);
  double total = 0;
  for (std::int64_t begin = 0; begin < n; begin += kFloatRun) {
    const std::int64_t end = std::min(begin + kFloatRun, n);
    auto sum = hn::Zero(d);
    std::int64_t i = begin;
    for (; i + lanes <= end; i += lanes) {
      const auto v = hn::LoadU(d, x + i);
      const auto square = hn::Mul(v, v);
      sum = hn::Add(sum, hn::Div(square, hn::Add(square, s)));
    }
    total += hn::GetLane(hn::SumOfLanes(d, sum));
    for (; i < end; ++i) total += reference::smooth_l0(x[i], sigma);
  }
  return total;
}

void L0SumGradTarget(std::int64_t n, const float* x, float sigma, float grad_sum, float* grad_x) {
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto denominator = hn::MulAdd(v, v, hn::Set(d, sigma));
    const auto numerator = hn::Mul(hn::Set(d, 2 * sigma * grad_sum), v);
    hn::StoreU(hn::Div(numerator, hn::Mul(denominator, denominator)), d, grad_x + i);
  });
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(L0SumTarget);
HWY_EXPORT(L0SumGradTarget);

void l0_sum_simd(const L0Sum& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  const double sum = parallel_sum<double>(op.x.numel(), [&](std::int64_t begin, std::int64_t end) {
    return HWY_DYNAMIC_DISPATCH(L0SumTarget)(end - begin, x + begin, op.sigma);
  });
  *op.sum.mutable_data<float>() = static_cast<float>(sum);
}

void l0_sum_grad_simd(const L0SumGrad& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  const float grad_sum = *op.grad_sum.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  parallel_flat(op.x.numel(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(L0SumGradTarget)
    (end - begin, x + begin, op.sigma, grad_sum, grad_x + begin);
  });
}

}  // namespace joule::cpu
#endif
