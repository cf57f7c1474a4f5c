// SPDX-License-Identifier: MIT
#include "kernels/nonzero_runs.h"

#include <bit>
#include <limits>
#include <vector>

#include "core/threads.h"
#include "kernels/zero_mask_cpu.h"

namespace joule::cpu {
namespace {

// The pixels of `image_rows` rows; element number `at` is the first of theirs.
void write_runs(const ZeroMask& mask, const float* x, std::int64_t columns, std::int64_t first_row,
                std::int64_t last_row, std::int64_t at, const NonzeroRuns& runs) {
  const std::int64_t channels = mask.channels(), words = mask.words_per_row();
  std::int64_t* const starts = runs.starts();
  float* const values = runs.values();
  std::uint32_t* const indexes = runs.indexes();
  for (std::int64_t row = first_row; row < last_row; ++row) {
    const float* const from = x + row * columns * channels;
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::int64_t pixel = row * columns + column;
      starts[pixel] = at;
      for (std::int64_t word = 0; word < words; ++word) {
        const std::int64_t first = column * channels + word * 64;
        for (std::uint64_t bits = mask.words(pixel)[word]; bits != 0; bits &= bits - 1, ++at) {
          const std::int64_t index = first + std::countr_zero(bits);
          values[at] = from[index];
          indexes[at] = static_cast<std::uint32_t>(index);
        }
      }
    }
  }
}

std::shared_ptr<const NonzeroRuns> make_runs(const Tensor& x, const ZeroMask& mask) {
  const std::int64_t columns = x.dim(2), rows = x.dim(0) * x.dim(1);
  const std::int64_t words = columns * mask.words_per_row();  // of a row of pixels
  const float* const values = x.data<float>();
  auto runs = std::make_shared<NonzeroRuns>(rows * columns, mask.nonzeros());
  // Where the elements of a row begin is known when those of the rows before are counted.
  std::vector<std::int64_t> row_starts(static_cast<std::size_t>(rows) + 1);
  parallel_for(rows, 1 + 16384 / words, [&](std::int64_t begin, std::int64_t end) {
    const std::uint64_t* word = mask.words() + begin * words;
    for (std::int64_t row = begin; row < end; ++row) {
      std::int64_t count = 0;
      for (std::int64_t i = 0; i < words; ++i) count += std::popcount(*word++);
      row_starts[static_cast<std::size_t>(row) + 1] = count;
    }
  });
  for (std::size_t row = 0; row + 1 < row_starts.size(); ++row) {
    row_starts[row + 1] += row_starts[row];
  }
  runs->starts()[rows * columns] = row_starts.back();
  parallel_for(rows, 1 + 4096 / words, [&](std::int64_t begin, std::int64_t end) {
    write_runs(mask, values, columns, begin, end, row_starts[static_cast<std::size_t>(begin)],
               *runs);
  });
  return runs;
}

}  // namespace

bool can_index_runs(const Tensor& images) {
  return images.dim(2) * images.dim(3) <= std::numeric_limits<std::uint32_t>::max();
}

std::shared_ptr<const NonzeroRuns> nonzero_runs_of(const Tensor& x) {
  const auto mask = zero_mask_of(x);
  // Other shapes and slices of the same storage have runs of their own.
  const void* const at = x.data<float>();
  return x.derived<NonzeroRuns>(str("nonzero_runs ", x.shape(), " at ", at),
                                [&] { return make_runs(x, *mask); });
}

}  // namespace joule::cpu
