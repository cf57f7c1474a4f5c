// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "joule/core/tensor.h"

namespace joule::cpu {

/// The non-zeros of images [N,H,W,C], pixel after pixel, each with its position in its row of
/// pixels; the non-zeros of neighbouring pixels form one run.
class NonzeroRuns {
 public:
  struct Entry {
    float value;
    std::uint32_t at;  // column * C + channel
  };
  /// Where the elements of each pixel of a row begin; a last entry says where they end.
  using Row = const Entry* const*;

  NonzeroRuns(std::int64_t rows, std::int64_t columns)
      : columns_(columns), rows_(static_cast<std::size_t>(rows)) {}

  /// For every row of pixels, counted over the batch.
  const Row* rows() const { return rows_.data(); }

  /// Writes the rows [first, last) of x, which have `nonzeros` non-zeros by its mask, into one
  /// piece of memory.  Several threads may write different rows at the same time.
  void write(const float* x, const ZeroMask& mask, std::int64_t first, std::int64_t last,
             std::int64_t nonzeros);

 private:
  std::int64_t columns_;
  std::vector<Row> rows_;
  std::mutex mutex_;
  std::deque<Storage> pieces_;
};

/// Whether the runs of `images` can be indexed: a row of pixels has fewer than 2^32 values.
bool can_index_runs(const Tensor& images);

/// The runs of x [N,H,W,C], f32, from its zero mask (see zero_mask_of()): made once, and cached
/// with x until it is written again.
///
/// Cost      reads the mask twice, and once the cache lines of x that are not all zero.
std::shared_ptr<const NonzeroRuns> nonzero_runs_of(const Tensor& x);

}  // namespace joule::cpu
