// SPDX-License-Identifier: MIT
#include "joule/kernels/elementwise_cuda.h"
#include "joule/kernels/slice/slice_impl.h"

namespace joule::cuda {
namespace {

/// One thread per element of the box; 8 bytes per element.
struct FromBox {
  Box box;
  const float* x;
  float* y;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    std::int64_t rest = i, index[4];
    for (int d = 3; d >= 0; --d) {
      index[d] = rest % box.extents[d] + box.first[d];
      rest /= box.extents[d];
    }
    y[i] = x[((index[0] * box.of[1] + index[1]) * box.of[2] + index[2]) * box.of[3] + index[3]];
  }
};

/// One thread per element around the box and in it; 4 to 8 bytes per element.
struct IntoBox {
  Box box;
  const float* x;
  float* y;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    std::int64_t rest = i, from = 0, stride = 1;
    bool inside = true;
    for (int d = 3; d >= 0; --d) {
      const std::int64_t index = rest % box.of[d] - box.first[d];
      rest /= box.of[d];
      inside = inside && index >= 0 && index < box.extents[d];
      from += index * stride;
      stride *= box.extents[d];
    }
    y[i] = inside ? x[from] : 0;
  }
};

}  // namespace

void slice(const ops::Slice& op, Context&, Tally*) {
  const Box box = box_of(op.y.shape(), op.x.shape(), op.first);
  launch_elementwise(op.y.numel(), false,
                     FromBox{box, op.x.data<float>(), op.y.mutable_data<float>()});
}

void pad(const ops::Pad& op, Context&, Tally*) {
  const Box box = box_of(op.x.shape(), op.y.shape(), op.first);
  launch_elementwise(op.y.numel(), false,
                     IntoBox{box, op.x.data<float>(), op.y.mutable_data<float>()});
}

}  // namespace joule::cuda
