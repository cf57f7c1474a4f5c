// SPDX-License-Identifier: MIT
#include "joule/kernels/binary/broadcast.h"

#include <algorithm>
#include <array>

#include "joule/kernels/binary/binary.h"

namespace joule {
namespace {

/// Extent `i` from the end; 1 if the shape is shorter.
std::int64_t from_end(const Shape& shape, int i) { return i < shape.rank() ? shape[-1 - i] : 1; }

/// Dimensions of y that lie together, and whether the operands are repeated along them.
struct Group {
  std::int64_t extent = 1;
  bool a_repeated = false, b_repeated = false;
};

}  // namespace

Shape broadcast_shape(std::string_view op, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  for (int i = 0; i < rank; ++i) {
    const std::int64_t of_a = from_end(a, i), of_b = from_end(b, i);
    require(of_a == of_b || of_a == 1 || of_b == 1, op, ": a is ", a, ", b is ", b, ": dimension ",
            -1 - i, " must be equal, or 1 in one of them");
    dims[static_cast<std::size_t>(rank - 1 - i)] = of_a == 1 ? of_b : of_a;
  }
  return Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(rank)));
}

Broadcast broadcast_of(const Shape& a, const Shape& b, const Shape& y) {
  std::array<Group, 4> groups;  // the innermost first
  std::size_t count = 0;
  for (int i = 0; i < y.rank(); ++i) {
    const std::int64_t extent = from_end(y, i);
    if (extent == 1) continue;
    const Group group{extent, from_end(a, i) == 1, from_end(b, i) == 1};
    Group* const inner = count ? &groups[count - 1] : nullptr;
    if (inner && inner->a_repeated == group.a_repeated && inner->b_repeated == group.b_repeated) {
      inner->extent *= extent;
    } else {
      groups[count++] = group;
    }
  }
  Broadcast plan{.columns = groups[0].extent,
                 .a_column = !groups[0].a_repeated,
                 .b_column = !groups[0].b_repeated};
  std::int64_t a_size = plan.a_column ? plan.columns : 1, b_size = plan.b_column ? plan.columns : 1;
  for (std::size_t g = 1; g < groups.size(); ++g) {
    const std::size_t at = 3 - g;
    plan.extents[at] = groups[g].extent;
    plan.a_strides[at] = groups[g].a_repeated ? 0 : a_size;
    plan.b_strides[at] = groups[g].b_repeated ? 0 : b_size;
    if (!groups[g].a_repeated) a_size *= groups[g].extent;
    if (!groups[g].b_repeated) b_size *= groups[g].extent;
  }
  return plan;
}

}  // namespace joule
