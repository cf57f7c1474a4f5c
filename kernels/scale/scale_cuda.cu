// SPDX-License-Identifier: MIT
#include "joule/kernels/block_sums_cuda.h"
#include "joule/kernels/elementwise_cuda.h"
#include "joule/kernels/scale/scale_impl.h"

namespace joule::cuda {
namespace {

/// 8 bytes per element.
struct Scaled {
  const float* x;
  float factor;
  const float* by;  // or null
  float* y;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    const float all = by ? factor * *by : factor;
    auto v = Floats<kCount>::load(x + i);
    for (int k = 0; k < kCount; ++k) v.at[k] *= all;
    v.store(y + i);
  }
};

struct Square {
  __device__ double operator()(float x) const { return static_cast<double>(x) * x; }
};

}  // namespace

void scale(const ops::Scale& op, Context&, Tally*) {
  const Scaled scaled{op.x.data<float>(), op.factor, op.by ? op.by.data<float>() : nullptr,
                      op.y.mutable_data<float>()};
  launch_elementwise(op.x.numel(), aligned_for_four({scaled.x, scaled.y}), scaled);
}

void squared_norm(const ops::SquaredNorm& op, Context&, Tally*) {
  sum_terms(op.x, Square{}, op.sum);
}

}  // namespace joule::cuda
