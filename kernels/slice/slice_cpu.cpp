// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/threads.h"
#include "joule/kernels/slice/slice_impl.h"

// What lies side by side in both is copied at once: rows of pixels, or the channels of a pixel.
namespace joule::cpu {
namespace {

/// Rows of pixels that a thread is worth, of so many values each.
std::int64_t image_rows_grain(std::int64_t values) { return 1 + 16384 / (1 + values); }

}  // namespace

void slice_rows(const ops::Slice& op, Context&, Tally*) {
  const Box box = box_of(op.y.shape(), op.x.shape(), op.first);
  const std::int64_t rows = box.extents[1], columns = box.extents[2], channels = box.extents[3];
  const std::int64_t of_rows = box.of[1], of_columns = box.of[2], of_channels = box.of[3];
  const bool whole = channels == of_channels;
  const std::int64_t run = whole ? columns * channels : channels, runs = whole ? 1 : columns;
  const float* const x =
      op.x.data<float>() +
      ((box.first[0] * of_rows + box.first[1]) * of_columns + box.first[2]) * of_channels +
      box.first[3];
  float* const y = op.y.mutable_data<float>();
  parallel_for(box.extents[0] * rows, image_rows_grain(columns * channels),
               [=](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin; row < end; ++row) {
                   const float* const from =
                       x + (row / rows * of_rows + row % rows) * of_columns * of_channels;
                   float* const to = y + row * columns * channels;
                   for (std::int64_t k = 0; k < runs; ++k) {
                     std::copy_n(from + k * of_channels, run, to + k * run);
                   }
                 }
               });
}

void pad_rows(const ops::Pad& op, Context&, Tally*) {
  const Box box = box_of(op.x.shape(), op.y.shape(), op.first);
  const bool whole = box.extents[3] == box.of[3];
  const std::int64_t values = box.extents[2] * box.extents[3], width = box.of[2] * box.of[3];
  const std::int64_t before = box.first[2] * box.of[3] + box.first[3];
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  parallel_for(
      box.of[0] * box.of[1], image_rows_grain(width), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
          const std::int64_t i = row / box.of[1] - box.first[0];
          const std::int64_t j = row % box.of[1] - box.first[1];
          float* const to = y + row * width;
          if (i < 0 || i >= box.extents[0] || j < 0 || j >= box.extents[1]) {
            std::fill_n(to, width, 0.0f);
            continue;
          }
          const float* const from = x + (i * box.extents[1] + j) * values;
          if (whole) {
            std::fill_n(to, before, 0.0f);
            std::copy_n(from, values, to + before);
            std::fill_n(to + before + values, width - before - values, 0.0f);
            continue;
          }
          std::fill_n(to, width, 0.0f);
          for (std::int64_t k = 0; k < box.extents[2]; ++k) {
            std::copy_n(from + k * box.extents[3], box.extents[3], to + before + k * box.of[3]);
          }
        }
      });
}

}  // namespace joule::cpu
