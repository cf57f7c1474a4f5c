// SPDX-License-Identifier: MIT
#include "joule/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "joule/core/error.h"
#include "joule/core/threads.h"

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
  require(!pixels || !source, "dataset ", name, ": it has both pixels and a source of them");
  require(!source || source->size() >= stored, "dataset ", name, ": ", shape, " needs ", stored,
          " images, its source has ", source ? source->size() : 0);
  require(source || (pixels &&
                     static_cast<std::int64_t>(pixels->size()) / image_shape().numel() >= stored),
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

namespace {

/// Of one channel, of the bytes of some images.
struct ChannelSums {
  std::uint64_t sum = 0, squares = 0;
};

std::vector<ChannelSums> sums_of(const Dataset& set, std::int64_t begin, std::int64_t end) {
  const auto channels = static_cast<std::size_t>(set.shape[3]);
  const auto values = static_cast<std::size_t>(set.image_shape().numel());
  std::vector<ChannelSums> sums(channels);
  std::vector<std::uint8_t> room = set.room();
  for (std::int64_t image = begin; image < end; ++image) {
    const std::uint8_t* const pixels = set.image(image, room);
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t i = c; i < values; i += channels) {
        sums[c].sum += pixels[i];
        sums[c].squares += std::uint64_t{pixels[i]} * pixels[i];
      }
    }
  }
  return sums;
}

}  // namespace

void measure_normalization(DataSplit& split) {
  const Dataset& train = split.train;
  const auto channels = static_cast<std::size_t>(train.shape[3]);
  std::vector<ChannelSums> total(channels);
  std::mutex mutex;  // of total, to which any order of the parts adds the same integers
  constexpr std::int64_t kGrain = 64;
  parallel_for(train.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    const std::vector<ChannelSums> part = sums_of(train, begin, end);
    const std::lock_guard lock(mutex);
    for (std::size_t c = 0; c < channels; ++c) {
      total[c].sum += part[c].sum;
      total[c].squares += part[c].squares;
    }
  });
  std::vector<float> mean(channels), deviation(channels);
  const double pixels = static_cast<double>(train.shape.numel()) / static_cast<double>(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double n = pixels * 255;
    const double average = static_cast<double>(total[c].sum) / n;
    const double variance = static_cast<double>(total[c].squares) / (n * 255) - average * average;
    mean[c] = static_cast<float>(average);
    deviation[c] = variance > 0 ? static_cast<float>(std::sqrt(variance)) : 1.0f;
  }
  split.train.mean = split.test.mean = mean;
  split.train.deviation = split.test.deviation = deviation;
}

}  // namespace joule
