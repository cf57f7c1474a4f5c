// SPDX-License-Identifier: MIT
#include "kernels/pool/pool_shape.h"

#include "core/error.h"

namespace joule {

PoolShape pool_shape(std::string_view op, const Shape& x, Size2 kernel, Size2 stride,
                     Size2 padding) {
  require(x.rank() == 4, op, ": expects images [N,H,W,C], got ", x);
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
  require(room_h >= 0 && room_w >= 0, op, ": kernel ", kernel, " is larger than the image ", x,
          " with padding ", padding);
  shape.out_h = room_h / stride.h + 1;
  shape.out_w = room_w / stride.w + 1;
  return shape;
}

}  // namespace joule
