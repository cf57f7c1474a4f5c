// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cuda/packed.h"

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"

namespace joule::cuda {
namespace {

/// One thread per packed weight.  Reads and writes each weight once; weights are few.
__global__ void pack(const float* weight, std::int64_t filters, std::int64_t taps,
                     std::int64_t channels, bool forward, std::int64_t columns, float* packed) {
  const std::int64_t in = forward ? channels : filters, out = forward ? filters : channels;
  for (std::int64_t i = thread_index(); i < taps * in * columns; i += thread_count()) {
    const std::int64_t column = i % columns, row = i / columns % in, tap = i / columns / in;
    const std::int64_t o = forward ? column : row, c = forward ? row : column;
    packed[i] = column < out ? weight[(o * taps + tap) * channels + c] : 0;
  }
}

}  // namespace

std::shared_ptr<const PackedWeights> packed_weights(const Tensor& weight, Direction direction) {
  const bool forward = direction == Direction::forward;
  return weight.derived<PackedWeights>(forward ? "cuda.forward" : "cuda.backward", [&] {
    const std::int64_t filters = weight.dim(0), taps = weight.dim(1) * weight.dim(2);
    const std::int64_t channels = weight.dim(3), in = forward ? channels : filters;
    const std::int64_t columns = ((forward ? filters : channels) + 3) / 4 * 4;
    const Tensor values({taps * in, columns}, DType::f32, Device::cuda);
    launch(pack, grid_over(values.numel()), weight.data<float>(), filters, taps, channels, forward,
           columns, values.mutable_data<float>());
    return std::make_shared<PackedWeights>(PackedWeights{values});
  });
}

}  // namespace joule::cuda
