// SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>

#include "joule/kernels/block_sums_cuda.h"
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy_impl.h"

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

/// What the rows have in common.
struct Rows {
  std::int64_t rows, classes;
  const std::int32_t* labels;
  const float* weights;  // or null: all 1
  double smoothing;
  std::int64_t ignored;  // label

  __device__ bool counts(std::int64_t label) const { return label != ignored; }
  __device__ bool valid(std::int64_t label) const { return label >= 0 && label < classes; }
  /// Of a label that counts.
  __device__ double weight(std::int64_t label) const {
    return weights && valid(label) ? weights[label] : 1;
  }
};

template <class Op>
Rows rows_of(const Op& op, const Shape& shape) {
  return {.rows = shape[0],
          .classes = shape[1],
          .labels = op.labels.template data<std::int32_t>(),
          .weights = op.weights ? op.weights.template data<float>() : nullptr,
          .smoothing = op.label_smoothing,
          .ignored = op.ignore_index};
}

/// The sum of the weights of all classes, in all lanes of the warp; without weights: classes.
__device__ double warp_weight_sum(const Rows& of) {
  if (!of.weights) return static_cast<double>(of.classes);
  double mine = 0;
  for (std::int64_t k = threadIdx.x % kWarp; k < of.classes; k += kWarp) mine += of.weights[k];
  return warp_sum(mine);
}

/// The loss of one row, in all lanes of the warp that has it; writes its probabilities.  The
/// definition is reference::softmax_cross_entropy(): a lane takes every 32nd class.
__device__ double warp_softmax(const Rows& of, const float* logits, std::int64_t label,
                               double weight_sum, float* probabilities) {
  const std::int64_t classes = of.classes;
  const double smoothing = of.smoothing;
  const unsigned lane = threadIdx.x % kWarp;
  float mine = -std::numeric_limits<float>::infinity();
  for (std::int64_t k = lane; k < classes; k += kWarp) mine = logits[k] > mine ? logits[k] : mine;
  const double max = warp_max(mine);
  double sum = 0, total = 0, at_label = 0;
  for (std::int64_t k = lane; k < classes; k += kWarp) {
    const double shifted = logits[k] - max;
    const double power = exp(shifted);
    sum += power;
    if (!of.weights) {
      total += shifted;
    } else if (smoothing > 0) {  // only then does every class count
      total += of.weights[k] * shifted;
    }
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
  const double at = warp_sum(at_label);
  if (!of.counts(label)) return 0;
  if (!of.valid(label)) return not_a_number();
  if (!of.weights) return log(sum) - (1 - smoothing) * at - uniform;
  const double share = (1 - smoothing) * of.weights[label];
  const double all = share + smoothing * weight_sum / static_cast<double>(classes);
  return all * log(sum) - share * at - uniform;
}

/// One warp per row; 8 bytes per element and an exp in double.
__global__ void softmax_rows(Rows of, const float* logits, float* probabilities, double* losses) {
  const unsigned warp = threadIdx.x / kWarp;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kRows;
  const double weight_sum = warp_weight_sum(of);
  double loss = 0;
  for (std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * kRows + warp; n < of.rows;
       n += step) {
    loss += warp_softmax(of, logits + n * of.classes, of.labels[n], weight_sum,
                         probabilities + n * of.classes);
  }
  const double total = block_sum(threadIdx.x % kWarp == 0 ? loss : 0);
  if (threadIdx.x == 0) losses[blockIdx.x] = total;
}

/// One thread per label: sums[block] = the weights of those that count.
__global__ void add_weights(Rows of, double* sums) {
  double mine = 0;
  for (std::int64_t n = thread_index(); n < of.rows; n += thread_count()) {
    if (of.counts(of.labels[n])) mine += of.weight(of.labels[n]);
  }
  const double total = block_sum(mine);
  if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

/// One warp per row; 8 bytes per element.  divisor: or null, then it is `count`.
__global__ void softmax_grad_rows(Rows of, const float* probabilities, const float* grad_loss,
                                  double count, const double* divisor, float* grad_logits) {
  const unsigned warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kRows;
  const std::int64_t classes = of.classes;
  const double others = of.smoothing / static_cast<double>(classes);
  const double grad_of_row = *grad_loss / (divisor ? *divisor : count);
  const double weight_sum = warp_weight_sum(of);
  for (std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * kRows + warp; n < of.rows;
       n += step) {
    const std::int64_t label = of.labels[n];
    const bool counts = of.counts(label);
    const double grad = of.valid(label) ? grad_of_row : not_a_number();
    const double all =  // the sum of the row's targets
        of.weights ? (1 - of.smoothing) * of.weight(label) + others * weight_sum : 1;
    for (std::int64_t k = lane; k < classes; k += kWarp) {
      const double share = others + (k == label ? 1 - of.smoothing : 0);
      const double target = of.weights ? share * of.weights[k] : share;
      const double value = grad * (all * probabilities[n * classes + k] - target);
      grad_logits[n * classes + k] = counts ? static_cast<float>(value) : 0;
    }
  }
}

}  // namespace

void softmax_cross_entropy(const ops::SoftmaxCrossEntropy& op, Context&, Tally*) {
  const Rows rows = rows_of(op, op.logits.shape());
  const Grid grid = grid_of(rows.rows);
  const BlockSums losses(grid);
  launch(softmax_rows, grid, rows, op.logits.data<float>(), op.probabilities.mutable_data<float>(),
         losses.sums());
  if (!op.divisor) {
    const bool mean = op.reduction == LossReduction::mean;
    losses.write(op.loss, mean ? 1 / static_cast<double>(rows.rows) : 1);
    return;
  }
  constexpr std::int64_t kLabelsOfABlock = 4096;
  Grid label_grid = grid_over(rows.rows, kThreads);
  label_grid.blocks.x = static_cast<unsigned>(
      std::min<std::int64_t>(label_grid.blocks.x, 1 + rows.rows / kLabelsOfABlock));
  const BlockSums weights(label_grid);
  launch(add_weights, label_grid, rows, weights.sums());
  weights.write(op.divisor);
  losses.write_quotient(op.loss, op.divisor);
}

void softmax_cross_entropy_grad(const ops::SoftmaxCrossEntropyGrad& op, Context&, Tally*) {
  const Rows rows = rows_of(op, op.probabilities.shape());
  const double count = op.reduction == LossReduction::mean ? static_cast<double>(rows.rows) : 1;
  launch(softmax_grad_rows, grid_of(rows.rows), rows, op.probabilities.data<float>(),
         op.grad_loss.data<float>(), count, op.divisor ? op.divisor.data<double>() : nullptr,
         op.grad_logits.mutable_data<float>());
}

}  // namespace joule::cuda
