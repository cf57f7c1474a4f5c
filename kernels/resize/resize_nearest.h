// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

/// How often each row (or column) of an image lies in the result, one after the other: one number
/// for all, or one for each, where 0 leaves it out.
using Repeats = std::vector<std::int64_t>;

/// The extent of the result of repeating `extent` rows.
///
/// Errors    ArgumentError that names the op and `what` ("rows") if `repeats` has neither one
/// number
///           nor one for each row, a number is negative, nothing would be left, or more than
///           kMostOfWindow rows go in or come out.
std::int64_t repeated(std::string_view op, std::string_view what, std::int64_t extent,
                      const Repeats& repeats);

namespace ops {

/// y[n,p,q,c] = x[n, i(p), j(q), c], where i repeats row 0 rows[0] times, then row 1 rows[1] times
/// and so on, and j the columns likewise: images that are resized to their nearest pixels.
///
/// Shapes    x [N,H,W,C], y [N,P,Q,C] with P = repeated(H, rows) and Q = repeated(W, columns); f32.
///           y must not be x.  C is at most kMostOfWindow.
/// Cost      no MACs; reads the pixels that are in y, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices disagree, or as repeated().
/// Numerics  a copy.
/// Source    numpy.repeat; with P = H f, torch.nn.functional.interpolate(mode="nearest").
struct ResizeNearest {
  static constexpr std::string_view kName = "resize_nearest";

  Tensor x, y;
  Repeats rows, columns;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<ResizeNearest>> implementations();
};

/// grad_x[n,h,w,c] = the sum of grad_y over the pixels that are copies of (h,w); 0 where there are
/// none.
///
/// Shapes    grad_y [N,P,Q,C], grad_x [N,H,W,C]; f32.
/// Cost      no MACs (sums); reads grad_y, writes grad_x.
/// Errors    as ResizeNearest.
/// Numerics  adds row by row in float32: the same bits for every implementation and any number of
///           threads.
struct ResizeNearestGrad {
  static constexpr std::string_view kName = "resize_nearest_grad";

  Tensor grad_y, grad_x;
  Repeats rows, columns;

  Device device() const { return grad_y.device(); }
  DType dtype() const { return grad_y.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<ResizeNearestGrad>> implementations();
};

}  // namespace ops

/// The differentiable function.
Tensor resize_nearest(const Tensor& x, const Repeats& rows, const Repeats& columns);

}  // namespace joule
