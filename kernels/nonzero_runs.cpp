// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/nonzero_runs.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <bit>
#include <limits>
#include <vector>

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

// The pixels of the rows [first_row, last_row); element number `at` is the first of theirs.
// Where a row's non-zeros are is read off the mask before any of them is touched: so many cache
// misses on x are under way at once, and no branch waits between them.
void WriteRuns(const ZeroMask& mask, const float* x, std::int64_t columns, std::int64_t first_row,
               std::int64_t last_row, std::int64_t at, const NonzeroRuns& runs) {
  const std::int64_t channels = mask.channels(), words = mask.words_per_row();
  const std::uint64_t* word = mask.words(first_row * columns);
  std::int64_t* start = runs.starts() + first_row * columns;
  float* const values = runs.values();
  std::uint32_t* const indexes = runs.indexes();
  for (std::int64_t row = first_row; row < last_row; ++row) {
    std::int64_t end = at;
    const float* const from = x + row * columns * channels;
    for (std::int64_t pixel = 0; pixel < columns * channels; pixel += channels) {
      *start++ = end;
      for (std::int64_t first = pixel; first < pixel + words * 64; first += 64) {
        for (std::uint64_t bits = *word++; bits != 0; bits &= bits - 1) {
          const std::int64_t index = first + std::countr_zero(bits);
          hwy::Prefetch(from + index);
          indexes[end++] = static_cast<std::uint32_t>(index);
        }
      }
    }
    for (; at < end; ++at) values[at] = from[indexes[at]];
  }
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
  auto runs = std::make_shared<NonzeroRuns>(rows * columns, mask.nonzeros());
  // Where the elements of a row begin is known when those of the rows before are counted.
  std::vector<std::int64_t> row_starts(static_cast<std::size_t>(rows) + 1);
  parallel_for(rows, 1 + 16384 / words, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      row_starts[static_cast<std::size_t>(row) + 1] =
          HWY_DYNAMIC_DISPATCH(CountBits)(mask.words() + row * words, words);
    }
  });
  for (std::size_t row = 1; row < row_starts.size(); ++row) row_starts[row] += row_starts[row - 1];
  runs->starts()[rows * columns] = row_starts.back();
  parallel_for(rows, 1 + 4096 / words, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(WriteRuns)
    (mask, values, columns, begin, end, row_starts[static_cast<std::size_t>(begin)], *runs);
  });
  return runs;
}

}  // namespace

bool can_index_runs(const Tensor& images) {
  return images.dim(2) * images.dim(3) <= std::numeric_limits<std::uint32_t>::max();
}

std::shared_ptr<const NonzeroRuns> nonzero_runs_of(const Tensor& x) {
  const auto mask = zero_mask_of(x);
  return x.derived<NonzeroRuns>("nonzero_runs", [&] { return make_runs(x, *mask); });
}

}  // namespace joule::cpu
#endif
