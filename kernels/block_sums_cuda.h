// SPDX-License-Identifier: MIT
#pragma once

#include "core/cuda/launch_cuda.h"
#include "core/tensor.h"

namespace joule::cuda {

/// Sums of whole tensors in a fixed order: each block of a grid leaves its own, and one more block
/// adds those.  The same bits always, if the grid depends on nothing but the shape.
class BlockSums {
 public:
  explicit BlockSums(const Grid& grid)
      : sums_(Shape{static_cast<std::int64_t>(grid.blocks.x)}, DType::f64, Device::cuda) {}

  /// Where block b leaves its sum at [b], before write().
  double* sums() const { return sums_.mutable_data<double>(); }
  /// Queues: scalar = factor * the sum over the blocks; 0 if there are none.
  void write(const Tensor& scalar, double factor = 1) const;

 private:
  Tensor sums_;
};

}  // namespace joule::cuda
