// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// The passes of batch normalisation on the CPU over rows of channels, single-threaded.  Private to
// this folder.
namespace joule::cpu {

/// What normalises a channel: y = (x - mean) * scale + shift.
struct NormRows {
  std::int64_t channels;
  const float *mean, *scale, *shift;
};

/// Rows of a batch norm's gradient.
struct NormGradRows {
  std::int64_t rows, channels;
  const float *x, *mean, *grad_y;
  const std::uint64_t* mask;  // where grad_y counts (see ZeroMask), or null
};

/// sum[c] += x - its first row, over the rows: an offset that all rows have costs no bits.
void norm_sum(std::int64_t rows, std::int64_t channels, const float* x, float* sum);

/// residual[c] += x - mean, squares[c] += (x - mean)^2, over the rows.
void norm_centred_sums(std::int64_t rows, std::int64_t channels, const float* x, const float* mean,
                       float* residual, float* squares);

/// Writes y for `rows` rows, plus the addend if that is not null.  y may be x or the addend.
void norm_apply(std::int64_t rows, const NormRows& op, const float* x, const float* addend,
                float* y);

/// sum[c] += grad_y, product[c] += grad_y * (x - mean), over the rows.
void norm_grad_sums(const NormGradRows& args, float* sum, float* product);

/// grad_x = scale * ((grad_y - offset) - slope * (x - mean)); may be grad_y.
void norm_grad_apply(const NormGradRows& args, const float* scale, const float* offset,
                     const float* slope, float* grad_x);

/// grad_x = grad_y * scale; may be grad_y.
void norm_scale(std::int64_t rows, std::int64_t channels, const float* grad_y, const float* scale,
                float* grad_x);

}  // namespace joule::cpu
