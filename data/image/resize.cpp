// SPDX-License-Identifier: MIT
#include "joule/data/image/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "joule/core/error.h"

namespace joule {
namespace {

constexpr int kBits = 22;  // behind the point: 8 bits of a pixel and a sign fill 32 with them

/// What each output along one axis is made of.
struct Axis {
  struct Output {
    std::int64_t first = 0;   // input
    std::size_t weights = 0;  // where in `weights` they begin
    std::size_t count = 0;
  };
  std::vector<Output> outputs;
  std::vector<std::int32_t> weights;
};

/// `count` outputs, from `first` on, of an axis that is resized from `in` to `out`.
Axis weights_of(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count) {
  const double ratio = static_cast<double>(in) / static_cast<double>(out);
  const double support = std::max(1.0, ratio);
  Axis axis;
  std::vector<double> exact;
  for (std::int64_t i = first; i < first + count; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * ratio;
    const auto begin = static_cast<std::int64_t>(std::max(0.0, centre - support + 0.5));
    const std::int64_t end = std::min(in, static_cast<std::int64_t>(centre + support + 0.5));
    exact.clear();
    double sum = 0;
    for (std::int64_t j = begin; j < end; ++j) {
      const double distance = (static_cast<double>(j) - centre + 0.5) * (1.0 / support);
      exact.push_back(std::max(0.0, 1.0 - std::abs(distance)));
      sum += exact.back();
    }
    axis.outputs.push_back({begin, axis.weights.size(), exact.size()});
    for (const double weight : exact) {
      axis.weights.push_back(static_cast<std::int32_t>(0.5 + weight / sum * (1 << kBits)));
    }
  }
  return axis;
}

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kBits, 0, 255));
}

constexpr std::int32_t kHalf = 1 << (kBits - 1);

/// One row [in, C] to [outputs, C].
template <std::size_t C>
void resize_row(const std::uint8_t* from, const Axis& axis, std::uint8_t* to) {
  for (const Axis::Output& output : axis.outputs) {
    std::array<std::int32_t, C> sums;
    sums.fill(kHalf);
    const std::uint8_t* pixel = from + output.first * static_cast<std::int64_t>(C);
    const std::int32_t* const weights = &axis.weights[output.weights];
    for (std::size_t k = 0; k < output.count; ++k, pixel += C) {
      for (std::size_t c = 0; c < C; ++c) sums[c] += pixel[c] * weights[k];
    }
    for (std::size_t c = 0; c < C; ++c) *to++ = rounded(sums[c]);
  }
}

/// Rows of `row` bytes to one row for each output.
void resize_columns(const std::uint8_t* from, std::size_t row, const Axis& axis, std::uint8_t* to) {
  std::vector<std::int32_t> sums(row);
  for (const Axis::Output& output : axis.outputs) {
    std::ranges::fill(sums, kHalf);
    for (std::size_t k = 0; k < output.count; ++k) {
      const std::uint8_t* const values = from + (static_cast<std::size_t>(output.first) + k) * row;
      const std::int32_t weight = axis.weights[output.weights + k];
      for (std::size_t i = 0; i < row; ++i) sums[i] += values[i] * weight;
    }
    for (const std::int32_t sum : sums) *to++ = rounded(sum);
  }
}

/// The outputs `window` of the part `box` resized to `size`.
void resize_window(const Bitmap& image, const Box& box, Size2 size, const Box& window,
                   std::uint8_t* to) {
  const Axis across = weights_of(box.width, size.w, window.left, window.width);
  Axis down = weights_of(box.height, size.h, window.top, window.height);
  // Only the rows that some output reads.
  const std::int64_t begin = down.outputs.front().first;
  const std::int64_t end =
      down.outputs.back().first + static_cast<std::int64_t>(down.outputs.back().count);
  for (Axis::Output& output : down.outputs) output.first -= begin;
  const auto row = static_cast<std::size_t>(window.width * image.channels);
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(end - begin) * row);
  for (std::int64_t y = begin; y < end; ++y) {
    const std::int64_t at = ((box.top + y) * image.width + box.left) * image.channels;
    const std::uint8_t* const from = image.pixels.data() + at;
    std::uint8_t* const resized = &rows[static_cast<std::size_t>(y - begin) * row];
    if (image.channels == 1) {
      resize_row<1>(from, across, resized);
    } else {
      resize_row<3>(from, across, resized);
    }
  }
  resize_columns(rows.data(), row, down, to);
}

void check_resize(const Bitmap& image, const Box& box, Size2 size, std::span<std::uint8_t> to) {
  require(image.channels == 1 || image.channels == 3, "resize: expected 1 or 3 channels, got ",
          image.channels);
  require(size.h >= 1 && size.w >= 1, "resize: expected a size of pixels, got ", size);
  require(box.top >= 0 && box.left >= 0 && box.height >= 1 && box.width >= 1 &&
              box.top <= image.height - box.height && box.left <= image.width - box.width,
          "resize: the part of ", box.height, "x", box.width, " at ", box.top, ",", box.left,
          " is not in an image of ", image.size());
  require(std::ssize(to) == size.h * size.w * image.channels, "resize: ", size, "x", image.channels,
          " takes ", size.h * size.w * image.channels, " bytes, got ", to.size());
}

/// Half of what is cut off, a half of a pixel to the even side.
std::int64_t margin(std::int64_t whole, std::int64_t part) {
  const std::int64_t cut = whole - part;
  return cut / 2 + (cut % 4 == 3 ? 1 : 0);
}

}  // namespace

std::string_view name(Fit fit) {
  return fit == Fit::crop ? "crop" : fit == Fit::stretch ? "stretch" : "region";
}

std::optional<Fit> fit_of(std::string_view text) {
  for (const Fit fit : {Fit::crop, Fit::stretch, Fit::region}) {
    if (name(fit) == text) return fit;
  }
  return std::nullopt;
}

void resize(const Bitmap& image, const Box& box, Size2 size, std::span<std::uint8_t> to) {
  check_resize(image, box, size, to);
  resize_window(image, box, size, {0, 0, size.h, size.w}, to.data());
}

void frame(const Bitmap& image, const std::optional<Box>& region, const Framing& framing,
           std::span<std::uint8_t> to) {
  const Box whole{0, 0, image.height, image.width};
  const Size2 size = framing.size;
  if (framing.fit != Fit::crop) {
    resize(image, framing.fit == Fit::region ? region.value_or(whole) : whole, size, to);
    return;
  }
  check_resize(image, whole, size, to);
  const bool wide = image.width * size.h >= image.height * size.w;
  const Size2 covering = wide ? Size2{size.h, size.h * image.width / image.height}
                              : Size2{size.w * image.height / image.width, size.w};
  resize_window(image, whole, covering,
                {margin(covering.h, size.h), margin(covering.w, size.w), size.h, size.w},
                to.data());
}

}  // namespace joule
