// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "joule/core/random.h"
#include "joule/core/tensor.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy.h"
#include "joule/layers/taps.h"

// The differentiable functions.  Each runs one operation (see its descriptor in kernels/ for
// formula, shapes, cost and errors) and puts its gradient on the tape.  Operands are taken by
// value: one that the caller moves in may be overwritten by the result.
namespace joule {

/// See Conv2d.  bias may be undefined.
Tensor conv2d(Tensor x, const Tensor& weight, const Tensor& bias = {},
              const ConvParams& params = {});

/// A ReLU's output, and its smooth L0 norm if sigma > 0 (see Relu), both differentiable.
struct ReluOutput {
  Tensor y;
  Tensor l0_sum{};
};
ReluOutput relu_with_l0(Tensor x, float sigma);
/// relu(conv2d(...)) in one pass.
ReluOutput conv2d_relu(Tensor x, const Tensor& weight, const Tensor& bias, const ConvParams& params,
                       float sigma = 0);
/// max(x, 0).
Tensor relu(Tensor x);

/// See Linear.  x [N, in], weight [out, in], bias [out] or undefined.
Tensor linear(Tensor x, const Tensor& weight, const Tensor& bias = {});

struct MaxPoolOptions {
  bool ceil_mode = false;  // also a window that ends behind the image's padding: see PoolShape
};
struct AvgPoolOptions {
  bool ceil_mode = false;
  bool count_include_pad = true;  // divide by the taps in the padding, too
};
/// See MaxPool2d, AvgPool2d, GlobalAvgPool.
Tensor max_pool2d(Tensor x, Size2 kernel, Size2 stride, Size2 padding = 0,
                  const MaxPoolOptions& options = {});
Tensor avg_pool2d(Tensor x, Size2 kernel, Size2 stride, Size2 padding = 0,
                  const AvgPoolOptions& options = {});
Tensor global_avg_pool(Tensor x);

struct BatchNormOptions {
  float epsilon = 1e-5f;
  float momentum = 0.1f;  // of the running statistics: new = (1 - momentum) old + momentum batch
};
/// See BatchNorm (training: batch statistics, updates the running ones) and BatchNormInference,
/// whose gradient takes the running statistics for constants: fine-tuning with frozen ones.
Tensor batch_norm(Tensor x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean,
                  const Tensor& running_var, bool training, const BatchNormOptions& options = {});

/// x * keep / (1 - probability), keep drawn from `generator`.  See Dropout.
Tensor dropout(Tensor x, float probability, Generator& generator = default_generator());

/// a + b, same shapes.
Tensor add(Tensor a, const Tensor& b);
inline Tensor operator+(Tensor a, const Tensor& b) { return add(std::move(a), b); }

/// factor * x, factor a scalar that gets no gradient.  Read when it is done, not when it is asked
/// for: it may change between the runs of a captured step.
Tensor scale(Tensor x, const Tensor& factor);

/// Along the channels.
Tensor concat(std::span<const Tensor> xs);

/// [N, ...] -> [N, product], also of no images: [0,28,28,1] -> [0,784].  No operation:
/// Tensor::reshape.
Tensor flatten(Tensor x);

struct CrossEntropyOptions {
  float label_smoothing = 0;
  Tensor weights{};                               // [K], of the classes; undefined: all 1
  std::optional<std::int32_t> ignore_index{};     // rows with this label take no part
  LossReduction reduction = LossReduction::mean;  // mean or sum over the batch
};
/// The mean (or sum) over the batch of -weights[label] * log softmax(logits)[label].  logits [N,
/// K], labels i32 [N].  See SoftmaxCrossEntropy.
Tensor cross_entropy(Tensor logits, const Tensor& labels, const CrossEntropyOptions& options = {});

enum class L0Normalization {
  per_layer_mean,  // lambda / K * sum_k (mean over tap k's elements): in [0, lambda]
  per_parameter,   // lambda / m * sum_k (mean over the batch of tap k's sum), m parameters
};
struct L0Options {
  float lambda = 1.0f;
  float sigma = 1e-4f;
  L0Normalization normalization = L0Normalization::per_layer_mean;
  std::int64_t parameters = 0;  // m; per_parameter needs it
};
/// The penalty of energy-aware training on the outputs of layers:
///   sum_k weight_k * sum_j v_kj^2 / (v_kj^2 + sigma), v_k the value of tap k.
///
/// Cost      nothing per element if the taps were taken with the same sigma (the ReLU summed in its
///           own pass, and adds the derivative in its own backward); otherwise one pass each.
/// Errors    ArgumentError if there are no taps, lambda < 0, m is missing, or as require_sigma().
/// Source    Lazzaro et al. 2023, arXiv:2307.00368, Eq. 3 (with the plus sign of the text).
Tensor l0_penalty(std::span<const Tap> taps, const L0Options& options = {});

/// The index of the largest logit of each row (the first of equals).  logits [N, K].
///
/// Numerics  a NaN counts as the largest, the first one of a row, as in NumPy and PyTorch.
std::vector<std::int32_t> argmax(const Tensor& logits);

}  // namespace joule
