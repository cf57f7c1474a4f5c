// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

/// The offset of a box in the tensor that it is cut from: of the last dimension at [3], the one
/// before it at [2], and so on; 0 for missing dimensions.
using Offsets = std::array<std::int64_t, Shape::kMaxRank>;

namespace ops {

/// y[i,j,k,c] = x[i + first[0], j + first[1], k + first[2], c + first[3]]: a box cut from x.
///
/// Shapes    x: any; y: as many dimensions, none longer; f32.  y must not be x.
/// Cost      no MACs; reads the elements of the box, writes y.
/// Errors    ArgumentError if dtypes or devices differ, or the box does not lie within x.
/// Numerics  a copy.
struct Slice {
  static constexpr std::string_view kName = "slice";

  Tensor x, y;
  Offsets first{};

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Slice>> implementations();
};

/// y[i + first[0], j + first[1], k + first[2], c + first[3]] = x[i,j,k,c], and 0 elsewhere.  Pad is
/// the gradient of Slice, and Slice that of Pad.
///
/// Shapes    y: any; x: as many dimensions, none longer; f32.  y must not be x.
/// Cost      no MACs; reads x, writes y.
/// Errors    as Slice, with x as the box within y.
/// Numerics  a copy.
struct Pad {
  static constexpr std::string_view kName = "pad";

  Tensor x, y;
  Offsets first{};

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Pad>> implementations();
};

}  // namespace ops

/// The differentiable functions: channels [first, first + count) of [..., C]; x with `before` and
/// `after` channels of zeros.  Errors: ArgumentError if channels are missing, or counts negative.
Tensor slice_channels(const Tensor& x, std::int64_t first, std::int64_t count);
Tensor pad_channels(const Tensor& x, std::int64_t before, std::int64_t after);
/// [N,H,W,C] -> [N, H + 2 padding.h, W + 2 padding.w, C], zeros around each image.
Tensor pad2d(const Tensor& x, Size2 padding);
/// [N,H,W,C] -> [N, H + before.h + after.h, W + before.w + after.w, C]: zeros above and to the left
/// (before), below and to the right (after); a negative number crops rows or columns instead.
/// Errors    ArgumentError if nothing would be left, or more than kMostOfWindow are added.
Tensor pad2d(const Tensor& x, Size2 before, Size2 after);

}  // namespace joule
