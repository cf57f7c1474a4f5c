// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <vector>

#include "joule/core/error.h"
#include "joule/core/threads.h"
#include "joule/core/zero_mask.h"
#include "joule/kernels/batch_norm/batch_norm_impl.h"
#include "joule/kernels/batch_norm/batch_norm_rows_cpu.h"
#include "joule/kernels/relu/relu_rows.h"

namespace joule::cpu {
namespace {

constexpr std::int64_t kBlockFloats = 16384;  // in the second-level cache for its second reading

/// Mean and sum of the squared deviations of `count` values of each channel.
struct Moments {
  double count = 0;
  std::vector<double> mean, squares;

  explicit Moments(std::int64_t channels)
      : mean(static_cast<std::size_t>(channels)), squares(mean.size()) {}

  /// Adds the values that `other` describes (Chan et al. 1983).
  void merge(const Moments& other) {
    const double share = other.count / (count + other.count);
    for (std::size_t c = 0; c < mean.size(); ++c) {
      const double delta = other.mean[c] - mean[c];
      mean[c] += delta * share;
      squares[c] += other.squares[c] + delta * delta * count * share;
    }
    count += other.count;
  }
};

/// The moments of a channel of which a sum or a square is no float: of values from about 1e18 on.
void set_in_double(std::size_t c, std::int64_t rows, std::int64_t channels, const float* x,
                   Moments& moments) {
  double sum = 0, squares = 0;
  for (std::int64_t r = 0; r < rows; ++r) sum += x[r * channels + static_cast<std::int64_t>(c)];
  const double mean = sum / static_cast<double>(rows);
  for (std::int64_t r = 0; r < rows; ++r) {
    const double deviation = x[r * channels + static_cast<std::int64_t>(c)] - mean;
    squares += deviation * deviation;
  }
  moments.mean[c] = mean;
  moments.squares[c] = squares;
}

std::int64_t row_grain(std::int64_t channels) { return 1 + 16384 / (1 + channels); }

/// body(sums, begin, end) for blocks of rows; gives the sums of each piece of the reduction, which
/// start as copies of `zero`, in order.
template <class Sums, class Body>
std::vector<Sums> reduce_rows(std::int64_t rows, std::int64_t channels, const Sums& zero,
                              Body&& body) {
  const std::int64_t block = std::clamp<std::int64_t>(kBlockFloats / (1 + channels), 16, 256);
  std::vector<Sums> pieces(kReductionPieces, zero);
  parallel_pieces(rows, channels, [&](std::int64_t piece, std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; r += block) {
      body(pieces[static_cast<std::size_t>(piece)], r, std::min(r + block, end));
    }
  });
  return pieces;
}

Moments moments_of(const float* x, std::int64_t rows, std::int64_t channels) {
  const Moments zero(channels);
  const auto pieces =
      reduce_rows(rows, channels, zero, [&](Moments& sums, std::int64_t begin, std::int64_t end) {
        const float* const block = x + begin * channels;
        const auto count = static_cast<float>(end - begin);
        std::vector<float> mean(sums.mean.size()), residual(mean.size()), squares(mean.size());
        norm_sum(end - begin, channels, block, mean.data());
        for (std::size_t c = 0; c < mean.size(); ++c) mean[c] = block[c] + mean[c] / count;
        norm_centred_sums(end - begin, channels, block, mean.data(), residual.data(),
                          squares.data());
        Moments moments(channels);
        moments.count = count;
        for (std::size_t c = 0; c < mean.size(); ++c) {
          if (!std::isfinite(squares[c])) {
            set_in_double(c, end - begin, channels, block, moments);
            continue;
          }
          // The residual is what rounding the mean to float left.
          const double correction = double{residual[c]} / count;
          moments.mean[c] = mean[c] + correction;
          moments.squares[c] = std::max(0.0, squares[c] - correction * residual[c]);
        }
        sums.merge(moments);
      });
  Moments total = zero;
  for (const Moments& piece : pieces) {
    if (piece.count > 0) total.merge(piece);
  }
  return total;
}

/// The numbers of all shares of the batch, one behind the other; each begins with how many rows it
/// has, and has two numbers per channel behind that.
std::vector<double> gathered(const GatherNumbers& gather, double rows,
                             const std::vector<double>& first, const std::vector<double>& second) {
  std::vector<double> mine{rows};
  mine.insert(mine.end(), first.begin(), first.end());
  mine.insert(mine.end(), second.begin(), second.end());
  std::vector<double> all = gather(mine);
  require(!all.empty() && all.size() % mine.size() == 0, "batch_norm: ", mine.size(),
          " numbers were gathered, and ", all.size(), " came back");
  return all;
}

/// Of all shares of the batch.
Moments merged(const Moments& mine, const GatherNumbers& gather) {
  const auto all = gathered(gather, mine.count, mine.mean, mine.squares);
  const std::size_t channels = mine.mean.size();
  Moments total(static_cast<std::int64_t>(channels));
  for (auto at = all.begin(); at != all.end();) {
    Moments share(static_cast<std::int64_t>(channels));
    share.count = *at++;
    for (double& mean : share.mean) mean = *at++;
    for (double& squares : share.squares) squares = *at++;
    total.merge(share);
  }
  require(total.count >= 2,
          "batch_norm: a variance needs at least 2 values per channel, all shares "
          "of the batch have ",
          total.count);
  return total;
}

/// Per channel: sum of grad_y, and of grad_y * (x - mean).
struct GradSums {
  std::vector<double> grad, product;

  explicit GradSums(std::int64_t channels)
      : grad(static_cast<std::size_t>(channels)), product(grad.size()) {}
};

/// The rows [begin, end) of `all`.
NormGradRows part(const NormGradRows& all, std::int64_t begin, std::int64_t end) {
  const std::int64_t at = begin * all.channels, word = begin * ((all.channels + 63) / 64);
  return {.rows = end - begin,
          .channels = all.channels,
          .x = all.x + at,
          .mean = all.mean,
          .grad_y = all.grad_y + at,
          .mask = all.mask ? all.mask + word : nullptr};
}

GradSums grad_sums(const NormGradRows& all) {
  GradSums total(all.channels);
  const std::size_t width = total.grad.size();
  const auto pieces = reduce_rows(
      all.rows, all.channels, total, [&](GradSums& sums, std::int64_t begin, std::int64_t end) {
        std::vector<float> grad(width), product(width);
        norm_grad_sums(part(all, begin, end), grad.data(), product.data());
        for (std::size_t c = 0; c < width; ++c) {
          sums.grad[c] += grad[c];
          sums.product[c] += product[c];
        }
      });
  for (const GradSums& piece : pieces) {
    for (std::size_t c = 0; c < width; ++c) {
      total.grad[c] += piece.grad[c];
      total.product[c] += piece.product[c];
    }
  }
  return total;
}

/// Of all shares of the batch; `rows` becomes those of all.
GradSums added(const GradSums& mine, double& rows, const GatherNumbers& gather) {
  const auto all = gathered(gather, rows, mine.grad, mine.product);
  GradSums total(static_cast<std::int64_t>(mine.grad.size()));
  rows = 0;
  for (auto at = all.begin(); at != all.end();) {
    rows += *at++;
    for (double& grad : total.grad) grad += *at++;
    for (double& product : total.product) product += *at++;
  }
  return total;
}

/// `addend` may be undefined.
void apply(const Tensor& x, const NormRows& op, const Tensor& addend, const Tensor& y) {
  const float* const from = x.data<float>();
  const float* const added = addend ? addend.data<float>() : nullptr;
  float* const to = y.mutable_data<float>();
  parallel_for(rows_of(x), row_grain(op.channels), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * op.channels;
    norm_apply(end - begin, op, from + at, added ? added + at : nullptr, to + at);
  });
}

/// As apply(), and then the sum and the ReLU, on rows that are still in the first-level cache.
void apply_and_rectify(const ops::BatchNorm& op, const NormRows& norm) {
  const std::int64_t channels = norm.channels;
  const float* const from = op.x.data<float>();
  const float* const addend = op.addend ? op.addend.data<float>() : nullptr;
  float* const to = op.y.mutable_data<float>();
  // Of few channels relu_rows() takes 64 rows at once, and adds up their smooth L0 together.
  const std::int64_t block = channels < 64 ? 4096 / std::max<std::int64_t>(1, channels) / 64 * 64
                                           : std::max<std::int64_t>(1, 4096 / channels);
  auto mask = std::make_shared<ZeroMask>(rows_of(op.x), channels, Device::cpu);
  struct Sums {
    std::int64_t nonzeros = 0;
    double l0 = 0;
    void operator+=(const Sums& o) { nonzeros += o.nonzeros, l0 += o.l0; }
  };
  const auto of_piece = [&](std::int64_t begin, std::int64_t end) {
    Sums sums;
    for (std::int64_t row = begin; row < end; row += block) {
      const std::int64_t rows = std::min(block, end - row), at = row * channels;
      norm_apply(rows, norm, from + at, addend ? addend + at : nullptr, to + at);
      sums.nonzeros += relu_rows({.rows = rows,
                                  .channels = channels,
                                  .x = to + at,
                                  .bias = nullptr,
                                  .y = to + at,
                                  .mask = mask->words(row),
                                  .sigma = op.sigma,
                                  .l0_sum = op.l0_sum ? &sums.l0 : nullptr,
                                  .threshold = op.threshold});
    }
    return sums;
  };
  const Sums sums = parallel_sum<Sums>(rows_of(op.x), channels, of_piece);
  mask->set_nonzeros(sums.nonzeros);
  if (op.l0_sum) *op.l0_sum.mutable_data<float>() = static_cast<float>(sums.l0);
  op.y.attach(std::move(mask));
}

}  // namespace

void batch_norm_simd(const ops::BatchNorm& op, Context&, Tally*) {
  Moments moments = moments_of(op.x.data<float>(), rows_of(op.x), op.x.dim(-1));
  if (op.gather) moments = merged(moments, *op.gather);
  const float* const gamma = op.gamma.data<float>();
  const float* const beta = op.beta.data<float>();
  float* const mean = op.mean.mutable_data<float>();
  float* const rest = op.mean_rest.mutable_data<float>();
  float* const inv_std = op.inv_std.mutable_data<float>();
  float* const running_mean = op.running_mean ? op.running_mean.mutable_data<float>() : nullptr;
  float* const running_var = op.running_var ? op.running_var.mutable_data<float>() : nullptr;
  std::vector<float> scale(moments.mean.size()), shift(scale.size());
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const double var = moments.squares[c] / moments.count;
    mean[c] = static_cast<float>(moments.mean[c]);
    rest[c] = static_cast<float>(moments.mean[c] - double{mean[c]});
    inv_std[c] = static_cast<float>(1 / std::sqrt(var + double{op.epsilon}));
    scale[c] = gamma[c] * inv_std[c];
    shift[c] = beta[c] - rest[c] * scale[c];
    if (!running_mean) continue;
    const auto unbiased = static_cast<float>(moments.squares[c] / (moments.count - 1));
    running_mean[c] += op.momentum * (mean[c] - running_mean[c]);
    running_var[c] += op.momentum * (unbiased - running_var[c]);
  }
  const NormRows norm{op.x.dim(-1), mean, scale.data(), shift.data()};
  if (op.relu) {
    apply_and_rectify(op, norm);
  } else {
    apply(op.x, norm, op.addend, op.y);
  }
}

void batch_norm_inference_simd(const ops::BatchNormInference& op, Context&, Tally*) {
  const auto gamma = op.gamma.values<float>(), var = op.running_var.values<float>();
  std::vector<float> scale(gamma.size());
  for (std::size_t c = 0; c < scale.size(); ++c) {
    scale[c] = gamma[c] / std::sqrt(var[c] + op.epsilon);
  }
  apply(op.x, {op.x.dim(-1), op.running_mean.data<float>(), scale.data(), op.beta.data<float>()},
        {}, op.y);
}

void batch_norm_inference_grad_simd(const ops::BatchNormInferenceGrad& op, Context&, Tally*) {
  const std::int64_t channels = op.x.dim(-1);
  const GradSums sums = grad_sums({.rows = rows_of(op.x),
                                   .channels = channels,
                                   .x = op.x.data<float>(),
                                   .mean = op.running_mean.data<float>(),
                                   .grad_y = op.grad_y.data<float>(),
                                   .mask = nullptr});
  const float* const gamma = op.gamma.data<float>();
  const float* const var = op.running_var.data<float>();
  float* const grad_gamma = op.grad_gamma.mutable_data<float>();
  float* const grad_beta = op.grad_beta.mutable_data<float>();
  std::vector<float> scale(sums.grad.size());
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const double inv_std = 1 / std::sqrt(double{var[c]} + double{op.epsilon});
    scale[c] = static_cast<float>(gamma[c] * inv_std);
    grad_beta[c] = static_cast<float>(sums.grad[c]);
    grad_gamma[c] = static_cast<float>(sums.product[c] * inv_std);
  }
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  parallel_for(rows_of(op.x), row_grain(channels), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * channels;
    norm_scale(end - begin, channels, grad_y + at, scale.data(), grad_x + at);
  });
}

void batch_norm_grad_simd(const ops::BatchNormGrad& op, Context&, Tally*) {
  const std::int64_t rows = rows_of(op.x), channels = op.x.dim(-1);
  const NormGradRows operands{.rows = rows,
                              .channels = channels,
                              .x = op.x.data<float>(),
                              .mean = op.mean.data<float>(),
                              .grad_y = op.grad_y.data<float>(),
                              .mask = op.relu_mask ? op.relu_mask->words() : nullptr};
  const GradSums mine = grad_sums(operands);
  auto count = static_cast<double>(rows);
  const GradSums all = op.gather ? added(mine, count, *op.gather) : mine;
  const float* const gamma = op.gamma.data<float>();
  const float* const rest = op.mean_rest.data<float>();
  const float* const inv_std = op.inv_std.data<float>();
  float* const grad_gamma = op.grad_gamma.mutable_data<float>();
  float* const grad_beta = op.grad_beta.mutable_data<float>();
  std::vector<float> scale(all.grad.size()), offset(scale.size()), slope(scale.size());
  for (std::size_t c = 0; c < scale.size(); ++c) {
    // The rows were summed about the rounded mean; from here on the rest is subtracted, too.
    const auto product_of = [&](const GradSums& of) {
      return of.product[c] - rest[c] * of.grad[c];
    };
    const double slope_c = product_of(all) * inv_std[c] * inv_std[c] / count;
    grad_beta[c] = static_cast<float>(mine.grad[c]);
    grad_gamma[c] = static_cast<float>(product_of(mine) * inv_std[c]);
    scale[c] = gamma[c] * inv_std[c];
    offset[c] = static_cast<float>(all.grad[c] / count - slope_c * rest[c]);
    slope[c] = static_cast<float>(slope_c);
  }
  float* const grad_x = op.grad_x.mutable_data<float>();
  parallel_for(rows, row_grain(channels), [&](std::int64_t begin, std::int64_t end) {
    norm_grad_apply(part(operands, begin, end), scale.data(), offset.data(), slope.data(),
                    grad_x + begin * channels);
  });
}

}  // namespace joule::cpu
