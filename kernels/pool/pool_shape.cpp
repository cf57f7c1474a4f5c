// SPDX-License-Identifier: MIT
#include "joule/kernels/pool/pool_shape.h"

#include "joule/core/error.h"

namespace joule {
namespace {

/// How many windows there are; room = extent + 2 padding - kernel, at least 1 - stride.
std::int64_t windows(std::int64_t room, std::int64_t extent, std::int64_t stride,
                     std::int64_t padding, bool ceil_mode) {
  if (!ceil_mode) return room / stride + 1;
  const std::int64_t count = (room + stride - 1) / stride + 1;
  return (count - 1) * stride < extent + padding ? count : count - 1;
}

}  // namespace

PoolShape pool_shape(std::string_view op, const Shape& x, Size2 kernel, Size2 stride, Size2 padding,
                     bool ceil_mode) {
  require(x.rank() == 4, op, ": expects images [N,H,W,C], got ", x);
  require(x[1] >= 1 && x[2] >= 1, op, ": expects images of at least one pixel, got ", x);
  require_window(op, "kernel", kernel, 1);
  require_window(op, "stride", stride, 1);
  require(
      padding.h >= 0 && padding.w >= 0 && padding.h <= kernel.h / 2 && padding.w <= kernel.w / 2,
      op, ": padding must be from 0 to half of the kernel ", kernel, ", got ", padding);
  PoolShape shape{.batch = x[0],
                  .in_h = x[1],
                  .in_w = x[2],
                  .channels = x[3],
                  .out_h = 0,
                  .out_w = 0,
                  .kernel = kernel,
                  .stride = stride,
                  .padding = padding};
  const std::int64_t room_h = x[1] + 2 * padding.h - kernel.h;
  const std::int64_t room_w = x[2] + 2 * padding.w - kernel.w;
  const std::int64_t least_h = ceil_mode ? 1 - stride.h : 0;  // a window may end behind the padding
  const std::int64_t least_w = ceil_mode ? 1 - stride.w : 0;
  require(room_h >= least_h && room_w >= least_w, op, ": kernel ", kernel,
          " is larger than the image ", x, " with padding ", padding);
  shape.out_h = windows(room_h, x[1], stride.h, padding.h, ceil_mode);
  shape.out_w = windows(room_w, x[2], stride.w, padding.w, ceil_mode);
  return shape;
}

}  // namespace joule
