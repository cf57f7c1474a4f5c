// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/add/add_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <cstring>

#include "joule/kernels/add/add_impl.h"
#include "joule/kernels/parallel_flat.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

void AddTarget(std::int64_t n, const float* a, const float* b, float* y) {
  for_each_vector(n, [&](auto d, auto i) {
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  });
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(AddTarget);

void add_simd(const Add& op, Context&, Tally*) {
  const float* const a = op.a.data<float>();
  const float* const b = op.b.data<float>();
  float* const y = op.y.mutable_data<float>();
  parallel_flat(op.y.numel(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(AddTarget)(end - begin, a + begin, b + begin, y + begin);
  });
}

}  // namespace joule::cpu
#endif
