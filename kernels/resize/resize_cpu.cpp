// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/threads.h"
#include "joule/kernels/resize/resize_impl.h"

namespace joule::cpu {
namespace {

/// Rows that a thread is worth, of so many values each.
std::int64_t resized_rows_grain(std::int64_t values) { return 1 + 16384 / (1 + values); }

}  // namespace

/// Makes the first copy of each row pixel by pixel; the others are copies of that one.
void resize_nearest_rows(const ops::ResizeNearest& op, Context&, Tally*) {
  const std::int64_t height = op.x.dim(1), width = op.x.dim(2), channels = op.x.dim(3);
  const std::vector<std::int64_t> starts = starts_of(height, op.rows);
  const std::int64_t out_height = op.y.dim(1), values = op.y.dim(2) * channels;
  const bool whole = op.columns == Repeats{1};
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  parallel_for(op.x.dim(0) * height, resized_rows_grain(values * (1 + out_height / height)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin; row < end; ++row) {
                   const auto h = static_cast<std::size_t>(row % height);
                   const std::int64_t copies = starts[h + 1] - starts[h];
                   if (copies == 0) continue;
                   const float* from = x + row * width * channels;
                   float* const first = y + (row / height * out_height + starts[h]) * values;
                   if (whole) {
                     std::copy_n(from, values, first);
                   } else {
                     float* to = first;
                     for (std::int64_t w = 0; w < width; ++w, from += channels) {
                       for (std::int64_t k = repeats_at(op.columns, w); k > 0; --k) {
                         to = std::copy_n(from, channels, to);
                       }
                     }
                   }
                   for (std::int64_t k = 1; k < copies; ++k)
                     std::copy_n(first, values, first + k * values);
                 }
               });
}

void resize_nearest_grad_rows(const ops::ResizeNearestGrad& op, Context&, Tally*) {
  const std::int64_t height = op.grad_x.dim(1), width = op.grad_x.dim(2),
                     channels = op.grad_x.dim(3);
  const std::vector<std::int64_t> starts = starts_of(height, op.rows);
  const std::int64_t out_height = op.grad_y.dim(1), values = op.grad_y.dim(2) * channels;
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  parallel_for(op.grad_x.dim(0) * height, resized_rows_grain(values * (1 + out_height / height)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin; row < end; ++row) {
                   const auto h = static_cast<std::size_t>(row % height);
                   float* const sums = grad_x + row * width * channels;
                   std::fill_n(sums, width * channels, 0.0f);
                   for (std::int64_t p = starts[h]; p < starts[h + 1]; ++p) {
                     const float* from = grad_y + (row / height * out_height + p) * values;
                     for (std::int64_t w = 0; w < width; ++w) {
                       float* const to = sums + w * channels;
                       for (std::int64_t k = repeats_at(op.columns, w); k > 0; --k) {
                         for (std::int64_t c = 0; c < channels; ++c) to[c] += from[c];
                         from += channels;
                       }
                     }
                   }
                 }
               });
}

}  // namespace joule::cpu
