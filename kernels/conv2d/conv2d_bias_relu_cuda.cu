// SPDX-License-Identifier: MIT
#include "kernels/block_sums_cuda.h"
#include "kernels/conv2d/conv2d_cuda.h"
#include "kernels/masked_rows_cuda.h"

namespace joule::cuda {
namespace {

/// max(y + bias, 0), and the sum of its smooth L0.
template <int kCount, bool kL0>
struct ReluOfSum {
  const float* y;
  const float* bias;  // or null
  float sigma;
  double l0 = 0;

  __device__ Floats<kCount> operator()(const Place& place) {
    auto v = Floats<kCount>::load(y + place.element);
    float sum = 0;
    for (int k = 0; k < kCount; ++k) {
      if (bias) v.at[k] += bias[place.channel + k];
      v.at[k] = v.at[k] <= 0 ? 0 : v.at[k];
      if constexpr (kL0) {
        const float square = v.at[k] * v.at[k];
        sum += square / (square + sigma);
      }
    }
    if constexpr (kL0) l0 += sum;
    return v;
  }
};

/// One thread per element, or four, of chunks of 4096; see write_masked().  8 bytes per element.
template <int kCount, bool kL0>
__global__ void relu_rows(MaskedRows y, const float* bias, float sigma, double* l0_sums) {
  ReluOfSum<kCount, kL0> value{y.values, bias, sigma};
  write_masked<kCount>(y, value);
  if constexpr (kL0) {
    const double l0 = block_sum(value.l0);
    if (threadIdx.x == 0) l0_sums[blockIdx.x] = l0;
  }
}

/// One thread per element.  8 bytes per element.
__global__ void add_bias(float* y, const float* bias, std::int64_t channels, std::int64_t n) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) y[i] += bias[i % channels];
}

void relu_in_place(const Conv2d& op, const float* bias) {
  const auto mask = unwritten_mask(op.y);
  const MaskedRows y(op.y, *mask);
  const Grid grid = y.grid();
  const bool four = y.four_at_once({});
  if (op.l0_sum) {
    const BlockSums l0(grid);
    launch(four ? relu_rows<4, true> : relu_rows<1, true>, grid, y, bias, op.sigma, l0.sums());
    l0.write(op.l0_sum);
  } else {
    launch(four ? relu_rows<4, false> : relu_rows<1, false>, grid, y, bias, op.sigma, nullptr);
  }
  op.y.attach(mask);
}

}  // namespace

void bias_and_relu_in_place(const Conv2d& op) {
  const float* const bias = op.bias ? op.bias.data<float>() : nullptr;
  if (op.relu) return relu_in_place(op, bias);
  if (!bias) return;
  launch(add_bias, grid_over(op.y.numel()), op.y.mutable_data<float>(), bias, op.y.dim(3),
         op.y.numel());
}

}  // namespace joule::cuda
