// SPDX-License-Identifier: MIT
#include "kernels/conv2d/conv2d_nonzero_lists.h"

#include <array>
#include <bit>
#include <utility>

#include "core/threads.h"

namespace joule::cpu {
namespace {

using Bits64 = std::array<std::uint64_t, 64>;

/// Bit j of word i becomes bit i of word j.
///
/// Source    Warren, Hacker's Delight, 7-3: swaps of ever smaller blocks off the diagonal.
void transpose(Bits64& words) {
  std::uint64_t mask = 0x00000000FFFFFFFFu;
  for (unsigned size = 32; size != 0; size /= 2, mask ^= mask << size) {
    for (unsigned i = 0; i < 64; i = ((i | size) + 1) & ~size) {
      const std::uint64_t swapped = ((words[i] >> size) ^ words[i | size]) & mask;
      words[i] ^= swapped << size;
      words[i | size] ^= swapped;
    }
  }
}

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
      entries_(2 * mask.nonzeros()) {
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

// The words of 64 pixels are transposed to count each channel's non-zeros, which tells where its
// list lies; then the values are read in the order in which they lie in memory.
void NonzeroLists::fill(std::int64_t band, const float* values, const ZeroMask& mask) {
  struct Pixel {
    std::int64_t pixel;
    std::uint32_t at;
  };
  thread_local std::vector<Pixel> pixels;
  pixels.clear();
  for_each_pixel(pass_, bands_, bands_.at(band), [&](std::int64_t pixel, std::uint32_t at) {
    pixels.push_back({pixel, at});
  });
  NonzeroList::Entry* const entries = entries_of(band);
  std::uint32_t* const ends = ends_.data() + band * channels_;
  std::uint32_t total = 0;
  for (std::int64_t word = 0; word < mask.words_per_row(); ++word) {
    std::array<std::uint32_t, 64> next{};
    for (std::size_t group = 0; group < pixels.size(); group += 64) {
      Bits64 bits{};
      const std::size_t count = std::min<std::size_t>(64, pixels.size() - group);
      for (std::size_t i = 0; i < count; ++i) bits[i] = mask.words(pixels[group + i].pixel)[word];
      transpose(bits);
      for (std::size_t c = 0; c < 64; ++c) next[c] += std::popcount(bits[c]);
    }
    const std::int64_t channels = std::min<std::int64_t>(64, channels_ - word * 64);
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::uint32_t count = std::exchange(next[c], total);
      ends[word * 64 + c] = total += count;
    }
    for (const Pixel& pixel : pixels) {
      const float* const x = values + pixel.pixel * channels_ + word * 64;
      for (std::uint64_t bits = mask.words(pixel.pixel)[word]; bits != 0; bits &= bits - 1) {
        const int c = std::countr_zero(bits);
        entries[next[c]++] = {x[c], pixel.at};
      }
    }
  }
}

}  // namespace joule::cpu
