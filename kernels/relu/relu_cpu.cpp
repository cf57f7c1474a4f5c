// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/relu/relu_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "joule/core/threads.h"
#include "joule/core/zero_mask.h"
#include "joule/kernels/relu/relu_impl.h"
#include "joule/kernels/relu/relu_reference.h"
#include "joule/kernels/relu/relu_rows.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/l0/l0_lanes.inc"
#include "joule/kernels/lanes.inc"

// A layer of few channels fills no vector with one pixel, so the passes below run over the elements
// of 64 rows side by side, whose bits fill as many words as there are channels, and deal these out
// to the rows; taking each row by itself was a third of a small net's time.
constexpr std::int64_t kSideBySide = 64;

// words[r]: the bits of row r, of less than 64 channels.  Reads a word behind the rows' bits.
void split_rows(const std::uint64_t* bits, std::int64_t rows, std::int64_t channels,
                std::uint64_t* words) {
  const std::uint64_t channels_of_row = (std::uint64_t{1} << channels) - 1;
  if (64 % channels == 0) {  // no row is in two words: the shifts below become a vector's
    for (std::int64_t row = 0; row < rows; ++bits) {
      const std::int64_t end = std::min(rows, row + 64 / channels);
      for (std::int64_t shift = 0; row < end; ++row, shift += channels) {
        words[row] = *bits >> shift & channels_of_row;
      }
    }
    return;
  }
  for (std::int64_t row = 0, at = 0; row < rows; ++row, at += channels) {
    const std::uint64_t* const here = bits + at / 64;
    // In two steps, since a shift by 64 is undefined.
    words[row] = (here[0] >> at % 64 | here[1] << 1 << (63 - at % 64)) & channels_of_row;
  }
}

// The reverse.  Writes a word behind the rows' bits.
void join_rows(const std::uint64_t* words, std::int64_t rows, std::int64_t channels,
               std::uint64_t* bits) {
  std::fill_n(bits, rows * channels / 64 + 2, std::uint64_t{0});
  for (std::int64_t row = 0, at = 0; row < rows; ++row, at += channels) {
    bits[at / 64] |= words[row] << at % 64;
    bits[at / 64 + 1] |= words[row] >> 1 >> (63 - at % 64);
  }
}

// body(d, c) for the elements [0, n) of a word, each once.
template <class Body>
HWY_INLINE void for_each_of_word(std::int64_t n, Body&& body) {
  const hn::ScalableTag<float> d;
  if (n < 64) return for_each_channel(n, body);
  HWY_UNROLL(16)
  for (std::int64_t c = 0; c < 64; c += hn::MaxLanes(d)) body(d, c);
}

// The smooth L0 of one row, or of rows side by side: at most a few thousand values, in float.
struct L0OfRow {
  hn::Vec<hn::ScalableTag<float>> vectors;
  float rest = 0;

  L0OfRow() : vectors(hn::Zero(hn::ScalableTag<float>())) {}  // the default one has no SIMD
  template <class D, class V>
  HWY_INLINE void add(D d, V y, float sigma) {
    const auto values = smooth_l0(d, y, hn::Set(d, sigma));
    if constexpr (hn::MaxLanes(D()) == hn::MaxLanes(hn::ScalableTag<float>())) {
      vectors = hn::Add(vectors, values);
    } else {
      rest += hn::GetLane(hn::SumOfLanes(d, values));
    }
  }
  double sum() const {
    return hn::GetLane(hn::SumOfLanes(hn::ScalableTag<float>(), vectors)) + rest;
  }
};

// The elements [at, at + n), which are a word of bits.
template <bool kBias, bool kL0>
HWY_INLINE std::uint64_t rectify(const ReluRows& args, std::int64_t at, std::int64_t channel,
                                 std::int64_t n, [[maybe_unused]] L0OfRow& l0) {
  std::uint64_t bits = 0;
  for_each_of_word(n, [&](auto d, std::int64_t c) {
    auto v = hn::LoadU(d, args.x + at + c);
    if constexpr (kBias) v = hn::Add(v, hn::LoadU(d, args.bias + channel + c));
    v = hn::IfThenZeroElse(hn::Le(v, hn::Set(d, args.threshold)), v);
    hn::StoreU(v, d, args.y + at + c);
    bits |= nonzero_bits(d, v) << c;
    if constexpr (kL0) l0.add(d, v, args.sigma);
  });
  return bits;
}

// The L0 sum runs in float over a row or rows side by side, then in double.
template <bool kBias, bool kL0>
std::int64_t relu_rows(const ReluRows& args) {
  const std::int64_t channels = args.channels;
  std::int64_t nonzeros = 0;
  [[maybe_unused]] double l0_total = 0;  // goes on from where the last rows ended: the same bits
  if constexpr (kL0) l0_total = *args.l0_sum;
  if (!kBias && channels > 0 && channels < 64) {
    for (std::int64_t row = 0; row < args.rows; row += kSideBySide) {
      const std::int64_t rows = std::min(args.rows - row, kSideBySide);
      std::uint64_t bits[kSideBySide + 1];
      std::uint64_t* word = bits;
      L0OfRow l0;
      for (std::int64_t e = 0; e < rows * channels; e += 64, ++word) {
        const std::int64_t n = std::min<std::int64_t>(64, rows * channels - e);
        *word = rectify<kBias, kL0>(args, row * channels + e, 0, n, l0);
        nonzeros += std::popcount(*word);
      }
      *word = 0;
      split_rows(bits, rows, channels, args.mask + row);
      if constexpr (kL0) l0_total += l0.sum();
    }
  } else {
    std::uint64_t* word = args.mask;
    for (std::int64_t row = 0; row < args.rows; ++row) {
      L0OfRow l0;
      for (std::int64_t c = 0; c < channels; c += 64, ++word) {
        const std::int64_t n = std::min<std::int64_t>(64, channels - c);
        *word = rectify<kBias, kL0>(args, row * channels + c, c, n, l0);
        nonzeros += std::popcount(*word);
      }
      if constexpr (kL0) l0_total += l0.sum();
    }
  }
  if constexpr (kL0) *args.l0_sum = l0_total;
  return nonzeros;
}

std::int64_t ReluRowsTarget(const ReluRows& args) {
  if (args.bias) return args.l0_sum ? relu_rows<true, true>(args) : relu_rows<true, false>(args);
  return args.l0_sum ? relu_rows<false, true>(args) : relu_rows<false, false>(args);
}

// The gradient of the elements [at, at + n), where `live` has the bits of y.  Returns its own.
template <bool kL0>
HWY_INLINE std::uint64_t pass_gradient(const ReluGradRows& args, float reach, std::int64_t at,
                                       std::int64_t n, std::uint64_t live) {
  std::uint64_t bits = 0;
  for_each_of_word(n, [&](auto d, std::int64_t c) {
    std::uint8_t bytes[8];
    const std::uint64_t here = live >> c;
    std::memcpy(bytes, &here, sizeof here);
    auto g = hn::LoadU(d, args.grad_y + at + c);
    if constexpr (kL0) {
      const auto y = hn::LoadU(d, args.y + at + c);
      g = hn::Add(g, scaled_smooth_l0_slope(d, y, hn::Set(d, args.sigma), hn::Set(d, reach),
                                            hn::Set(d, 2 * args.grad_l0)));
    }
    g = hn::IfThenElseZero(hn::LoadMaskBits(d, bytes), g);
    hn::StoreU(g, d, args.grad_x + at + c);
    bits |= nonzero_bits(d, g) << c;
  });
  return bits;
}

template <bool kL0>
std::int64_t relu_grad_rows(const ReluGradRows& args) {
  const std::int64_t channels = args.channels;
  const float reach = reference::smooth_l0_reach(args.sigma, args.cutoff);
  std::int64_t nonzeros = 0;
  if (channels > 0 && channels < 64) {
    for (std::int64_t row = 0; row < args.rows; row += kSideBySide) {
      const std::int64_t rows = std::min(args.rows - row, kSideBySide);
      std::uint64_t bits[kSideBySide + 1];
      join_rows(args.y_mask + row, rows, channels, bits);
      std::uint64_t* word = bits;
      for (std::int64_t e = 0; e < rows * channels; e += 64, ++word) {
        const std::int64_t n = std::min<std::int64_t>(64, rows * channels - e);
        *word = pass_gradient<kL0>(args, reach, row * channels + e, n, *word);
        nonzeros += std::popcount(*word);
      }
      *word = 0;
      split_rows(bits, rows, channels, args.grad_mask + row);
    }
    return nonzeros;
  }
  std::int64_t word = 0;
  for (std::int64_t row = 0; row < args.rows; ++row) {
    for (std::int64_t c = 0; c < channels; c += 64, ++word) {
      const std::int64_t n = std::min<std::int64_t>(64, channels - c);
      const std::uint64_t bits =
          pass_gradient<kL0>(args, reach, row * channels + c, n, args.y_mask[word]);
      args.grad_mask[word] = bits;
      nonzeros += std::popcount(bits);
    }
  }
  return nonzeros;
}

std::int64_t ReluGradRowsTarget(const ReluGradRows& args) {
  return args.grad_l0 != 0 ? relu_grad_rows<true>(args) : relu_grad_rows<false>(args);
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(ReluRowsTarget);
HWY_EXPORT(ReluGradRowsTarget);

std::int64_t relu_rows(const ReluRows& args) { return HWY_DYNAMIC_DISPATCH(ReluRowsTarget)(args); }
std::int64_t relu_grad_rows(const ReluGradRows& args) {
  return HWY_DYNAMIC_DISPATCH(ReluGradRowsTarget)(args);
}

void relu_simd(const ops::Relu& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  const std::int64_t channels = op.x.shape().rank() ? op.x.dim(-1) : 1;
  const std::int64_t rows = channels ? op.x.numel() / channels : 0;
  auto mask = std::make_shared<ZeroMask>(rows, channels, Device::cpu);
  struct Sums {
    std::int64_t nonzeros = 0;
    double l0 = 0;
    void operator+=(const Sums& o) { nonzeros += o.nonzeros, l0 += o.l0; }
  };
  const Sums sums = parallel_sum<Sums>(rows, channels, [&](std::int64_t begin, std::int64_t end) {
    Sums piece;
    piece.nonzeros = relu_rows({.rows = end - begin,
                                .channels = channels,
                                .x = x + begin * channels,
                                .bias = nullptr,
                                .y = y + begin * channels,
                                .mask = mask->words(begin),
                                .sigma = op.sigma,
                                .l0_sum = op.l0_sum ? &piece.l0 : nullptr,
                                .threshold = op.threshold});
    return piece;
  });
  mask->set_nonzeros(sums.nonzeros);
  if (op.l0_sum) *op.l0_sum.mutable_data<float>() = static_cast<float>(sums.l0);
  op.y.attach(std::move(mask));
}

void relu_grad_simd(const ops::ReluGrad& op, Context&, Tally*) {
  const auto y_mask = op.mask();
  const float* const y = op.grad_l0 ? op.y.data<float>() : nullptr;
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  const std::int64_t channels = y_mask->channels();
  auto mask = std::make_shared<ZeroMask>(y_mask->rows(), channels, Device::cpu);
  const float grad_l0 = op.grad_l0 ? *op.grad_l0.data<float>() : 0.0f;
  mask->set_nonzeros(parallel_sum<std::int64_t>(
      y_mask->rows(), channels, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t at = begin * channels;
        return HWY_DYNAMIC_DISPATCH(ReluGradRowsTarget)({.rows = end - begin,
                                                         .channels = channels,
                                                         .y = y ? y + at : nullptr,
                                                         .y_mask = y_mask->words(begin),
                                                         .grad_y = grad_y + at,
                                                         .grad_x = grad_x + at,
                                                         .grad_mask = mask->words(begin),
                                                         .sigma = op.sigma,
                                                         .cutoff = op.cutoff,
                                                         .grad_l0 = grad_l0});
      }));
  op.grad_x.attach(std::move(mask));
}

}  // namespace joule::cpu
#endif
