// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>

#include "core/error.h"

namespace joule {

/// The extents of a tensor, outermost first.  Rank 0 is a scalar (one element).
class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims)
      : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}

  /// Errors    ArgumentError for more than kMaxRank dimensions, a negative extent, or a number
  ///           of elements that overflows.
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
  std::int64_t operator[](int i) const { return dims_[i < 0 ? rank_ + i : i]; }
  const std::int64_t* begin() const { return dims_.data(); }
  const std::int64_t* end() const { return dims_.data() + rank_; }

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

}  // namespace joule
