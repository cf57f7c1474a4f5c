// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "joule/core/backend/backend.h"
#include "joule/core/backend/memory.h"

namespace joule {

/// Which elements of a tensor are non-zero: one 64-bit word per row (pixel) per 64 channels.
///
/// Bit c%64 of words(row)[c/64] is set if element (row, c) is non-zero (NaN counts as non-zero,
/// -0.0 and denormals as zero); bits beyond the last channel are 0.  Written by the epilogue of the
/// operation that computes the values; valid until the values are written again
/// (Tensor::zero_mask() checks).  On a device other than the CPU, the words lie in its memory, and
/// so does the count until the host asks for it.
class ZeroMask {
 public:
  ZeroMask(std::int64_t rows, std::int64_t channels, Device device)
      : rows_(rows),
        channels_(channels),
        storage_(static_cast<std::size_t>(rows * words_per_row() + 1) * sizeof(std::uint64_t),
                 device),
        counted_again_(backend(device).capturing() != 0),
        nonzeros_(device == Device::cpu ? 0 : kOnTheDevice) {
    if (device != Device::cpu) backend(device).fill(device_count(), 1, &kNone, sizeof kNone);
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

  Device device() const { return storage_.device(); }

  /// Waits for the device at the first call; at every call if captured work counts.
  std::int64_t nonzeros() const {
    if (nonzeros_ == kOnTheDevice || counted_again_) {
      backend(device()).copy_out(&nonzeros_, words(rows_), sizeof nonzeros_);
    }
    return nonzeros_;
  }
  void set_nonzeros(std::int64_t count) { nonzeros_ = count; }
  /// Where kernels of a device other than the CPU count the non-zeros (0 at first) and read the
  /// count.
  std::uint64_t* device_count() { return words(rows_); }
  const std::uint64_t* device_count() const { return words(rows_); }

  /// A copy on `device`.
  std::shared_ptr<ZeroMask> to(Device device) const;

 private:
  static constexpr std::int64_t kOnTheDevice = -1;
  static constexpr std::uint64_t kNone = 0;
  std::int64_t rows_, channels_;
  Storage storage_;  // the words, then the count
  bool counted_again_;
  mutable std::int64_t nonzeros_;
};

}  // namespace joule
