// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/binary/binary_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <cstring>

#include "joule/kernels/binary/binary_impl.h"
#include "joule/kernels/binary/broadcast.h"
#include "joule/kernels/parallel_flat.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

template <BinaryFunction kFunction, class V>
HWY_INLINE V apply(V a, V b) {
  if constexpr (kFunction == BinaryFunction::add) return hn::Add(a, b);
  if constexpr (kFunction == BinaryFunction::sub) return hn::Sub(a, b);
  if constexpr (kFunction == BinaryFunction::mul) return hn::Mul(a, b);
  if constexpr (kFunction == BinaryFunction::div) return hn::Div(a, b);
}

template <bool kRepeated, class D>
HWY_INLINE auto load(D d, const float* from, std::int64_t i) {
  if constexpr (kRepeated) {
    return hn::Set(d, *from);
  } else {
    return hn::LoadU(d, from + i);
  }
}

template <BinaryFunction kFunction, bool kARepeated, bool kBRepeated>
void row(std::int64_t n, const float* a, const float* b, float* y) {
  for_each_vector(n, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(apply<kFunction>(load<kARepeated>(d, a, i), load<kBRepeated>(d, b, i)), d, y + i);
  });
}

template <BinaryFunction kFunction>
void rows(const Broadcast& plan, std::int64_t first, std::int64_t last, const float* a,
          const float* b, float* y) {
  const auto one = plan.a_column && plan.b_column ? row<kFunction, false, false>
                   : plan.a_column                ? row<kFunction, false, true>
                                                  : row<kFunction, true, false>;
  for (std::int64_t r = first; r < last; ++r) {
    const std::int64_t k = r % plan.extents[2], rest = r / plan.extents[2];
    const std::int64_t j = rest % plan.extents[1], i = rest / plan.extents[1];
    one(plan.columns, a + i * plan.a_strides[0] + j * plan.a_strides[1] + k * plan.a_strides[2],
        b + i * plan.b_strides[0] + j * plan.b_strides[1] + k * plan.b_strides[2],
        y + r * plan.columns);
  }
}

void BinaryRowsTarget(BinaryFunction function, const Broadcast& plan, std::int64_t first,
                      std::int64_t last, const float* a, const float* b, float* y) {
  switch (function) {
    case BinaryFunction::add:
      return rows<BinaryFunction::add>(plan, first, last, a, b, y);
    case BinaryFunction::sub:
      return rows<BinaryFunction::sub>(plan, first, last, a, b, y);
    case BinaryFunction::mul:
      return rows<BinaryFunction::mul>(plan, first, last, a, b, y);
    case BinaryFunction::div:
      return rows<BinaryFunction::div>(plan, first, last, a, b, y);
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(BinaryRowsTarget);

template <BinaryFunction kFunction>
void binary_simd(const Binary<kFunction>& op, Context&, Tally*) {
  const Broadcast plan = broadcast_of(op.a.shape(), op.b.shape(), op.y.shape());
  const float* const a = op.a.template data<float>();
  const float* const b = op.b.template data<float>();
  float* const y = op.y.template mutable_data<float>();
  if (plan.rows() == 1) {
    return parallel_flat(plan.columns, [&](std::int64_t begin, std::int64_t end) {
      Broadcast piece = plan;
      piece.columns = end - begin;
      HWY_DYNAMIC_DISPATCH(BinaryRowsTarget)
      (kFunction, piece, 0, 1, a + begin * plan.a_column, b + begin * plan.b_column, y + begin);
    });
  }
  parallel_for(plan.rows(), 1 + 16384 / (1 + plan.columns),
               [&](std::int64_t first, std::int64_t last) {
                 HWY_DYNAMIC_DISPATCH(BinaryRowsTarget)(kFunction, plan, first, last, a, b, y);
               });
}

template void binary_simd(const ops::Add& op, Context&, Tally*);
template void binary_simd(const ops::Sub& op, Context&, Tally*);
template void binary_simd(const ops::Mul& op, Context&, Tally*);
template void binary_simd(const ops::Div& op, Context&, Tally*);

}  // namespace joule::cpu
#endif
