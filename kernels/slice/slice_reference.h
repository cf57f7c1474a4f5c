// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/slice/slice_impl.h"

namespace joule::reference {

/// Calls body(at, within) for each element of the rows [begin, end) of the box: its index in the
/// box and in the larger one.
template <class Body>
void for_each_in_box(const Box& box, std::int64_t begin, std::int64_t end, Body&& body) {
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t k = row % box.extents[2], rest = row / box.extents[2];
    const std::int64_t j = rest % box.extents[1], i = rest / box.extents[1];
    std::int64_t within = (i + box.first[0]) * box.of[1] + j + box.first[1];
    within = (within * box.of[2] + k + box.first[2]) * box.of[3] + box.first[3];
    const std::int64_t at = row * box.extents[3];
    for (std::int64_t c = 0; c < box.extents[3]; ++c) body(at + c, within + c);
  }
}

}  // namespace joule::reference
