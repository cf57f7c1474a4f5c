// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/l0/l0_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "joule/core/threads.h"
#include "joule/kernels/l0/l0_impl.h"
#include "joule/kernels/l0/l0_reference.h"
#include "joule/kernels/parallel_flat.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/l0/l0_lanes.inc"
#include "joule/kernels/lanes.inc"

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
      sum = hn::Add(sum, smooth_l0(d, hn::LoadU(d, x + i), s));
    }
    total += hn::GetLane(hn::SumOfLanes(d, sum));
    for (; i < end; ++i) total += reference::smooth_l0(x[i], sigma);
  }
  return total;
}

void L0SumGradTarget(std::int64_t n, const float* x, float sigma, float reach, float grad_sum,
                     float* grad_x) {
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto s = hn::Set(d, sigma), most = hn::Set(d, reach), scale = hn::Set(d, 2 * grad_sum);
    hn::StoreU(scaled_smooth_l0_slope(d, hn::LoadU(d, x + i), s, most, scale), d, grad_x + i);
  });
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(L0SumTarget);
HWY_EXPORT(L0SumGradTarget);

void l0_sum_simd(const ops::L0Sum& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  const double sum = parallel_sum<double>(op.x.numel(), [&](std::int64_t begin, std::int64_t end) {
    return HWY_DYNAMIC_DISPATCH(L0SumTarget)(end - begin, x + begin, op.sigma);
  });
  *op.sum.mutable_data<float>() = static_cast<float>(sum);
}

void l0_sum_grad_simd(const ops::L0SumGrad& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  const float grad_sum = *op.grad_sum.data<float>();
  const float reach = reference::smooth_l0_reach(op.sigma, op.cutoff);
  float* const grad_x = op.grad_x.mutable_data<float>();
  parallel_flat(op.x.numel(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(L0SumGradTarget)
    (end - begin, x + begin, op.sigma, reach, grad_sum, grad_x + begin);
  });
}

}  // namespace joule::cpu
#endif
