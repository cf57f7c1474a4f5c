// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/kernels/block_sums_cuda.h"
#include "joule/kernels/elementwise_cuda.h"
#include "joule/kernels/losses/pointwise_loss_impl.h"

namespace joule::cuda {
namespace {

template <LossFunction kFunction>
__device__ double loss_of(double x, double target) {
  if (kFunction == LossFunction::mse) return (x - target) * (x - target);
  if (kFunction == LossFunction::l1) return fabs(x - target);
  return (x > 0 ? x : 0) - x * target + log1p(exp(-fabs(x)));
}

template <LossFunction kFunction>
__device__ double loss_slope(double x, double target) {
  if (kFunction == LossFunction::mse) return 2 * (x - target);
  if (kFunction == LossFunction::l1) return (x > target) - (x < target);
  return 1 / (1 + exp(-x)) - target;
}

/// One thread per element, as many apart as there are threads; 8 bytes per element.
template <LossFunction kFunction>
__global__ void add_losses(std::int64_t n, const float* x, const float* target, double* sums) {
  double sum = 0;
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    sum += loss_of<kFunction>(x[i], target[i]);
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

/// 12 bytes per element.
template <LossFunction kFunction>
struct Gradients {
  const float* x;
  const float* target;
  const float* grad_loss;
  double factor;
  float* grad_x;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    const double by = factor * *grad_loss;
    auto v = Floats<kCount>::load(x + i);
    const auto t = Floats<kCount>::load(target + i);
    for (int k = 0; k < kCount; ++k) {
      v.at[k] = static_cast<float>(by * loss_slope<kFunction>(v.at[k], t.at[k]));
    }
    v.store(grad_x + i);
  }
};

}  // namespace

template <LossFunction kFunction>
void pointwise_loss(const PointwiseLoss<kFunction>& op, Context&, Tally*) {
  constexpr unsigned kBlocks = 1024;  // 128 multiprocessors hold as many at once
  const std::int64_t n = op.x.numel();
  Grid grid = grid_over(n);
  grid.blocks.x = std::min(grid.blocks.x, kBlocks);
  const BlockSums sums(grid);
  launch(add_losses<kFunction>, grid, n, op.x.template data<float>(),
         op.target.template data<float>(), sums.sums());
  sums.write(op.loss, factor_of(op.reduction, n));
}

template <LossFunction kFunction>
void pointwise_loss_grad(const PointwiseLossGrad<kFunction>& op, Context&, Tally*) {
  const std::int64_t n = op.x.numel();
  const Gradients<kFunction> of{op.x.template data<float>(), op.target.template data<float>(),
                                op.grad_loss.template data<float>(), factor_of(op.reduction, n),
                                op.grad_x.template mutable_data<float>()};
  launch_elementwise(n, aligned_for_four({of.x, of.target, of.grad_x}), of);
}

template void pointwise_loss(const ops::MseLoss& op, Context&, Tally*);
template void pointwise_loss(const ops::L1Loss& op, Context&, Tally*);
template void pointwise_loss(const ops::BceWithLogitsLoss& op, Context&, Tally*);
template void pointwise_loss_grad(const ops::MseLossGrad& op, Context&, Tally*);
template void pointwise_loss_grad(const ops::L1LossGrad& op, Context&, Tally*);
template void pointwise_loss_grad(const ops::BceWithLogitsLossGrad& op, Context&, Tally*);

}  // namespace joule::cuda
