// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <initializer_list>

#include "joule/core/cuda/launch.h"
#include "joule/core/tensor.h"
#include "joule/kernels/zero_mask_cuda.h"

// Elementwise kernels that write the zero mask of their result in the same pass.
namespace joule::cuda {

/// [rows, channels] values and their mask, as write_masked() writes them.
struct MaskedRows {
  static constexpr int kThreads = 256;
  static constexpr std::int64_t kElements = 4096;  // per chunk, at most
  static constexpr std::int64_t kBlocks = 1024;    // 128 multiprocessors run that many at once

  float* values;
  std::uint64_t* words;
  std::uint64_t* count;  // of non-zeros
  std::int64_t channels;
  std::int64_t words_per_row;
  std::int64_t all_words;
  std::int64_t words_per_chunk;

  /// For t, and a mask that fits it.
  MaskedRows(const Tensor& t, ZeroMask& mask)
      : values(t.mutable_data<float>()),
        words(mask.words()),
        count(mask.device_count()),
        channels(mask.channels()),
        words_per_row(mask.words_per_row()),
        all_words(mask.rows() * words_per_row),
        words_per_chunk(kElements / std::clamp<std::int64_t>(channels, 1, 64)) {}

  /// The grid for write_masked().  The number of blocks, and so the order in which their sums are
  /// added, depends on the shape alone.
  Grid grid() const {
    const std::int64_t chunks = (all_words + words_per_chunk - 1) / words_per_chunk;
    return {.blocks = dim3(static_cast<unsigned>(std::min(chunks, kBlocks))),
            .threads = dim3(kThreads)};
  }

  /// Whether write_masked() can move four elements at once, given the operands' `pointers`, too.
  bool four_at_once(std::initializer_list<const void*> pointers) const {
    return channels % 4 == 0 && aligned_for_four({values}) && aligned_for_four(pointers);
  }

  __device__ std::int64_t first_element(std::int64_t word) const {
    return word / words_per_row * channels + word % words_per_row * 64;
  }
};

/// The position of an element, or of the first of four consecutive ones.
struct Place {
  std::int64_t element;
  std::int64_t row;
  std::int64_t channel;
};

/// The place `offset` elements (less than a chunk) after channel `channel` of `row`.
__device__ inline Place place_after(const MaskedRows& out, std::int64_t row, std::int64_t channel,
                                    unsigned offset) {
  Place place{row * out.channels + channel + offset, row, channel + offset};
  if (out.channels > MaskedRows::kElements) {  // crosses into the next row at most
    if (place.channel >= out.channels) ++place.row, place.channel -= out.channels;
  } else {  // 32-bit division is several times as fast as 64-bit
    const auto position = static_cast<unsigned>(place.channel);
    const auto channels = static_cast<unsigned>(out.channels);
    place.row += position / channels;
    place.channel = position % channels;
  }
  return place;
}

/// Writes out.values at `place` = value(place), a Floats<kCount>, for all elements, and their mask.
/// kCount is 1, or 4 if out.four_at_once(...).  All threads of blocks of kThreads must call it.
///
/// A block takes chunks of consecutive words, whose elements are consecutive, too.  Its warps write
/// 32 * kCount of them at a time and put one bit for each, in order, into shared memory, from which
/// the block's threads then assemble one word each.  So no lane idles, for any number of channels.
/// Shared memory: 520 bytes, and those of block_sum().
template <int kCount, class Value>
__device__ void write_masked(const MaskedRows& out, Value& value) {
  __shared__ unsigned bits[MaskedRows::kElements / 32 + 2];
  const unsigned lane = threadIdx.x % kWarp;
  unsigned nonzeros = 0;
  const std::int64_t step = gridDim.x * out.words_per_chunk;
  for (std::int64_t word = blockIdx.x * out.words_per_chunk; word < out.all_words; word += step) {
    const std::int64_t end_word = min(word + out.words_per_chunk, out.all_words);
    const std::int64_t begin = out.first_element(word);
    const auto size = static_cast<unsigned>(out.first_element(end_word) - begin);
    const std::int64_t row = word / out.words_per_row;
    const std::int64_t channel = begin - row * out.channels;
    for (unsigned of_warp = (threadIdx.x - lane) * kCount; of_warp < size;
         of_warp += MaskedRows::kThreads * kCount) {
      const unsigned at = of_warp + lane * kCount;
      Floats<kCount> result{};
      if (at < size) {
        const Place place = place_after(out, row, channel, at);
        result = value(place);
        result.store(out.values + place.element);
      }
      const unsigned here = nonzero_bits(result);
      if (lane % (kWarp / kCount) == 0) bits[at / 32] = here;
    }
    __syncthreads();
    for (std::int64_t w = word + threadIdx.x; w < end_word; w += MaskedRows::kThreads) {
      const std::int64_t channels = out.channels - w % out.words_per_row * 64;
      std::uint64_t mask = bits_at(bits, static_cast<unsigned>(out.first_element(w) - begin));
      if (channels < 64) mask &= (std::uint64_t{1} << channels) - 1;
      out.words[w] = mask;
      nonzeros += static_cast<unsigned>(__popcll(mask));
    }
    __syncthreads();
  }
  add_count(nonzeros, out.count);
}

}  // namespace joule::cuda
