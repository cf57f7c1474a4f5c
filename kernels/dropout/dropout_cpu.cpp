// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/dropout/dropout_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <utility>

#include "joule/core/threads.h"
#include "joule/core/zero_mask.h"
#include "joule/kernels/dropout/dropout_impl.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

// Writes 4 * groups numbers in [0, 2^24), rounded up to whole vectors.
#if HWY_TARGET == HWY_SCALAR
static void draw_words(const RandomState& from, std::int64_t groups, float* out) {
  for (std::int64_t g = 0; g < groups; ++g) {
    for (const auto word : philox(from.seed, from.next + static_cast<std::uint64_t>(g))) {
      *out++ = static_cast<float>(word >> 8);
    }
  }
}
#else
/// The upper 32 bits of each product, and with them the lower.
template <class D, class V>
HWY_INLINE V multiply_wide(D d, V a, V b, V& low) {
  const hn::RepartitionToWide<D> wide;
  const auto shift = [&](V v) { return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, v))); };
  const auto even = hn::BitCast(d, hn::MulEven(a, b));
  const auto odd = hn::BitCast(d, hn::MulEven(shift(a), b));
  low = hn::Mul(a, b);
  return hn::OddEven(odd, shift(even));
}

// Philox with one counter per lane.
static void draw_words(const RandomState& from, std::int64_t groups, float* out) {
  const hn::ScalableTag<float> df;
  const hn::RebindToSigned<decltype(df)> di;
  const hn::RebindToUnsigned<decltype(df)> du;
  const auto m0 = hn::Set(du, 0xD2511F53), m1 = hn::Set(du, 0xCD9E8D57);
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(du));
  for (std::int64_t g = 0; g < groups; g += lanes) {
    const std::uint64_t counter = from.next + static_cast<std::uint64_t>(g);
    const auto low = hn::Set(du, static_cast<std::uint32_t>(counter));
    const auto high = hn::Set(du, static_cast<std::uint32_t>(counter >> 32));
    auto x0 = hn::Add(low, hn::Iota(du, 0));
    auto x1 = hn::IfThenElse(hn::Lt(x0, low), hn::Add(high, hn::Set(du, 1)), high);
    auto x2 = hn::Zero(du), x3 = hn::Zero(du);
    auto k0 = static_cast<std::uint32_t>(from.seed);
    auto k1 = static_cast<std::uint32_t>(from.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      auto low0 = x0, low1 = x2;
      const auto high0 = multiply_wide(du, x0, m0, low0);
      const auto high1 = multiply_wide(du, x2, m1, low1);
      x0 = hn::Xor(hn::Xor(high1, x1), hn::Set(du, k0));
      x2 = hn::Xor(hn::Xor(high0, x3), hn::Set(du, k1));
      x1 = low1;
      x3 = low0;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    const auto number = [&](auto words) {
      return hn::ConvertTo(df, hn::BitCast(di, hn::ShiftRight<8>(words)));
    };
    hn::StoreInterleaved4(number(x0), number(x1), number(x2), number(x3), df, out + 4 * g);
  }
}
#endif

// One word (up to 64 channels of one row) at a time; the numbers come from a buffer in L1 that is
// filled ahead, because rows need not start at a whole counter.
std::int64_t DropoutTarget(const DropoutRows& args) {
  constexpr std::int64_t kBuffer = 2048;
  alignas(64) float numbers[kBuffer];
  std::int64_t buffered_from = 0, buffered_to = 0;  // numbers; that of element i is skip + i
  const std::int64_t drawn_end = args.skip + args.last * args.channels;

  const std::int64_t words = (args.channels + 63) / 64;
  const float scale = dropout_scale(args.probability);
  const float threshold = args.probability * 0x1p24f;  // exact: so is the comparison
  std::int64_t nonzeros = 0;
  for (std::int64_t row = args.first; row < args.last; ++row) {
    for (std::int64_t word = 0; word < words; ++word) {
      const std::int64_t begin = row * args.channels + word * 64;
      const std::int64_t end = std::min(begin + 64, (row + 1) * args.channels);
      const std::int64_t number = args.skip + begin;
      if (args.skip + end > buffered_to) {
        buffered_from = number / 4 * 4;
        buffered_to = std::min(buffered_from + kBuffer, (drawn_end + 3) / 4 * 4);
        draw_words({args.random.seed, args.random.next + static_cast<std::uint64_t>(number / 4)},
                   (buffered_to - buffered_from) / 4, numbers);
      }
      const float* const u = numbers + (number - buffered_from);
      std::uint64_t bits = 0;
      for_each_vector(end - begin, [&](auto d, std::int64_t i) HWY_ATTR {
        const auto keep = hn::Ge(hn::LoadU(d, u + i), hn::Set(d, threshold));
        const auto scaled = hn::Mul(hn::LoadU(d, args.x + begin + i), hn::Set(d, scale));
        const auto y = hn::IfThenElseZero(keep, scaled);
        hn::StoreU(y, d, args.y + begin + i);
        bits |= nonzero_bits(d, y) << i;
      });
      args.mask[row * words + word] = bits;
      nonzeros += std::popcount(bits);
    }
  }
  return nonzeros;
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(DropoutTarget);

void dropout_simd(const ops::Dropout& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  const std::int64_t channels = op.x.shape().rank() ? op.x.dim(-1) : 1;
  const std::int64_t rows = channels ? op.x.numel() / channels : 0;
  auto mask = std::make_shared<ZeroMask>(rows, channels, Device::cpu);
  mask->set_nonzeros(
      parallel_sum<std::int64_t>(rows, channels, [&](std::int64_t first, std::int64_t last) {
        return HWY_DYNAMIC_DISPATCH(DropoutTarget)({.first = first,
                                                    .last = last,
                                                    .channels = channels,
                                                    .x = x,
                                                    .y = y,
                                                    .mask = mask->words(),
                                                    .probability = op.probability,
                                                    .random = op.random,
                                                    .skip = op.skip});
      }));
  op.y.attach(std::move(mask));
}

}  // namespace joule::cpu
#endif
