// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/linear/linear_few_rows.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <memory>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/linear/linear_few_rows.h"
#include "joule/kernels/linear/linear_impl.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// kVectors vectors of outputs of kRows rows.  A vector of weights serves all the rows; inputs of
// even and of odd number are summed apart, so that a single row has enough sums to fill the
// pipeline.  Bound: the weights, read once, from the cache that they lie in.
template <int kRows, int kVectors, class D>
HWY_INLINE void SumRows(D d, const FewRows& args, const float* x, const float* weights,
                        std::int64_t o, float* y) {
  constexpr int kSides = kRows == 1 ? 2 : 1;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<D> sums[kSides][kRows][kVectors];
  HWY_UNROLL(2)
  for (int side = 0; side < kSides; ++side) {
    HWY_UNROLL(4)
    for (int row = 0; row < kRows; ++row) {
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) sums[side][row][v] = hn::Zero(d);
    }
  }
  std::int64_t i = 0;
  for (; i + kSides <= args.in; i += kSides) {
    HWY_UNROLL(2)
    for (int side = 0; side < kSides; ++side) {
      const float* const w = weights + (i + side) * kOutputsTogether;
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) {
        const auto weight = hn::LoadU(d, w + v * lanes);
        HWY_UNROLL(4)
        for (int row = 0; row < kRows; ++row) {
          const auto value = hn::Set(d, x[row * args.in + i + side]);
          sums[side][row][v] = hn::MulAdd(value, weight, sums[side][row][v]);
        }
      }
    }
  }
  if (i < args.in) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) {
      const auto weight = hn::LoadU(d, weights + i * kOutputsTogether + v * lanes);
      sums[0][0][v] = hn::MulAdd(hn::Set(d, x[i]), weight, sums[0][0][v]);
    }
  }
  HWY_UNROLL(4)
  for (int row = 0; row < kRows; ++row) {
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t at = o + v * lanes, left = args.out - at;
      if (left <= 0) break;
      auto sum = sums[0][row][v];
      if constexpr (kSides == 2) sum = hn::Add(sum, sums[1][row][v]);
      float* const to = y + row * args.out + at;
      if (left >= lanes) {
        if (args.bias) sum = hn::Add(sum, hn::LoadU(d, args.bias + at));
        hn::StoreU(sum, d, to);
        continue;
      }
      float some[hn::MaxLanes(D())];
      hn::StoreU(sum, d, some);
      for (std::int64_t k = 0; k < left; ++k) to[k] = some[k] + (args.bias ? args.bias[at + k] : 0);
    }
  }
}

// All rows of one block of outputs, of which the first kVectors vectors at a time are summed.
template <int kRows, class D>
void SumBlock(D d, const FewRows& args, std::int64_t row, const float* weights,
              std::int64_t first) {
  constexpr int kVectors = hn::MaxLanes(D()) >= 16 || kRows == 1 ? 4 : 2;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t last = std::min(args.out, first + kOutputsTogether);
  const float* const x = args.x + row * args.in;
  float* const y = args.y + row * args.out;
  for (std::int64_t o = first; o < last;) {
    const float* const w = weights + (o - first);
    if (last - o > (kVectors - 1) * lanes) {
      SumRows<kRows, kVectors>(d, args, x, w, o, y);
      o += kVectors * lanes;
    } else {
      SumRows<kRows, 1>(d, args, x, w, o, y);
      o += lanes;
    }
  }
}

void LinearFewRows(const FewRows& args) {
  const hn::CappedTag<float, 16> d;  // no more lanes than divide kOutputsTogether
  for (std::int64_t block = args.first; block < args.end; ++block) {
    const float* const weights = args.weights + block * kOutputsTogether * args.in;
    const std::int64_t first = block * kOutputsTogether;
    std::int64_t row = 0;
    for (; row + 4 <= args.rows; row += 4) SumBlock<4>(d, args, row, weights, first);
    for (; row + 2 <= args.rows; row += 2) SumBlock<2>(d, args, row, weights, first);
    if (row < args.rows) SumBlock<1>(d, args, row, weights, first);
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(LinearFewRows);

namespace {

/// [out, in] -> per block of outputs [in, kOutputsTogether], once per write of the weights.
std::shared_ptr<const Floats> few_rows_weights(const Tensor& weight, std::int64_t blocks) {
  return weight.derived<Floats>("linear.few_rows", [&] {
    const std::int64_t out = weight.dim(0), in = weight.dim(1);
    auto packed = std::make_shared<Floats>(blocks * kOutputsTogether * in);
    const float* const from = weight.data<float>();
    for (std::int64_t block = 0; block < blocks; ++block) {
      float* const to = packed->values() + block * kOutputsTogether * in;
      for (std::int64_t k = 0; k < kOutputsTogether; ++k) {
        const std::int64_t o = block * kOutputsTogether + k;
        for (std::int64_t i = 0; i < in; ++i) {
          to[i * kOutputsTogether + k] = o < out ? from[o * in + i] : 0;
        }
      }
    }
    return packed;
  });
}

}  // namespace

void linear_few_rows(const ops::Linear& op, Context&, Tally* tally) {
  constexpr std::int64_t kMacsPerThread = 64 * 1024;  // some microseconds
  const std::int64_t rows = op.x.dim(0), in = op.x.dim(1), out = op.weight.dim(0);
  const std::int64_t blocks = (out + kOutputsTogether - 1) / kOutputsTogether;
  const auto weights = few_rows_weights(op.weight, blocks);
  FewRows args{.rows = rows,
               .in = in,
               .out = out,
               .first = 0,
               .end = 0,
               .x = op.x.data<float>(),
               .weights = weights->values(),
               .bias = op.bias ? op.bias.data<float>() : nullptr,
               .y = op.y.mutable_data<float>()};
  const std::int64_t macs = std::max<std::int64_t>(1, rows * in * kOutputsTogether);
  parallel_for(blocks, std::max<std::int64_t>(1, kMacsPerThread / macs),
               [args](std::int64_t begin, std::int64_t end) {
                 FewRows some = args;
                 some.first = begin;
                 some.end = end;
                 HWY_DYNAMIC_DISPATCH(LinearFewRows)(some);
               });
  count_zeros(tally, op.x, out);
}

}  // namespace joule::cpu
#endif
