// SPDX-License-Identifier: MIT
#include <cmath>

#include "joule/kernels/batch_norm/batch_norm_impl.h"
#include "joule/kernels/batch_norm/batch_norm_rows_cuda.h"
#include "joule/kernels/relu/relu_rows_cuda.h"

namespace joule::cuda {
namespace {

/// Sums of x - pivot and of its square, where the pivot is the channel's first value: in double,
/// and of numbers about as large as the deviations are, so that nothing is lost by cancellation.
template <bool kFour>
struct Moments {
  const float* x;
  std::int64_t channels;

  __device__ void add(std::int64_t row, std::int64_t channel, std::int64_t left,
                      ChannelSums& sums) const {
    const auto pivot = load_channels<kFour>(x + channel, left);
    const auto value = load_channels<kFour>(x + row * channels + channel, left);
    for (int k = 0; k < 4; ++k) {
      const double deviation = double{value.at[k]} - double{pivot.at[k]};
      sums.at[0][k] += deviation;
      sums.at[1][k] += deviation * deviation;
    }
  }
};

/// A gradient, of which, if there is a mask, only the elements count that it has.
struct Gradient {
  const float* grad_y;
  const std::uint64_t* mask;  // or null
  std::int64_t words;         // of a row

  explicit Gradient(const ops::BatchNormGrad& op) : Gradient(op.grad_y) {
    if (!op.relu_mask) return;
    mask = op.relu_mask->words();
    words = op.relu_mask->words_per_row();
  }
  explicit Gradient(const Tensor& grad_y) : grad_y(grad_y.data<float>()), mask(nullptr), words(0) {}

  /// Of four channels, as load_channels().  They are a multiple of four, and so in one word.
  template <bool kFour>
  __device__ Floats<4> load(std::int64_t row, std::int64_t channels, std::int64_t channel,
                            std::int64_t left) const {
    auto grad = load_channels<kFour>(grad_y + row * channels + channel, left);
    if (!mask) return grad;
    const auto live = static_cast<unsigned>(mask[row * words + channel / 64] >> (channel % 64));
    for (int k = 0; k < 4; ++k) grad.at[k] = live >> k & 1 ? grad.at[k] : 0;
    return grad;
  }
};

/// Sums of grad_y and of grad_y * (x - mean).
template <bool kFour>
struct GradTerms {
  const float *x, *mean;
  Gradient gradient;
  std::int64_t channels;

  __device__ void add(std::int64_t row, std::int64_t channel, std::int64_t left,
                      ChannelSums& sums) const {
    const std::int64_t at = row * channels + channel;
    const auto centre = load_channels<kFour>(mean + channel, left);
    const auto value = load_channels<kFour>(x + at, left);
    const auto grad = gradient.load<kFour>(row, channels, channel, left);
    for (int k = 0; k < 4; ++k) {
      const double g = grad.at[k];
      sums.at[0][k] += g;
      sums.at[1][k] += g * double{value.at[k] - centre.at[k]};
    }
  }
};

/// A thread per four channels and piece of rows; see sum_piece().  Reads its operands once; the
/// pivot or the mean stays in the first-level cache.
template <class Terms>
__global__ void sum_pieces(ChannelRows rows, Terms terms, double* sums) {
  sum_piece(rows, terms, sums);
}

/// What BatchNorm leaves of each channel.
struct Statistics {
  const float* x;
  float *mean, *mean_rest, *inv_std;
  float *running_mean, *running_var;  // or null
  float epsilon, momentum;
};

constexpr int kWarps = 8;  // of a block

/// One warp per channel.
__global__ void finish_statistics(ChannelRows rows, const double* sums, Statistics out) {
  const std::int64_t c = std::int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  if (c >= rows.channels) return;
  double total[2];
  add_sums(sums, rows, c, total);
  if (threadIdx.x % kWarp != 0) return;
  const auto count = static_cast<double>(rows.rows);
  const double shift = total[0] / count;  // of the mean from the pivot
  const double squares = fmax(0.0, total[1] - shift * total[0]);
  const double centre = double{out.x[c]} + shift;
  const auto mean = static_cast<float>(centre);
  out.mean[c] = mean;
  out.mean_rest[c] = static_cast<float>(centre - double{mean});
  out.inv_std[c] = static_cast<float>(1 / sqrt(squares / count + double{out.epsilon}));
  if (!out.running_mean) return;
  const auto unbiased = static_cast<float>(squares / (count - 1));
  out.running_mean[c] += out.momentum * (mean - out.running_mean[c]);
  out.running_var[c] += out.momentum * (unbiased - out.running_var[c]);
}

/// What BatchNormGrad has per channel: slope = product * inv_std^2 / M, offset = sum / M and what
/// the slope makes of the rest of the mean.
struct ChannelGrads {
  const float *mean_rest, *inv_std;
  float *grad_gamma, *grad_beta, *offset, *slope;
};

/// One warp per channel.
__global__ void finish_grads(ChannelRows rows, const double* sums, ChannelGrads out) {
  const std::int64_t c = std::int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  if (c >= rows.channels) return;
  double total[2];
  add_sums(sums, rows, c, total);
  if (threadIdx.x % kWarp != 0) return;
  const auto count = static_cast<double>(rows.rows);
  const double inv_std = out.inv_std[c], rest = out.mean_rest[c];
  const double product = total[1] - rest * total[0];  // the rows were summed about the rounded mean
  const double slope = product * inv_std * inv_std / count;
  out.grad_beta[c] = static_cast<float>(total[0]);
  out.grad_gamma[c] = static_cast<float>(product * inv_std);
  out.offset[c] = static_cast<float>(total[0] / count - slope * rest);
  out.slope[c] = static_cast<float>(slope);
}

/// What BatchNormInferenceGrad has per channel: scale = gamma / sqrt(var + epsilon).
struct FrozenGrads {
  const float *var, *gamma;
  float *grad_gamma, *grad_beta, *scale;
  float epsilon;
};

/// One warp per channel.
__global__ void finish_frozen_grads(ChannelRows rows, const double* sums, FrozenGrads out) {
  const std::int64_t c = std::int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  if (c >= rows.channels) return;
  double total[2];
  add_sums(sums, rows, c, total);
  if (threadIdx.x % kWarp != 0) return;
  const double inv_std = 1 / sqrt(double{out.var[c]} + double{out.epsilon});
  out.grad_beta[c] = static_cast<float>(total[0]);
  out.grad_gamma[c] = static_cast<float>(total[1] * inv_std);
  out.scale[c] = static_cast<float>(out.gamma[c] * inv_std);
}

Grid warp_per_channel(const ChannelRows& rows) {
  return {.blocks = dim3(static_cast<unsigned>((rows.channels + kWarps - 1) / kWarps)),
          .threads = dim3(kWarps * kWarp)};
}

/// y = (x - mean - rest) * scale + beta, where scale is gamma * spread, or if kVariance
/// gamma / sqrt(spread + epsilon); then there is no rest.  Plus the addend, if that is not null.
struct Normalise {
  const float *x, *mean, *rest, *spread, *gamma, *beta;
  float* y;
  float epsilon;
  const float* addend;
};

/// A thread per four channels and piece of rows, with the channels' figures in registers.  8 bytes
/// per element.
template <bool kFour, bool kVariance>
__global__ void normalise(ChannelRows rows, Normalise op) {
  const std::int64_t channel = rows.channel(), left = rows.channels - channel;
  if (left <= 0) return;
  const auto mean = load_channels<kFour>(op.mean + channel, left);
  const auto spread = load_channels<kFour>(op.spread + channel, left);
  const auto shift = load_channels<kFour>(op.beta + channel, left);
  auto scale = load_channels<kFour>(op.gamma + channel, left);
  Floats<4> rest{};
  if constexpr (!kVariance) rest = load_channels<kFour>(op.rest + channel, left);
  for (int k = 0; k < 4; ++k) {
    scale.at[k] =
        kVariance ? scale.at[k] / sqrtf(spread.at[k] + op.epsilon) : scale.at[k] * spread.at[k];
  }
  for (std::int64_t row = rows.first_row(); row < rows.end_row(); row += rows.row_step()) {
    const std::int64_t at = row * rows.channels + channel;
    auto value = load_channels<kFour>(op.x + at, left);
    for (int k = 0; k < 4; ++k) {
      value.at[k] = (value.at[k] - mean.at[k] - rest.at[k]) * scale.at[k] + shift.at[k];
    }
    if (op.addend) {
      const auto addend = load_channels<kFour>(op.addend + at, left);
      for (int k = 0; k < 4; ++k) value.at[k] += addend.at[k];
    }
    store_channels<kFour>(value, op.y + at, left);
  }
}

/// grad_x = scale * ((grad_y - offset) - slope * (x - mean)), scale = gamma * inv_std.
struct GradX {
  const float *x, *mean, *inv_std, *gamma, *offset, *slope;
  Gradient gradient;
  float* grad_x;
};

/// As normalise().  12 bytes per element.
template <bool kFour>
__global__ void grads_of_x(ChannelRows rows, GradX op) {
  const std::int64_t channel = rows.channel(), left = rows.channels - channel;
  if (left <= 0) return;
  const auto mean = load_channels<kFour>(op.mean + channel, left);
  const auto inv_std = load_channels<kFour>(op.inv_std + channel, left);
  const auto offset = load_channels<kFour>(op.offset + channel, left);
  const auto slope = load_channels<kFour>(op.slope + channel, left);
  auto scale = load_channels<kFour>(op.gamma + channel, left);
  for (int k = 0; k < 4; ++k) scale.at[k] *= inv_std.at[k];
  for (std::int64_t row = rows.first_row(); row < rows.end_row(); row += rows.row_step()) {
    const std::int64_t at = row * rows.channels + channel;
    const auto value = load_channels<kFour>(op.x + at, left);
    auto grad = op.gradient.load<kFour>(row, rows.channels, channel, left);
    for (int k = 0; k < 4; ++k) {
      const float centred = value.at[k] - mean.at[k];
      grad.at[k] = scale.at[k] * ((grad.at[k] - offset.at[k]) - slope.at[k] * centred);
    }
    store_channels<kFour>(grad, op.grad_x + at, left);
  }
}

/// grad_x = grad_y * scale.  As normalise(); 8 bytes per element.
template <bool kFour>
__global__ void scale_channels(ChannelRows rows, const float* grad_y, const float* scale,
                               float* grad_x) {
  const std::int64_t channel = rows.channel(), left = rows.channels - channel;
  if (left <= 0) return;
  const auto by = load_channels<kFour>(scale + channel, left);
  for (std::int64_t row = rows.first_row(); row < rows.end_row(); row += rows.row_step()) {
    const std::int64_t at = row * rows.channels + channel;
    auto grad = load_channels<kFour>(grad_y + at, left);
    for (int k = 0; k < 4; ++k) grad.at[k] *= by.at[k];
    store_channels<kFour>(grad, grad_x + at, left);
  }
}

template <bool kVariance>
void launch_normalise(const ChannelRows& rows, const Normalise& op) {
  const bool four =
      rows.channels % 4 == 0 &&
      aligned_for_four({op.x, op.mean, op.rest, op.spread, op.gamma, op.beta, op.y, op.addend});
  launch(four ? normalise<true, kVariance> : normalise<false, kVariance>, rows.grid(), rows, op);
}

/// Room for the two sums of each piece and channel.
Tensor piece_sums(const ChannelRows& rows) {
  return Tensor({rows.pieces, 2, rows.channels}, DType::f64, Device::cuda);
}

/// Queues the sums of GradTerms over each piece.
void sum_grads(const ChannelRows& rows, const float* x, const float* mean, const Gradient& gradient,
               double* sums) {
  if (rows.channels % 4 == 0 && aligned_for_four({x, mean, gradient.grad_y})) {
    const GradTerms<true> terms{x, mean, gradient, rows.channels};
    launch(sum_pieces<GradTerms<true>>, rows.grid(), rows, terms, sums);
  } else {
    const GradTerms<false> terms{x, mean, gradient, rows.channels};
    launch(sum_pieces<GradTerms<false>>, rows.grid(), rows, terms, sums);
  }
}

}  // namespace

void batch_norm(const ops::BatchNorm& op, Context&, Tally*) {
  const ChannelRows rows(rows_of(op.x), op.x.dim(-1));
  const float* const x = op.x.data<float>();
  const Tensor sums = piece_sums(rows);
  double* const of_pieces = sums.mutable_data<double>();
  if (rows.channels % 4 == 0 && aligned_for_four({x})) {
    const Moments<true> terms{x, rows.channels};
    launch(sum_pieces<Moments<true>>, rows.grid(), rows, terms, of_pieces);
  } else {
    const Moments<false> terms{x, rows.channels};
    launch(sum_pieces<Moments<false>>, rows.grid(), rows, terms, of_pieces);
  }
  const Statistics out{
      .x = x,
      .mean = op.mean.mutable_data<float>(),
      .mean_rest = op.mean_rest.mutable_data<float>(),
      .inv_std = op.inv_std.mutable_data<float>(),
      .running_mean = op.running_mean ? op.running_mean.mutable_data<float>() : nullptr,
      .running_var = op.running_var ? op.running_var.mutable_data<float>() : nullptr,
      .epsilon = op.epsilon,
      .momentum = op.momentum};
  launch(finish_statistics, warp_per_channel(rows), rows, of_pieces, out);
  const Normalise apply{.x = x,
                        .mean = out.mean,
                        .rest = out.mean_rest,
                        .spread = out.inv_std,
                        .gamma = op.gamma.data<float>(),
                        .beta = op.beta.data<float>(),
                        .y = op.y.mutable_data<float>(),
                        .epsilon = 0,
                        .addend = op.addend ? op.addend.data<float>() : nullptr};
  launch_normalise<false>(rows, apply);
  if (op.relu) relu_rows(op.y, nullptr, op.y, op.threshold, op.sigma, op.l0_sum);
}

void batch_norm_inference(const ops::BatchNormInference& op, Context&, Tally*) {
  const ChannelRows rows(rows_of(op.x), op.x.dim(-1));
  const Normalise apply{.x = op.x.data<float>(),
                        .mean = op.running_mean.data<float>(),
                        .rest = nullptr,
                        .spread = op.running_var.data<float>(),
                        .gamma = op.gamma.data<float>(),
                        .beta = op.beta.data<float>(),
                        .y = op.y.mutable_data<float>(),
                        .epsilon = op.epsilon,
                        .addend = nullptr};
  launch_normalise<true>(rows, apply);
}

void batch_norm_inference_grad(const ops::BatchNormInferenceGrad& op, Context&, Tally*) {
  const ChannelRows rows(rows_of(op.x), op.x.dim(-1));
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  const Tensor sums = piece_sums(rows);
  double* const of_pieces = sums.mutable_data<double>();
  sum_grads(rows, op.x.data<float>(), op.running_mean.data<float>(), Gradient(op.grad_y),
            of_pieces);
  const Tensor scale({rows.channels}, DType::f32, Device::cuda);
  const FrozenGrads out{.var = op.running_var.data<float>(),
                        .gamma = op.gamma.data<float>(),
                        .grad_gamma = op.grad_gamma.mutable_data<float>(),
                        .grad_beta = op.grad_beta.mutable_data<float>(),
                        .scale = scale.mutable_data<float>(),
                        .epsilon = op.epsilon};
  launch(finish_frozen_grads, warp_per_channel(rows), rows, of_pieces, out);
  const bool four = rows.channels % 4 == 0 && aligned_for_four({grad_y, out.scale, grad_x});
  launch(four ? scale_channels<true> : scale_channels<false>, rows.grid(), rows, grad_y, out.scale,
         grad_x);
}

void batch_norm_grad(const ops::BatchNormGrad& op, Context&, Tally*) {
  const ChannelRows rows(rows_of(op.x), op.x.dim(-1));
  const float* const x = op.x.data<float>();
  const float* const mean = op.mean.data<float>();
  const float* const inv_std = op.inv_std.data<float>();
  const Gradient gradient(op);
  const Tensor sums = piece_sums(rows);
  double* const of_pieces = sums.mutable_data<double>();
  sum_grads(rows, x, mean, gradient, of_pieces);
  const Tensor offset({rows.channels}, DType::f32, Device::cuda),
      slope(offset.shape(), DType::f32, Device::cuda);
  const ChannelGrads out{.mean_rest = op.mean_rest.data<float>(),
                         .inv_std = inv_std,
                         .grad_gamma = op.grad_gamma.mutable_data<float>(),
                         .grad_beta = op.grad_beta.mutable_data<float>(),
                         .offset = offset.mutable_data<float>(),
                         .slope = slope.mutable_data<float>()};
  launch(finish_grads, warp_per_channel(rows), rows, of_pieces, out);
  const GradX apply{.x = x,
                    .mean = mean,
                    .inv_std = inv_std,
                    .gamma = op.gamma.data<float>(),
                    .offset = out.offset,
                    .slope = out.slope,
                    .gradient = gradient,
                    .grad_x = op.grad_x.mutable_data<float>()};
  const bool four = rows.channels % 4 == 0 && aligned_for_four({x, mean, inv_std, apply.gamma,
                                                                gradient.grad_y, apply.grad_x});
  launch(four ? grads_of_x<true> : grads_of_x<false>, rows.grid(), rows, apply);
}

}  // namespace joule::cuda
