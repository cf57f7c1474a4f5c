// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "joule/core/tensor.h"

namespace joule::cuda {

/// The weights of a convolution of one group as the matrix that its kernels read: a row per tap and
/// channel of the sum, [kh, kw, in], with the channels of the result as columns.  Zeros pad the
/// rows to a multiple of four columns.  Depthwise weights [O,kh,kw,1] make [kh, kw] rows of all
/// channels, forward.
struct PackedWeights {
  Tensor values;  // [kh * kw * in, columns]

  const float* data() const { return values.data<float>(); }
  std::int64_t columns() const { return values.dim(1); }
};

/// forward: weight [O,kh,kw,C], summed over C.  backward: summed over O, for grad_x.
enum class Direction { forward, backward };

/// Made once per write of `weight`.
std::shared_ptr<const PackedWeights> packed_weights(const Tensor& weight, Direction direction);

}  // namespace joule::cuda
