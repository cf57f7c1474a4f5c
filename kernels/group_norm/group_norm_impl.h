// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/group_norm/group_norm.h"

// What the implementations of GroupNorm and its gradient share; private to this folder.
namespace joule {

/// x as [images, pixels, channels].
struct GroupNormShape {
  std::int64_t images, pixels, channels, groups;

  std::int64_t width() const { return channels / groups; }  // of a group
  std::int64_t size() const { return pixels * width(); }    // elements of a group
};

inline GroupNormShape group_norm_shape(const Shape& x, std::int64_t groups) {
  GroupNormShape shape{.images = x[0], .pixels = 1, .channels = x[-1], .groups = groups};
  for (int d = 1; d < x.rank() - 1; ++d) shape.pixels *= x[d];
  return shape;
}

namespace cuda {
void group_norm(const ops::GroupNorm& op, Context& ctx, Tally* tally);
void group_norm_grad(const ops::GroupNormGrad& op, Context& ctx, Tally* tally);
}  // namespace cuda

}  // namespace joule
