// SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>

#include "kernels/block_sums_cuda.h"
#include "kernels/softmax_cross_entropy/softmax_cross_entropy_impl.h"

namespace joule::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kRows = kThreads / kWarp;  // of a block at a time

Grid grid_of(std::int64_t rows) {
  const std::int64_t blocks = (rows + kRows - 1) / kRows;
  return {.blocks = dim3(static_cast<unsigned>(std::min<std::int64_t>(blocks, 1 << 16))),
          .threads = dim3(kThreads)};
}

__device__ double not_a_number() { return std::numeric_limits<double>::quiet_NaN(); }

/// The loss of one row, in all lanes of the warp that has it; writes its probabilities.  The
/// definition is reference::softmax_cross_entropy(): a lane takes every 32nd class.
__device__ double warp_softmax(std::int64_t classes, const float* logits, std::int64_t label,
                               double smoothing, float* probabilities) {
  const unsigned lane = threadIdx.x % kWarp;
  float mine = -std::numeric_limits<float>::infinity();
  for (std::int64_t k = lane; k < classes; k += kWarp) mine = logits[k] > mine ? logits[k] : mine;
  const double max = warp_max(mine);
  double sum = 0, total = 0, at_label = 0;
  for (std::int64_t k = lane; k < classes; k += kWarp) {
    const double shifted = logits[k] - max;
    const double power = exp(shifted);
    sum += power;
    total += shifted;
    if (k == label) at_label = shifted;
    probabilities[k] = static_cast<float>(power);
  }
  sum = warp_sum(sum);
  for (std::int64_t k = lane; k < classes; k += kWarp) {
    probabilities[k] = static_cast<float>(probabilities[k] / sum);
  }
  // Without smoothing a class that is ruled out by a logit of -inf must not make 0 * inf.
  const double uniform =
      smoothing > 0 ? smoothing * warp_sum(total) / static_cast<double>(classes) : 0;
  const double loss = log(sum) - (1 - smoothing) * warp_sum(at_label) - uniform;
  return label >= 0 && label < classes ? loss : not_a_number();
}

/// One warp per row; 8 bytes per element and an exp in double.
__global__ void softmax_rows(std::int64_t rows, std::int64_t classes, const float* logits,
                             const std::int32_t* labels, double smoothing, float* probabilities,
                             double* losses) {
  const unsigned warp = threadIdx.x / kWarp;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kRows;
  double loss = 0;
  for (std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * kRows + warp; n < rows; n += step) {
    loss += warp_softmax(classes, logits + n * classes, labels[n], smoothing,
                         probabilities + n * classes);
  }
  const double total = block_sum(threadIdx.x % kWarp == 0 ? loss : 0);
  if (threadIdx.x == 0) losses[blockIdx.x] = total;
}

/// One warp per row; 8 bytes per element.
__global__ void softmax_grad_rows(std::int64_t rows, std::int64_t classes,
                                  const float* probabilities, const std::int32_t* labels,
                                  double smoothing, const float* grad_loss, float* grad_logits) {
  const unsigned warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kRows;
  const double others = smoothing / static_cast<double>(classes);
  for (std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * kRows + warp; n < rows; n += step) {
    const std::int64_t label = labels[n];
    const bool valid = label >= 0 && label < classes;
    const double grad = valid ? *grad_loss / static_cast<double>(rows) : not_a_number();
    for (std::int64_t k = lane; k < classes; k += kWarp) {
      const double target = others + (k == label ? 1 - smoothing : 0);
      grad_logits[n * classes + k] =
          static_cast<float>(grad * (probabilities[n * classes + k] - target));
    }
  }
}

}  // namespace

void softmax_cross_entropy(const SoftmaxCrossEntropy& op, Context&, Tally*) {
  const std::int64_t rows = op.logits.dim(0);
  const Grid grid = grid_of(rows);
  const BlockSums losses(grid);
  launch(softmax_rows, grid, rows, op.logits.dim(1), op.logits.data<float>(),
         op.labels.data<std::int32_t>(), op.label_smoothing, op.probabilities.mutable_data<float>(),
         losses.sums());
  losses.write(op.loss, 1 / static_cast<double>(rows));
}

void softmax_cross_entropy_grad(const SoftmaxCrossEntropyGrad& op, Context&, Tally*) {
  const std::int64_t rows = op.probabilities.dim(0);
  launch(softmax_grad_rows, grid_of(rows), rows, op.probabilities.dim(1),
         op.probabilities.data<float>(), op.labels.data<std::int32_t>(), op.label_smoothing,
         op.grad_loss.data<float>(), op.grad_logits.mutable_data<float>());
}

}  // namespace joule::cuda
