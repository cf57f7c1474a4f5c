// SPDX-License-Identifier: MIT
#include "joule/kernels/binary/binary_impl.h"
#include "joule/kernels/binary/broadcast.h"
#include "joule/kernels/elementwise_cuda.h"

namespace joule::cuda {
namespace {

template <BinaryFunction kFunction>
__device__ float apply(float a, float b) {
  switch (kFunction) {
    case BinaryFunction::add:
      return a + b;
    case BinaryFunction::sub:
      return a - b;
    case BinaryFunction::mul:
      return a * b;
    default:
      return a / b;
  }
}

/// kCount operands, or one that is repeated.
template <int kCount>
__device__ Floats<kCount> load(const float* from, std::int64_t column, std::int64_t stride) {
  if (stride) return Floats<kCount>::load(from + column);
  Floats<kCount> all;
  for (int k = 0; k < kCount; ++k) all.at[k] = *from;
  return all;
}

/// 12 bytes per element, 8 where an operand is repeated.
template <BinaryFunction kFunction>
struct Elements {
  Broadcast plan;
  const float* a;
  const float* b;
  float* y;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    const std::int64_t column = i % plan.columns;
    std::int64_t rest = i / plan.columns, a_row = 0, b_row = 0;
    for (int d = 2; d >= 0; --d) {
      const std::int64_t index = rest % plan.extents[d];
      rest /= plan.extents[d];
      a_row += index * plan.a_strides[d];
      b_row += index * plan.b_strides[d];
    }
    auto result = load<kCount>(a + a_row, column, plan.a_column);
    const auto by = load<kCount>(b + b_row, column, plan.b_column);
    for (int k = 0; k < kCount; ++k) result.at[k] = apply<kFunction>(result.at[k], by.at[k]);
    result.store(y + i);
  }
};

/// The same of operands of one shape: nothing to divide.
template <BinaryFunction kFunction>
struct FlatElements {
  const float* a;
  const float* b;
  float* y;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    auto result = Floats<kCount>::load(a + i);
    const auto by = Floats<kCount>::load(b + i);
    for (int k = 0; k < kCount; ++k) result.at[k] = apply<kFunction>(result.at[k], by.at[k]);
    result.store(y + i);
  }
};

}  // namespace

template <BinaryFunction kFunction>
void binary(const Binary<kFunction>& op, Context&, Tally*) {
  const Broadcast plan = broadcast_of(op.a.shape(), op.b.shape(), op.y.shape());
  const float* const a = op.a.template data<float>();
  const float* const b = op.b.template data<float>();
  float* const y = op.y.template mutable_data<float>();
  const bool aligned = aligned_for_four({a, b, y});
  if (plan.rows() == 1 && plan.a_column && plan.b_column) {
    return launch_elementwise(op.y.numel(), aligned, FlatElements<kFunction>{a, b, y});
  }
  // Four elements are of one row, and each row begins at a multiple of four.
  launch_elementwise(op.y.numel(), aligned && plan.columns % 4 == 0,
                     Elements<kFunction>{plan, a, b, y});
}

template void binary(const ops::Add& op, Context&, Tally*);
template void binary(const ops::Sub& op, Context&, Tally*);
template void binary(const ops::Mul& op, Context&, Tally*);
template void binary(const ops::Div& op, Context&, Tally*);

}  // namespace joule::cuda
