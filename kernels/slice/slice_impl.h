// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/slice/slice.h"

// What the implementations of Slice and Pad share; private to this folder.
namespace joule {

/// A box in a larger one, both with four dimensions.
struct Box {
  std::int64_t extents[4], of[4], first[4];

  std::int64_t rows() const { return extents[0] * extents[1] * extents[2]; }
};

inline Box box_of(const Shape& inner, const Shape& outer, const Offsets& first) {
  Box box;
  for (int d = 0; d < 4; ++d) {
    const int at = d - 4 + inner.rank();
    box.extents[d] = at < 0 ? 1 : inner[at];
    box.of[d] = at < 0 ? 1 : outer[at];
    box.first[d] = first[static_cast<std::size_t>(d)];
  }
  return box;
}

namespace cpu {
void slice_rows(const ops::Slice& op, Context& ctx, Tally* tally);
void pad_rows(const ops::Pad& op, Context& ctx, Tally* tally);
}  // namespace cpu

namespace cuda {
void slice(const ops::Slice& op, Context& ctx, Tally* tally);
void pad(const ops::Pad& op, Context& ctx, Tally* tally);
}  // namespace cuda

}  // namespace joule
