// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_bf16.h>
#include <simt/warp.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

// How the executor does what a warp's tensor core does; see <mma.h>.
namespace simt {

inline float value_of(float a) { return a; }
inline float value_of(__nv_bfloat16 a) { return __bfloat162float(a); }

/// Of a fragment in memory, where a lane's x[i] is, in elements.  The launch fails where CUDA asks
/// for another address, or for another distance of the lines.
template <class Fragment>
class FragmentInMemory {
 public:
  FragmentInMemory(const void* address, unsigned distance, bool by_rows, Where where)
      : distance_(distance), by_rows_(by_rows) {
    if (reinterpret_cast<std::uintptr_t>(address) % 32 != 0) {
      fault("the address of a fragment is no multiple of 32 bytes", where);
    }
    if (distance * sizeof(typename Fragment::Element) % 16 != 0) {
      fault("the lines of a fragment are not multiples of 16 bytes apart", where);
    }
  }
  std::size_t offset(int i) const {
    const unsigned element = static_cast<unsigned>(i) * 32 + lane();
    const unsigned row = element / Fragment::kColumns, column = element % Fragment::kColumns;
    return by_rows_ ? std::size_t{row} * distance_ + column : std::size_t{column} * distance_ + row;
  }

 private:
  unsigned distance_;
  bool by_rows_;
};

/// A lane's fragments of d = a b + c.
template <class D, class A, class B>
struct Product {
  D* d;
  const A* a;
  const B* b;
  const D* c;

  /// Of all lanes.  A product is exact in f32; the sums are in order, one of the ways in which a
  /// GPU may sum.
  static void multiply(const std::uint64_t (&lanes)[32]) {
    constexpr int kRows = A::kRows, kDepth = A::kColumns, kColumns = B::kColumns;
    float a[kRows * kDepth], b[kDepth * kColumns], sums[kRows * kColumns];
    for (int l = 0; l < 32; ++l) {
      const auto& lane = *reinterpret_cast<const Product*>(lanes[l]);
      for (int i = 0; i < A::num_elements; ++i) a[i * 32 + l] = value_of(lane.a->x[i]);
      for (int i = 0; i < B::num_elements; ++i) b[i * 32 + l] = value_of(lane.b->x[i]);
      for (int i = 0; i < D::num_elements; ++i) sums[i * 32 + l] = lane.c->x[i];
    }
    for (int row = 0; row < kRows; ++row) {
      for (int term = 0; term < kDepth; ++term) {
        for (int column = 0; column < kColumns; ++column) {
          sums[row * kColumns + column] += a[row * kDepth + term] * b[term * kColumns + column];
        }
      }
    }
    for (int l = 0; l < 32; ++l) {
      const auto& lane = *reinterpret_cast<const Product*>(lanes[l]);
      for (int i = 0; i < D::num_elements; ++i) lane.d->x[i] = sums[i * 32 + l];
    }
  }
};

}  // namespace simt
