// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/batch_norm/batch_norm_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "joule/core/error.h"
#include "joule/core/threads.h"
#include "joule/kernels/batch_norm/batch_norm_impl.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

// sums[c] += value(d, row, c) over the rows.  Four rows at a time, in the order of memory, so that
// the sums need not stay in registers whatever the number of channels.
template <class Value>
HWY_INLINE void add_rows(std::int64_t rows, std::int64_t channels, float* sums, Value&& value) {
  std::int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    for_each_channel(channels, [&](auto d, auto c) {
      const auto four = hn::Add(hn::Add(value(d, r, c), value(d, r + 1, c)),
                                hn::Add(value(d, r + 2, c), value(d, r + 3, c)));
      hn::StoreU(hn::Add(hn::LoadU(d, sums + c), four), d, sums + c);
    });
  }
  for (; r < rows; ++r) {
    for_each_channel(channels, [&](auto d, auto c) {
      hn::StoreU(hn::Add(hn::LoadU(d, sums + c), value(d, r, c)), d, sums + c);
    });
  }
}

// sum[c] of x - its first row: an offset that all rows have costs no bits.
void SumTarget(std::int64_t rows, std::int64_t channels, const float* x, float* sum) {
  add_rows(rows, channels, sum, [=](auto d, auto r, auto c) {
    return hn::Sub(hn::LoadU(d, x + r * channels + c), hn::LoadU(d, x + c));
  });
}

// residual[c] = sum of x - mean, squares[c] = sum of (x - mean)^2
void CentredSumsTarget(std::int64_t rows, std::int64_t channels, const float* x, const float* mean,
                       float* residual, float* squares) {
  const auto centred = [=](auto d, auto r, auto c) {
    return hn::Sub(hn::LoadU(d, x + r * channels + c), hn::LoadU(d, mean + c));
  };
  add_rows(rows, channels, residual, centred);
  add_rows(rows, channels, squares, [=](auto d, auto r, auto c) {
    const auto value = centred(d, r, c);
    return hn::Mul(value, value);
  });
}

// sum[c] of grad_y, product[c] of grad_y * (x - mean)
void GradSumsTarget(std::int64_t rows, std::int64_t channels, const float* x, const float* mean,
                    const float* grad_y, float* sum, float* product) {
  add_rows(rows, channels, sum,
           [=](auto d, auto r, auto c) { return hn::LoadU(d, grad_y + r * channels + c); });
  add_rows(rows, channels, product, [=](auto d, auto r, auto c) {
    const auto value = hn::LoadU(d, x + r * channels + c);
    return hn::Mul(hn::LoadU(d, grad_y + r * channels + c), hn::Sub(value, hn::LoadU(d, mean + c)));
  });
}

// y = (x - mean) * scale + shift
void ApplyTarget(std::int64_t rows, std::int64_t channels, const float* x, const float* mean,
                 const float* scale, const float* shift, float* y) {
  for (std::int64_t r = 0; r < rows; ++r, x += channels, y += channels) {
    for_each_channel(channels, [&](auto d, auto c) {
      const auto centred = hn::Sub(hn::LoadU(d, x + c), hn::LoadU(d, mean + c));
      const auto value = hn::MulAdd(centred, hn::LoadU(d, scale + c), hn::LoadU(d, shift + c));
      hn::StoreU(value, d, y + c);
    });
  }
}

// grad_x = grad_y * scale
void ScaleTarget(std::int64_t rows, std::int64_t channels, const float* grad_y, const float* scale,
                 float* grad_x) {
  for (std::int64_t i = 0; i < rows * channels; i += channels) {
    for_each_channel(channels, [&](auto d, auto c) {
      const auto grad = hn::LoadU(d, grad_y + i + c);
      hn::StoreU(hn::Mul(grad, hn::LoadU(d, scale + c)), d, grad_x + i + c);
    });
  }
}

// grad_x = scale * ((grad_y - offset) - slope * (x - mean))
void GradApplyTarget(std::int64_t rows, std::int64_t channels, const float* x, const float* mean,
                     const float* grad_y, const float* scale, const float* offset,
                     const float* slope, float* grad_x) {
  for (std::int64_t i = 0; i < rows * channels; i += channels) {
    for_each_channel(channels, [&](auto d, auto c) {
      const auto centred = hn::Sub(hn::LoadU(d, x + i + c), hn::LoadU(d, mean + c));
      const auto grad = hn::Sub(hn::LoadU(d, grad_y + i + c), hn::LoadU(d, offset + c));
      const auto value = hn::NegMulAdd(hn::LoadU(d, slope + c), centred, grad);
      hn::StoreU(hn::Mul(hn::LoadU(d, scale + c), value), d, grad_x + i + c);
    });
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(SumTarget);
HWY_EXPORT(CentredSumsTarget);
HWY_EXPORT(GradSumsTarget);
HWY_EXPORT(ApplyTarget);
HWY_EXPORT(ScaleTarget);
HWY_EXPORT(GradApplyTarget);

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
        HWY_DYNAMIC_DISPATCH(SumTarget)(end - begin, channels, block, mean.data());
        for (std::size_t c = 0; c < mean.size(); ++c) mean[c] = block[c] + mean[c] / count;
        HWY_DYNAMIC_DISPATCH(CentredSumsTarget)
        (end - begin, channels, block, mean.data(), residual.data(), squares.data());
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

GradSums grad_sums(const Tensor& x, const float* mean, const Tensor& grad_y) {
  const std::int64_t channels = x.dim(-1);
  const float* const values = x.data<float>();
  const float* const grads = grad_y.data<float>();
  GradSums total(channels);
  const std::size_t width = total.grad.size();
  const auto pieces = reduce_rows(
      rows_of(x), channels, total, [&](GradSums& sums, std::int64_t begin, std::int64_t end) {
        std::vector<float> grad(width), product(width);
        const std::int64_t at = begin * channels;
        HWY_DYNAMIC_DISPATCH(GradSumsTarget)
        (end - begin, channels, values + at, mean, grads + at, grad.data(), product.data());
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

/// y = (x - mean) * scale + shift
void apply(const Tensor& x, const float* mean, const float* scale, const float* shift,
           const Tensor& y) {
  const std::int64_t channels = x.dim(-1);
  const float* const from = x.data<float>();
  float* const to = y.mutable_data<float>();
  parallel_for(rows_of(x), row_grain(channels), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * channels;
    HWY_DYNAMIC_DISPATCH(ApplyTarget)
    (end - begin, channels, from + at, mean, scale, shift, to + at);
  });
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
  apply(op.x, mean, scale.data(), shift.data(), op.y);
}

void batch_norm_inference_simd(const ops::BatchNormInference& op, Context&, Tally*) {
  const auto gamma = op.gamma.values<float>(), var = op.running_var.values<float>();
  std::vector<float> scale(gamma.size());
  for (std::size_t c = 0; c < scale.size(); ++c) {
    scale[c] = gamma[c] / std::sqrt(var[c] + op.epsilon);
  }
  apply(op.x, op.running_mean.data<float>(), scale.data(), op.beta.data<float>(), op.y);
}

void batch_norm_inference_grad_simd(const ops::BatchNormInferenceGrad& op, Context&, Tally*) {
  const std::int64_t channels = op.x.dim(-1);
  const GradSums sums = grad_sums(op.x, op.running_mean.data<float>(), op.grad_y);
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
    HWY_DYNAMIC_DISPATCH(ScaleTarget)
    (end - begin, channels, grad_y + at, scale.data(), grad_x + at);
  });
}

void batch_norm_grad_simd(const ops::BatchNormGrad& op, Context&, Tally*) {
  const std::int64_t rows = rows_of(op.x), channels = op.x.dim(-1);
  const float* const mean = op.mean.data<float>();
  const GradSums mine = grad_sums(op.x, mean, op.grad_y);
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
  const float* const x = op.x.data<float>();
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  parallel_for(rows, row_grain(channels), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * channels;
    HWY_DYNAMIC_DISPATCH(GradApplyTarget)
    (end - begin, channels, x + at, mean, grad_y + at, scale.data(), offset.data(), slope.data(),
     grad_x + at);
  });
}

}  // namespace joule::cpu
#endif
