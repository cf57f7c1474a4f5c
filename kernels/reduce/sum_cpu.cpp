// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/reduce/sum_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/reduce/sum_impl.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

double total(std::int64_t n, const float* x) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> half;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  // Two sums: the additions of one would wait for each other.
  auto s0 = hn::Zero(d), s1 = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    s0 = hn::Add(s0, hn::PromoteTo(d, hn::LoadU(half, x + i)));
    s1 = hn::Add(s1, hn::PromoteTo(d, hn::LoadU(half, x + i + lanes)));
  }
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(s0, s1)));
  for (; i < n; ++i) sum += x[i];
  return sum;
}

/// sums[q] += the sum over the rows of x [rows, inner].
void AddRowsTarget(std::int64_t rows, std::int64_t inner, const float* x, double* sums) {
  if (inner == 1) {
    *sums += total(rows, x);
    return;
  }
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> half;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t r = 0; r < rows; ++r, x += inner) {
    std::int64_t q = 0;
    for (; q + lanes <= inner; q += lanes) {
      const auto addend = hn::PromoteTo(d, hn::LoadU(half, x + q));
      hn::StoreU(hn::Add(hn::LoadU(d, sums + q), addend), d, sums + q);
    }
    for (; q < inner; ++q) sums[q] += x[q];
  }
}

void SumGradTarget(std::int64_t rows, std::int64_t inner, const float* grad_y, float factor,
                   float* grad_x) {
  if (inner == 1) {
    std::fill_n(grad_x, rows, factor * *grad_y);
    return;
  }
  for (std::int64_t r = 0; r < rows; ++r, grad_x += inner) {
    for_each_channel(inner, [&](auto d, std::int64_t q) HWY_ATTR {
      hn::StoreU(hn::Mul(hn::Set(d, factor), hn::LoadU(d, grad_y + q)), d, grad_x + q);
    });
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(AddRowsTarget);
HWY_EXPORT(SumGradTarget);

namespace {

void store(const std::vector<double>& sums, double factor, float* y) {
  for (std::size_t q = 0; q < sums.size(); ++q) y[q] = static_cast<float>(factor * sums[q]);
}

}  // namespace

// Few sums of many elements are cut into pieces; of more, each is one thread's.
void sum_simd(const ops::Sum& op, Context&, Tally*) {
  const SumExtents extents = sum_extents(op.x.shape(), op.first, op.last);
  const std::int64_t summed = extents.summed, inner = extents.inner;
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  if (extents.outer >= kReductionPieces) {
    const std::int64_t values = summed * inner;
    return parallel_for(extents.outer, 1 + 16384 / (1 + values),
                        [&](std::int64_t begin, std::int64_t end) {
                          std::vector<double> sums(static_cast<std::size_t>(inner));
                          for (std::int64_t p = begin; p < end; ++p) {
                            std::ranges::fill(sums, 0);
                            HWY_DYNAMIC_DISPATCH(AddRowsTarget)
                            (summed, inner, x + p * values, sums.data());
                            store(sums, op.factor, y + p * inner);
                          }
                        });
  }
  std::vector<double> partial(static_cast<std::size_t>(kReductionPieces * inner));
  for (std::int64_t p = 0; p < extents.outer; ++p) {
    std::ranges::fill(partial, 0);
    parallel_pieces(summed, inner, [&](std::int64_t piece, std::int64_t begin, std::int64_t end) {
      HWY_DYNAMIC_DISPATCH(AddRowsTarget)
      (end - begin, inner, x + (p * summed + begin) * inner, partial.data() + piece * inner);
    });
    std::vector<double> sums(static_cast<std::size_t>(inner));
    for (std::int64_t piece = 0; piece < kReductionPieces; ++piece) {
      for (std::int64_t q = 0; q < inner; ++q) {
        sums[static_cast<std::size_t>(q)] += partial[static_cast<std::size_t>(piece * inner + q)];
      }
    }
    store(sums, op.factor, y + p * inner);
  }
}

void sum_grad_simd(const ops::SumGrad& op, Context&, Tally*) {
  const SumExtents extents = sum_extents(op.grad_x.shape(), op.first, op.last);
  const std::int64_t summed = extents.summed, inner = extents.inner;
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  parallel_for(extents.outer * summed, 1 + 16384 / (1 + inner),
               [&](std::int64_t begin, std::int64_t end) {
                 while (begin < end) {
                   const std::int64_t p = begin / summed, rows = std::min(end, (p + 1) * summed);
                   HWY_DYNAMIC_DISPATCH(SumGradTarget)
                   (rows - begin, inner, grad_y + p * inner, static_cast<float>(op.factor),
                    grad_x + begin * inner);
                   begin = rows;
                 }
               });
}

}  // namespace joule::cpu
#endif
