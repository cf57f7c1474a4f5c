// SPDX-License-Identifier: MIT
#include <memory>

#include "joule/kernels/block_sums_cuda.h"
#include "joule/kernels/l0/smooth_l0_cuda.h"
#include "joule/kernels/product/masked_rows_cuda.h"
#include "joule/kernels/relu/relu_impl.h"
#include "joule/kernels/relu/relu_rows_cuda.h"

namespace joule::cuda {
namespace {

/// x + bias where that is above the threshold, else 0, and the sum of its smooth L0.
template <int kCount, bool kL0>
struct ReluOf {
  const float* x;
  const float* bias;  // or null
  float threshold;
  float sigma;
  double l0 = 0;

  __device__ Floats<kCount> operator()(const Place& place) {
    auto v = Floats<kCount>::load(x + place.element);
    float sum = 0;
    for (int k = 0; k < kCount; ++k) {
      if (bias) v.at[k] += bias[place.channel + k];
      v.at[k] = v.at[k] <= threshold ? 0 : v.at[k];
      if constexpr (kL0) sum += smooth_l0(v.at[k], sigma);
    }
    if constexpr (kL0) l0 += sum;
    return v;
  }
};

/// One thread per element, or four, of chunks of 4096; see write_masked().  8 bytes per element.
template <int kCount, bool kL0>
__global__ void relu_of_sum(MaskedRows y, const float* x, const float* bias, float threshold,
                            float sigma, double* l0_sums) {
  ReluOf<kCount, kL0> value{x, bias, threshold, sigma};
  write_masked<kCount>(y, value);
  if constexpr (kL0) {
    const double l0 = block_sum(value.l0);
    if (threadIdx.x == 0) l0_sums[blockIdx.x] = l0;
  }
}

/// grad_y where the mask of y has a bit.
template <int kCount>
struct GradByMask {
  const float* grad_y;
  const std::uint64_t* words;
  std::int64_t words_per_row;

  __device__ Floats<kCount> operator()(const Place& place) const {
    auto g = Floats<kCount>::load(grad_y + place.element);
    const std::uint64_t word = words[place.row * words_per_row + place.channel / 64];
    const auto live = static_cast<unsigned>(word >> (place.channel % 64));
    for (int k = 0; k < kCount; ++k) g.at[k] = live >> k & 1 ? g.at[k] : 0;
    return g;
  }
};

/// grad_y, and the derivative of the penalty, where y is not zero.
template <int kCount>
struct GradByValue {
  const float* grad_y;
  const float* y;
  float sigma;
  float reach;
  float grad_l0;

  __device__ Floats<kCount> operator()(const Place& place) const {
    auto g = Floats<kCount>::load(grad_y + place.element);
    const auto v = Floats<kCount>::load(y + place.element);
    for (int k = 0; k < kCount; ++k) {
      // Without a penalty sigma may be 0, and the derivative NaN.
      if (grad_l0 != 0) g.at[k] += grad_l0 * smooth_l0_derivative(v.at[k], sigma, reach);
      g.at[k] = v.at[k] != 0 ? g.at[k] : 0;
    }
    return g;
  }
};

/// As relu_of_sum().  8 bytes per element, and a bit.
template <int kCount>
__global__ void relu_grad_by_mask(MaskedRows grad_x, const float* grad_y,
                                  const std::uint64_t* words) {
  const GradByMask<kCount> value{grad_y, words, grad_x.words_per_row};
  write_masked<kCount>(grad_x, value);
}

/// As relu_of_sum().  12 bytes per element.  `grad_l0` may be null.
template <int kCount>
__global__ void relu_grad_by_value(MaskedRows grad_x, const float* grad_y, const float* y,
                                   float sigma, float reach, const float* grad_l0) {
  const GradByValue<kCount> value{grad_y, y, sigma, reach, grad_l0 ? *grad_l0 : 0};
  write_masked<kCount>(grad_x, value);
}

}  // namespace

void relu_rows(const Tensor& x, const float* bias, const Tensor& y, float threshold, float sigma,
               const Tensor& l0_sum) {
  const float* const from = x.data<float>();
  const auto mask = unwritten_mask(y);
  const MaskedRows rows(y, *mask);
  const Grid grid = rows.grid();
  const bool four = rows.four_at_once({from});
  if (l0_sum) {
    const BlockSums l0(grid);
    launch(four ? relu_of_sum<4, true> : relu_of_sum<1, true>, grid, rows, from, bias, threshold,
           sigma, l0.sums());
    l0.write(l0_sum);
  } else {
    launch(four ? relu_of_sum<4, false> : relu_of_sum<1, false>, grid, rows, from, bias, threshold,
           sigma, nullptr);
  }
  y.attach(mask);
}

void relu(const ops::Relu& op, Context&, Tally*) {
  relu_rows(op.x, nullptr, op.y, op.threshold, op.sigma, op.l0_sum);
}

void relu_grad(const ops::ReluGrad& op, Context&, Tally*) {
  const auto y_mask = op.mask();
  const float* const grad_y = op.grad_y.data<float>();
  const auto mask =
      y_mask ? std::make_shared<ZeroMask>(y_mask->rows(), y_mask->channels(), Device::cuda)
             : unwritten_mask(op.grad_x);
  const MaskedRows grad_x(op.grad_x, *mask);
  if (y_mask && !op.grad_l0) {
    const bool four = grad_x.four_at_once({grad_y});
    launch(four ? relu_grad_by_mask<4> : relu_grad_by_mask<1>, grad_x.grid(), grad_x, grad_y,
           y_mask->words());
  } else {
    const float* const y = op.y.data<float>();
    const float* const grad_l0 = op.grad_l0 ? op.grad_l0.data<float>() : nullptr;
    const bool four = grad_x.four_at_once({grad_y, y});
    launch(four ? relu_grad_by_value<4> : relu_grad_by_value<1>, grad_x.grid(), grad_x, grad_y, y,
           op.sigma, reference::smooth_l0_reach(op.sigma, op.cutoff), grad_l0);
  }
  op.grad_x.attach(mask);
}

}  // namespace joule::cuda
