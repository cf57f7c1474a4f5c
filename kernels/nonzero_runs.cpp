// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/nonzero_runs.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "core/threads.h"
#include "kernels/nonzero_runs.h"
#include "kernels/zero_mask_cpu.h"

// No vectors here, but the instructions that count and find bits.
HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {

std::int64_t CountBits(const std::uint64_t* words, std::int64_t count) {
  std::int64_t bits = 0;
  for (std::int64_t i = 0; i < count; ++i) bits += std::popcount(words[i]);
  return bits;
}

// The pixels of the rows [first_row, last_row): their elements from `entry` on, and where those of
// a pixel begin from `start` on. Where a row's non-zeros are is read off the mask before any of
// them is touched: so many cache misses on x are under way at once, and no branch waits between
// them.
void WriteRuns(const ZeroMask& mask, const float* x, std::int64_t columns, std::int64_t first_row,
               std::int64_t last_row, NonzeroRuns::Entry* entry, const NonzeroRuns::Entry** start) {
  const std::int64_t channels = mask.channels(), words = mask.words_per_row();
  const std::uint64_t* word = mask.words(first_row * columns);
  for (std::int64_t row = first_row; row < last_row; ++row) {
    NonzeroRuns::Entry* end = entry;
    const float* const from = x + row * columns * channels;
    for (std::int64_t pixel = 0; pixel < columns * channels; pixel += channels) {
      *start++ = end;
      for (std::int64_t first = pixel; first < pixel + words * 64; first += 64) {
        for (std::uint64_t bits = *word++; bits != 0; bits &= bits - 1) {
          const std::int64_t at = first + std::countr_zero(bits);
          hwy::Prefetch(from + at);
          (end++)->at = static_cast<std::uint32_t>(at);
        }
      }
    }
    for (; entry != end; ++entry) entry->value = from[entry->at];
  }
  *start = entry;
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(CountBits);
HWY_EXPORT(WriteRuns);

namespace {

std::shared_ptr<const NonzeroRuns> make_runs(const Tensor& x, const ZeroMask& mask) {
  const std::int64_t columns = x.dim(2), rows = x.dim(0) * x.dim(1);
  const std::int64_t words = columns * mask.words_per_row();  // of a row of pixels
  const float* const values = x.data<float>();
  auto runs = std::make_shared<NonzeroRuns>(rows, columns);
  parallel_for(
      rows, 1 + 4096 / std::max<std::int64_t>(1, words), [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t nonzeros =
            HWY_DYNAMIC_DISPATCH(CountBits)(mask.words() + begin * words, (end - begin) * words);
        runs->write(values, mask, begin, end, nonzeros);
      });
  return runs;
}

}  // namespace

void NonzeroRuns::write(const float* x, const ZeroMask& mask, std::int64_t first, std::int64_t last,
                        std::int64_t nonzeros) {
  const std::int64_t starts = (last - first) * columns_ + 1;
  const auto bytes = static_cast<std::size_t>(nonzeros) * sizeof(Entry) +
                     static_cast<std::size_t>(starts) * sizeof(const Entry*);
  std::byte* piece;
  {
    const std::lock_guard lock(mutex_);
    piece = pieces_.emplace_back(bytes, Device::cpu).data();
  }
  auto* const entries = reinterpret_cast<Entry*>(piece);
  auto* const start = reinterpret_cast<const Entry**>(entries + nonzeros);
  for (std::int64_t row = first; row < last; ++row) {
    rows_[static_cast<std::size_t>(row)] = start + (row - first) * columns_;
  }
  HWY_DYNAMIC_DISPATCH(WriteRuns)(mask, x, columns_, first, last, entries, start);
}

bool can_index_runs(const Tensor& images) {
  return images.dim(2) * images.dim(3) <= std::numeric_limits<std::uint32_t>::max();
}

std::shared_ptr<const NonzeroRuns> nonzero_runs_of(const Tensor& x) {
  const auto mask = zero_mask_of(x);
  return x.derived<NonzeroRuns>("nonzero_runs", [&] { return make_runs(x, *mask); });
}

}  // namespace joule::cpu
#endif
