// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/core/tensor.h"
#include "joule/kernels/floats_cuda.h"

namespace joule::cuda {

/// Sums whole tensors in a fixed order: each block of a grid stores its own sum, and a further
/// block adds those.  The bits are always the same if the grid depends only on the shape.
class BlockSums {
 public:
  explicit BlockSums(const Grid& grid)
      : sums_(Shape{static_cast<std::int64_t>(grid.blocks.x)}, DType::f64, Device::cuda) {}

  /// Where block b stores its sum, at [b], before write().
  double* sums() const { return sums_.mutable_data<double>(); }
  /// Queues: scalar = factor * the sum over the blocks; 0 without blocks.
  void write(const Tensor& scalar, double factor = 1) const;
  /// Queues: scalar = the sum over the blocks / divisor, a scalar of f64.
  void write_quotient(const Tensor& scalar, const Tensor& divisor) const;

 private:
  Tensor sums_;
};

/// Each thread adds four consecutive elements of x, then those four times the number of threads
/// further on.  Reads 4 bytes per element.  The order is the same with and without kAligned.
template <bool kAligned, class Term>
__global__ void add_terms(const float* x, std::int64_t n, Term term, double* sums) {
  double sum = 0;
  for (std::int64_t i = 4 * thread_index(); i < n; i += 4 * thread_count()) {
    if (kAligned && i + 4 <= n) {
      const auto four = Floats<4>::load(x + i);
      for (int k = 0; k < 4; ++k) sum += term(four.at[k]);
    } else {
      for (std::int64_t k = i; k < min(i + 4, n); ++k) sum += term(x[k]);
    }
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

/// Queues: scalar = sum of term(element), a double, over the elements of x (f32).
template <class Term>
void sum_terms(const Tensor& x, const Term& term, const Tensor& scalar) {
  constexpr std::int64_t kBlocks = 1024;  // 128 multiprocessors run that many at once
  Grid grid = grid_over((x.numel() + 3) / 4);
  grid.blocks.x = std::min<unsigned>(grid.blocks.x, kBlocks);
  const float* const values = x.data<float>();
  const BlockSums sums(grid);
  launch(aligned_for_four({values}) ? add_terms<true, Term> : add_terms<false, Term>, grid, values,
         x.numel(), term, sums.sums());
  sums.write(scalar);
}

}  // namespace joule::cuda
