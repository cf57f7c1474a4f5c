// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/passes.h"

// What the drivers of direct.cpp pass to the code that is compiled per instruction set.
namespace joule::cpu {

constexpr std::int64_t ceil_div(std::int64_t n, std::int64_t by) { return (n + by - 1) / by; }
constexpr std::int64_t round_up(std::int64_t n, std::int64_t to) { return ceil_div(n, to) * to; }

/// Output channels are computed in blocks of `channels` within their group, in whole vectors.
struct Blocking {
  std::int64_t lanes, channels;

  /// The channels of the block that begins at `o`, counted over all groups.
  std::int64_t columns(std::int64_t o, std::int64_t out_per_group) const {
    return std::min(channels, out_per_group - o % out_per_group);
  }
  /// The floats of `rows` rows of a packed array, over all blocks of all groups.
  std::int64_t packed(std::int64_t rows, std::int64_t groups, std::int64_t out_per_group) const {
    return rows * groups * round_up(out_per_group, lanes);
  }
};
inline constexpr std::int64_t kMaxBlock = 64;
/// The blocking for the instruction set in use.
Blocking direct_blocking();

/// Images are cut into items of whole rows: small enough that an item's input and output stay in L2
/// beside the weights, yet enough items for many cores.  The cut depends on the shape alone, so
/// that sums over items have the same bits for any number of threads.
struct Items {
  std::int64_t per_image, rows, count;

  Items(std::int64_t images, std::int64_t image_rows, std::int64_t floats_per_row,
        std::int64_t cache_floats) {
    constexpr std::int64_t kEnough = 16;
    const std::int64_t pieces = std::max(ceil_div(image_rows * floats_per_row, cache_floats),
                                         ceil_div(kEnough, std::max<std::int64_t>(1, images)));
    rows = ceil_div(image_rows, std::min(pieces, image_rows));
    per_image = ceil_div(image_rows, rows);
    count = images * per_image;
  }

  struct Rows {
    std::int64_t image, first, last;
  };
  Rows at(std::int64_t item, std::int64_t image_rows) const {
    const std::int64_t first = item % per_image * rows;
    return {item / per_image, first, std::min(first + rows, image_rows)};
  }
};

/// One pass over a batch.
struct PassRun {
  Pass pass;
  Items items;
  std::int64_t groups, in_per_group, out_per_group;
  const float* in;
  const float* weights;  // packed
  const float* bias;     // or null
  float* out;

  std::int64_t scratch_floats() const {
    return pass.h.extent(items.rows) * pass.w.extent(pass.w.count) * groups * in_per_group;
  }
};

/// A gradient of the weights.
struct GradWeightRun {
  Conv2dShape shape;
  Pass pass;  // forward_pass(shape)
  Items items;
  const float* x;
  const float* grad_y;
  bool merged;  // the taps of a kernel row are one row of floats of x
  bool bias;

  std::int64_t window_floats() const {
    if (!merged) return 0;
    return pass.h.extent(items.rows) * pass.w.extent(pass.w.count) * shape.in_channels;
  }
  std::int64_t scratch_floats() const {
    return window_floats() + items.rows * pass.w.count * kMaxBlock;
  }
  /// Rows of a block of partial gradients; the last is the bias's.
  std::int64_t partial_rows() const {
    return shape.kernel_h * shape.kernel_w * shape.in_per_group() + 1;
  }
};

}  // namespace joule::cpu
