// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "core/memory.h"

namespace joule {

/// Which elements of a tensor are not zero: one 64-bit word per row (pixel) per 64 channels.
///
/// Bit c%64 of words(row)[c/64] is set if element (row, c) is non-zero (NaN counts as non-zero,
/// -0.0 and denormals as zero); bits beyond the last channel are 0.  Written by the epilogue of the
/// operation that computes the values; valid as long as the values are not written again
/// (Tensor::zero_mask checks).
class ZeroMask {
 public:
  ZeroMask(std::int64_t rows, std::int64_t channels, Device device)
      : rows_(rows),
        channels_(channels),
        storage_(static_cast<std::size_t>(rows * words_per_row()) * sizeof(std::uint64_t), device) {
  }

  std::int64_t rows() const { return rows_; }
  std::int64_t channels() const { return channels_; }
  std::int64_t words_per_row() const { return (channels_ + 63) / 64; }
  std::uint64_t* words(std::int64_t row = 0) {
    return reinterpret_cast<std::uint64_t*>(storage_.data()) + row * words_per_row();
  }
  const std::uint64_t* words(std::int64_t row = 0) const {
    return const_cast<ZeroMask*>(this)->words(row);
  }

  std::int64_t nonzeros() const { return nonzeros_; }
  void set_nonzeros(std::int64_t count) { nonzeros_ = count; }

 private:
  std::int64_t rows_, channels_;
  Storage storage_;
  std::int64_t nonzeros_ = 0;
};

}  // namespace joule
