// SPDX-License-Identifier: MIT
#include <algorithm>
#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/slice/slice.h"

namespace joule {
namespace {

Tensor slice(const Tensor& x, const Shape& shape, const Offsets& first) {
  Tensor y = empty_like(x, shape);
  dispatch(ops::Slice{.x = x, .y = y, .first = first});
  record("slice", {x}, {&y}, [whole = x.shape(), first](std::span<const Tensor> grads) {
    const Tensor grad_x = empty_like(grads[0], whole);
    dispatch(ops::Pad{.x = grads[0], .y = grad_x, .first = first});
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

Tensor pad(const Tensor& x, const Shape& shape, const Offsets& first) {
  Tensor y = empty_like(x, shape);
  dispatch(ops::Pad{.x = x, .y = y, .first = first});
  record("pad", {x}, {&y}, [box = x.shape(), first](std::span<const Tensor> grads) {
    const Tensor grad_x = empty_like(grads[0], box);
    dispatch(ops::Slice{.x = grads[0], .y = grad_x, .first = first});
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

Shape with_channels(const Shape& shape, std::int64_t channels) {
  std::vector<std::int64_t> dims(shape.begin(), shape.end());
  dims.back() = channels;
  return Shape(dims);
}

}  // namespace

Tensor slice_channels(const Tensor& x, std::int64_t first, std::int64_t count) {
  require(x.defined() && x.shape().rank() >= 1, "slice_channels: x must have channels");
  require(first >= 0 && count >= 0 && first <= x.dim(-1) && count <= x.dim(-1) - first,
          "slice_channels: x is ", x.shape(), ", it has no ", count, " channels from ", first,
          " on");
  return slice(x, with_channels(x.shape(), count), {0, 0, 0, first});
}

Tensor pad_channels(const Tensor& x, std::int64_t before, std::int64_t after) {
  require(x.defined() && x.shape().rank() >= 1, "pad_channels: x must have channels");
  require(before >= 0 && before <= kMostOfWindow && after >= 0 && after <= kMostOfWindow,
          "pad_channels: before and after must be from 0 to ", kMostOfWindow, ", got ", before,
          " and ", after);
  return pad(x, with_channels(x.shape(), before + x.dim(-1) + after), {0, 0, 0, before});
}

Tensor pad2d(const Tensor& x, Size2 padding) {
  require_rank("pad2d", "x", x, 4);
  require_window("pad2d", "padding", padding, 0);
  return pad(x, {x.dim(0), x.dim(1) + 2 * padding.h, x.dim(2) + 2 * padding.w, x.dim(3)},
             {0, padding.h, padding.w, 0});
}

Tensor pad2d(const Tensor& x, Size2 before, Size2 after) {
  require_rank("pad2d", "x", x, 4);
  const auto cut = [](std::int64_t edge) { return std::max<std::int64_t>(-edge, 0); };
  const auto added = [](std::int64_t edge) { return std::max<std::int64_t>(edge, 0); };
  for (const std::int64_t edge : {before.h, before.w, after.h, after.w}) {
    require(edge >= -kMostOfWindow && edge <= kMostOfWindow, "pad2d: expected edges from ",
            -kMostOfWindow, " to ", kMostOfWindow, ", got ", edge);
  }
  const std::int64_t h = x.dim(1) - cut(before.h) - cut(after.h);
  const std::int64_t w = x.dim(2) - cut(before.w) - cut(after.w);
  require(h >= 1 && w >= 1, "pad2d: of an image of ", x.dim(1), "x", x.dim(2),
          " nothing would be left");
  Tensor y = x;
  if (h < x.dim(1) || w < x.dim(2)) {
    y = slice(y, {x.dim(0), h, w, x.dim(3)}, {0, cut(before.h), cut(before.w), 0});
  }
  const std::int64_t top = added(before.h), left = added(before.w);
  const std::int64_t high = h + top + added(after.h), wide = w + left + added(after.w);
  if (high > h || wide > w) y = pad(y, {x.dim(0), high, wide, x.dim(3)}, {0, top, left, 0});
  return y;
}

}  // namespace joule
