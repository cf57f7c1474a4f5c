// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/scale/scale_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <cstring>

#include "joule/core/threads.h"
#include "joule/kernels/parallel_flat.h"
#include "joule/kernels/scale/scale_impl.h"
#include "joule/kernels/scale/scale_reference.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

void ScaleTarget(std::int64_t n, const float* x, float factor, float* y) {
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::Set(d, factor), hn::LoadU(d, x + i)), d, y + i);
  });
}

double SquaredNormTarget(std::int64_t n, const float* x) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> half;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  // Four sums: the additions of one would wait for each other.
  auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    const auto v0 = hn::PromoteTo(d, hn::LoadU(half, x + i));
    const auto v1 = hn::PromoteTo(d, hn::LoadU(half, x + i + lanes));
    const auto v2 = hn::PromoteTo(d, hn::LoadU(half, x + i + 2 * lanes));
    const auto v3 = hn::PromoteTo(d, hn::LoadU(half, x + i + 3 * lanes));
    s0 = hn::MulAdd(v0, v0, s0);
    s1 = hn::MulAdd(v1, v1, s1);
    s2 = hn::MulAdd(v2, v2, s2);
    s3 = hn::MulAdd(v3, v3, s3);
  }
  const auto sum = hn::Add(hn::Add(s0, s1), hn::Add(s2, s3));
  return hn::GetLane(hn::SumOfLanes(d, sum)) + reference::squared_norm(n - i, x + i);
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(ScaleTarget);
HWY_EXPORT(SquaredNormTarget);

void scale_simd(const ops::Scale& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  const float factor = op.by ? op.factor * *op.by.data<float>() : op.factor;
  parallel_flat(op.x.numel(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(ScaleTarget)(end - begin, x + begin, factor, y + begin);
  });
}

void squared_norm_simd(const ops::SquaredNorm& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  *op.sum.mutable_data<double>() =
      parallel_sum<double>(op.x.numel(), [&](std::int64_t begin, std::int64_t end) {
        return HWY_DYNAMIC_DISPATCH(SquaredNormTarget)(end - begin, x + begin);
      });
}

}  // namespace joule::cpu
#endif
