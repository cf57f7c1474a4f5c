// SPDX-License-Identifier: MIT
#include "joule/data/dataset.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"

namespace joule {

Dataset Dataset::take(std::int64_t count) const {
  require(count >= 1, "dataset ", name, ": take() needs a count of at least 1, got ", count);
  Dataset taken = *this;
  if (count < size()) {
    taken.shape = {count, shape[1], shape[2], shape[3]};
    taken.labels.resize(static_cast<std::size_t>(count));
    if (!indices.empty()) taken.indices.resize(static_cast<std::size_t>(count));
  }
  return taken;
}

void Dataset::check() const {
  require(shape.rank() == 4 && (shape[0] == 0 || shape.numel() > 0), "dataset ", name,
          ": expected images of shape [N,H,W,C], got ", shape);
  require(shape[0] > 0, "dataset ", name, ": there are no images, its shape is ", shape);
  require(indices.empty() || std::ssize(indices) == size(), "dataset ", name, ": ", indices.size(),
          " indices for ", size(), " images");
  require(std::ranges::all_of(indices, [](std::int64_t i) { return i >= 0; }), "dataset ", name,
          ": an index is negative");
  const std::int64_t stored = indices.empty() ? size() : 1 + std::ranges::max(indices);
  require(pixels && static_cast<std::int64_t>(pixels->size()) / image_shape().numel() >= stored,
          "dataset ", name, ": ", shape, " needs ", stored * image_shape().numel(),
          " pixels, there are ", pixels ? pixels->size() : 0);
  require(static_cast<std::int64_t>(labels.size()) == size(), "dataset ", name, ": ", labels.size(),
          " labels for ", size(), " images");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    require(labels[i] >= 0 && labels[i] < classes(), "dataset ", name, ": label ", labels[i],
            " of image ", i, " is out of range: there are ", classes(), " classes");
  }
  const auto channels = static_cast<std::size_t>(shape[3]);
  require(mean.size() == channels && deviation.size() == channels, "dataset ", name, ": ",
          mean.size(), " means and ", deviation.size(), " deviations for ", channels, " channels");
  for (std::size_t c = 0; c < channels; ++c) {
    require(std::isfinite(mean[c]) && std::isfinite(deviation[c]) && deviation[c] > 0, "dataset ",
            name, ": channel ", c, " has mean ", mean[c], " and deviation ", deviation[c],
            ", expected a positive deviation");
  }
}

void measure_normalization(DataSplit& split) {
  const Dataset& train = split.train;
  const auto channels = static_cast<std::size_t>(train.shape[3]);
  const auto pixels = static_cast<std::size_t>(train.image_shape().numel()) / channels;
  std::vector<float> mean(channels), deviation(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    std::uint64_t sum = 0, squares = 0;
    for (std::int64_t image = 0; image < train.size(); ++image) {
      const std::uint8_t* pixel = train.image(image) + c;
      for (std::size_t i = 0; i < pixels; ++i, pixel += channels) {
        sum += *pixel;
        squares += std::uint64_t{*pixel} * *pixel;
      }
    }
    const double n = static_cast<double>(pixels) * static_cast<double>(train.size()) * 255;
    const double average = static_cast<double>(sum) / n;
    const double variance = static_cast<double>(squares) / (n * 255) - average * average;
    mean[c] = static_cast<float>(average);
    deviation[c] = variance > 0 ? static_cast<float>(std::sqrt(variance)) : 1.0f;
  }
  split.train.mean = split.test.mean = mean;
  split.train.deviation = split.test.deviation = deviation;
}

}  // namespace joule
