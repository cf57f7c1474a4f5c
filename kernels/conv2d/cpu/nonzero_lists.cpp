// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/conv2d/cpu/nonzero_lists.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <array>
#include <bit>
#include <utility>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/nonzero_lists.h"
#include "joule/kernels/conv2d/cpu/nonzero_lists_plan.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Bits64 = std::array<std::uint64_t, 64>;

/// Bit j of word i becomes bit i of word j.
///
/// Source    Warren, Hacker's Delight, 7-3: swaps of ever smaller blocks off the diagonal.
HWY_INLINE void transpose(Bits64& words) {
  std::uint64_t mask = 0x00000000FFFFFFFFu;
  for (unsigned size = 32; size != 0; size /= 2, mask ^= mask << size) {
    for (unsigned i = 0; i < 64; i = ((i | size) + 1) & ~size) {
      const std::uint64_t swapped = ((words[i] >> size) ^ words[i | size]) & mask;
      words[i] ^= swapped << size;
      words[i | size] ^= swapped;
    }
  }
}

// Of each channel of a word, which of the pixels [first, first + 64) are not zero.
Bits64 channel_words(const ListsFill& f, std::int64_t word, std::size_t first) {
  Bits64 bits{};
  const std::size_t count = std::min<std::size_t>(64, f.pixels.size() - first);
  for (std::size_t i = 0; i < count; ++i) {
    bits[i] = f.mask->words(f.pixels[first + i].pixel)[word];
  }
  transpose(bits);
  return bits;
}

// Few non-zeros: the bits of 64 pixels are transposed to count each channel's, which tells where
// its list lies; then the values are read in the order in which they lie in memory.
void fill_by_pixel(const ListsFill& f) {
  std::uint32_t total = 0;
  for (std::int64_t word = 0; word < f.mask->words_per_row(); ++word) {
    std::array<std::uint32_t, 64> next{};
    for (std::size_t first = 0; first < f.pixels.size(); first += 64) {
      const Bits64 bits = channel_words(f, word, first);
      for (std::size_t c = 0; c < 64; ++c) next[c] += std::popcount(bits[c]);
    }
    const std::int64_t channels = std::min<std::int64_t>(64, f.mask->channels() - word * 64);
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::uint32_t begin = total;
      total += std::exchange(next[c], begin);
      f.ends[word * 64 + c] = {begin, total};
    }
    for (const ListsFill::Pixel& pixel : f.pixels) {
      const float* const x = f.values + pixel.pixel * f.mask->channels() + word * 64;
      for (std::uint64_t bits = f.mask->words(pixel.pixel)[word]; bits != 0; bits &= bits - 1) {
        const int c = std::countr_zero(bits);
        f.to[next[c]++] = {x[c], pixel.at};
      }
    }
  }
}

// Set bits of which the next is set, too, and joined to them: no bit is in two pairs.  Pairs that
// begin at even bits come first, then others of what is left: without a loop, and nearly as many as
// there can be.
HWY_INLINE std::uint64_t first_of_pairs(std::uint64_t bits, std::uint64_t joined) {
  constexpr std::uint64_t kEven = 0x5555555555555555u;
  const std::uint64_t even = bits & (bits >> 1) & joined & kEven;
  const std::uint64_t left = bits & ~(even | even << 1);
  return even | (left & (left >> 1) & joined & ~kEven);
}

// Many non-zeros of consecutive pixels: the values of 16 channels, a line of cache of each pixel,
// are transposed, and each channel's compressed into its list: first the pairs, then the rest.
void fill_by_channel(const ListsFill& f) {
  constexpr std::int64_t kChannels = 16;
  const auto pixels = static_cast<std::int64_t>(f.pixels.size()), pitch = round_up(pixels, 64);
  thread_local std::vector<float> transposed;
  thread_local std::vector<Bits64> bits;
  thread_local std::vector<std::uint64_t> joined, singles;
  transposed.resize(kChannels * pitch);
  bits.resize(pitch / 64);
  singles.resize(pitch / 64);
  joined.assign(pitch / 64, 0);
  for (std::int64_t i = 0; i < pixels; ++i) {
    const bool neighbour = i + 1 < pixels && f.pixels[i + 1].at == f.pixels[i].at + 1;
    joined[i / 64] |= std::uint64_t{neighbour} << (i % 64);
  }
  NonzeroList::Entry* end = f.to;
  for (std::int64_t c = 0; c < f.mask->channels(); ++c) {
    const std::int64_t channel = c % kChannels;
    if (c % 64 == 0) {
      for (std::size_t g = 0; g < bits.size(); ++g) bits[g] = channel_words(f, c / 64, g * 64);
    }
    if (channel == 0) {
      pack_block({.from = f.values + f.pixels[0].pixel * f.mask->channels() + c,
                  .in_stride = 1,
                  .out_stride = f.mask->channels(),
                  .channels = std::min(kChannels, f.mask->channels() - c),
                  .columns = pixels,
                  .width = pitch,
                  .to = transposed.data()});
    }
    const float* values = transposed.data() + channel * pitch;
    const ListsFill::Pixel* pixel = f.pixels.data();
    for (std::size_t g = 0; g < bits.size(); ++g, values += 64, pixel += 64) {
      std::uint64_t here = bits[g][c % 64];
      const std::uint64_t pairs = first_of_pairs(here, joined[g]);
      singles[g] = here & ~(pairs | pairs << 1);
      for (here = pairs; here != 0; here &= here - 1, end += 2) {
        const int i = std::countr_zero(here);
        end[0] = {values[i], pixel[i].at};
        end[1] = {values[i + 1], pixel[i + 1].at};
      }
    }
    f.ends[c].pairs = static_cast<std::uint32_t>(end - f.to);
    values = transposed.data() + channel * pitch;
    pixel = f.pixels.data();
    for (std::size_t g = 0; g < bits.size(); ++g, values += 64, pixel += 64) {
      for (std::uint64_t here = singles[g]; here != 0; here &= here - 1) {
        const int i = std::countr_zero(here);
        *end++ = {values[i], pixel[i].at};
      }
    }
    f.ends[c].singles = static_cast<std::uint32_t>(end - f.to);
  }
}

void FillLists(const ListsFill& f) { f.by_channel ? fill_by_channel(f) : fill_by_pixel(f); }

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(FillLists);

namespace {

/// body(pixel of the tensor, pixel of the tile) for the pixels of a band, in order.
template <class Body>
void for_each_pixel(const Pass& pass, const NonzeroBands& bands, const NonzeroBand& band,
                    Body&& body) {
  const PassAxis &h = pass.h, &w = pass.w;
  for (std::int64_t image = band.first_image; image < band.last_image; ++image) {
    for (std::int64_t p = band.first_row; p < band.last_row; ++p) {
      const std::int64_t row = (image * h.out + h.first + p * h.step) * w.out + w.first;
      const std::int64_t tile_row =
          (image - band.first_image) * bands.tile_rows() + (p - band.first_row) * h.in_step;
      for (std::int64_t q = 0; q < w.count; ++q) {
        body(row + q * w.step,
             static_cast<std::uint32_t>(tile_row * bands.tile_columns() + q * w.in_step));
      }
    }
  }
}

}  // namespace

NonzeroLists::NonzeroLists(const Pass& pass, std::int64_t batch, const float* values,
                           const ZeroMask& mask, std::int64_t floats)
    : pass_(pass),
      bands_(pass, batch, floats),
      channels_(mask.channels()),
      first_(static_cast<std::size_t>(bands_.count() + 1)),
      ends_(static_cast<std::size_t>(bands_.count() * channels_)),
      entries_(2 * mask.nonzeros() + 64) {
  const std::int64_t words = mask.words_per_row();
  parallel_for(bands_.count(), 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t band = begin; band < end; ++band) {
      std::int64_t count = 0;
      for_each_pixel(pass_, bands_, bands_.at(band), [&](std::int64_t pixel, std::uint32_t) {
        for (std::int64_t i = 0; i < words; ++i) count += std::popcount(mask.words(pixel)[i]);
      });
      first_[band + 1] = count;
    }
  });
  for (std::int64_t band = 0; band < bands_.count(); ++band) first_[band + 1] += first_[band];
  parallel_for(bands_.count(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t band = begin; band < end; ++band) fill(band, values, mask);
  });
}

void NonzeroLists::fill(std::int64_t band, const float* values, const ZeroMask& mask) {
  thread_local std::vector<ListsFill::Pixel> pixels;
  pixels.clear();
  for_each_pixel(pass_, bands_, bands_.at(band), [&](std::int64_t pixel, std::uint32_t at) {
    pixels.push_back({pixel, at});
  });
  // What fill_by_channel costs does not depend on the zeros, and its pairs are of use to several
  // taps side by side alone.
  const bool consecutive = pass_.h.step == 1 && pass_.w.step == 1 && pass_.w.taps > 1;
  const bool many = 6 * mask.nonzeros() > mask.rows() * mask.channels();
  HWY_DYNAMIC_DISPATCH(FillLists)
  ({.pixels = pixels,
    .values = values,
    .mask = &mask,
    .by_channel = consecutive && many,
    .ends = ends_.data() + band * channels_,
    .to = entries_of(band)});
}

}  // namespace joule::cpu
#endif
