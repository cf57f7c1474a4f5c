// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string_view>

#include "joule/core/error.h"

namespace joule {

/// The extents of a tensor, outermost first.  Rank 0 is a scalar (one element).
class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims)
      : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}

  /// Errors    ArgumentError for more than kMaxRank dimensions, a negative extent, or extents other
  ///           than 0 whose product exceeds 2^48.
  explicit Shape(std::span<const std::int64_t> dims) : rank_(static_cast<int>(dims.size())) {
    require(dims.size() <= kMaxRank, "shape: at most ", kMaxRank, " dimensions, got ", dims.size());
    for (int i = 0; i < rank_; ++i) {
      dims_[i] = dims[i];
      require(dims[i] >= 0, "shape: extents must not be negative, got ", *this);
    }
    std::int64_t limit = std::int64_t{1} << 48;
    for (std::int64_t dim : *this) {
      require(dim <= limit, "shape: too many elements, got ", *this);
      if (dim > 0) limit /= dim;
    }
  }

  int rank() const { return rank_; }
  /// Dimension i, counted from the end if i < 0: -1 is the last.
  /// Errors    ArgumentError if there is no such dimension.
  std::int64_t operator[](int i) const {
    const int at = i < 0 ? rank_ + i : i;
    if (at < 0 || at >= rank_) [[unlikely]]
      no_dimension(i);
    return dims_[static_cast<std::size_t>(at)];
  }
  const std::int64_t* begin() const { return dims_.data(); }
  const std::int64_t* end() const { return dims_.data() + rank_; }

  /// At most 2^48, so neither this nor the number of bytes overflows.
  std::int64_t numel() const {
    std::int64_t n = 1;
    for (std::int64_t dim : *this) n *= dim;
    return n;
  }

  friend bool operator==(const Shape&, const Shape&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    out << '[';
    for (int i = 0; i < shape.rank_; ++i) out << (i ? "," : "") << shape.dims_[i];
    return out << ']';
  }

 private:
  [[noreturn]] void no_dimension(int i) const;

  std::array<std::int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

/// A height and a width; one number means both.
struct Size2 {
  std::int64_t h, w;
  constexpr Size2(std::int64_t both) : h(both), w(both) {}  // NOLINT: implicit on purpose
  constexpr Size2(std::int64_t height, std::int64_t width) : h(height), w(width) {}
  friend bool operator==(const Size2&, const Size2&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Size2& size) {
    return out << size.h << 'x' << size.w;
  }
};

/// The largest kernel, stride, padding or dilation of a window.  A device counts in 32 bits; and a
/// product of two such numbers, with others of them and an extent of a Shape added, always fits
/// into a std::int64_t.
inline constexpr std::int64_t kMostOfWindow = 0x7fffffff;

/// Requires both numbers of a window's `name` to be from `least` (0 or 1) to kMostOfWindow.
///
/// Errors    ArgumentError that names the op, the number, and the range.
void require_window(std::string_view op, std::string_view name, Size2 numbers, std::int64_t least);

}  // namespace joule
