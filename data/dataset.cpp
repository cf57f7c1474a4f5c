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
  require(int{pixels != nullptr} + int{source != nullptr} + int{values != nullptr} <= 1, "dataset ",
          name, ": it has more than one of pixels, a source of them, and values");
  require(!source || source->size() >= stored, "dataset ", name, ": ", shape, " needs ", stored,
          " images, its source has ", source ? source->size() : 0);
  const std::size_t there = pixels ? pixels->size() : values ? values->size() : 0;
  require(source || static_cast<std::int64_t>(there) / image_shape().numel() >= stored, "dataset ",
          name, ": ", shape, " needs ", stored * image_shape().numel(),
          values ? " values" : " pixels", ", there are ", there);
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

/// Per channel.
struct Normalization {
  std::vector<float> mean, deviation;

  void add(double average, double variance) {
    mean.push_back(static_cast<float>(average));
    deviation.push_back(variance > 0 ? static_cast<float>(std::sqrt(variance)) : 1.0f);
  }
};

Normalization of_bytes(const Dataset& train) {
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
  Normalization measured;
  const double pixels = static_cast<double>(train.shape.numel()) / static_cast<double>(channels);
  for (const ChannelSums& sums : total) {
    const double n = pixels * 255;
    const double average = static_cast<double>(sums.sum) / n;
    measured.add(average, static_cast<double>(sums.squares) / (n * 255) - average * average);
  }
  return measured;
}

Normalization of_values(const Dataset& train) {
  const auto channels = static_cast<std::size_t>(train.shape[3]);
  const double pixels = static_cast<double>(train.shape.numel()) / static_cast<double>(channels);
  std::vector<double> mean(channels), variance(channels);
  const auto visit = [&](const auto& add) {
    for (std::int64_t i = 0; i < train.size(); ++i) {
      std::size_t c = 0;
      for (const float value : train.image_values(i)) {
        add(c, value);
        if (++c == channels) c = 0;
      }
    }
  };
  visit([&](std::size_t c, double value) { mean[c] += value / pixels; });
  visit([&](std::size_t c, double value) {
    variance[c] += (value - mean[c]) * (value - mean[c]) / pixels;
  });
  Normalization measured;
  for (std::size_t c = 0; c < channels; ++c) measured.add(mean[c], variance[c]);
  return measured;
}

}  // namespace

void measure_normalization(DataSplit& split) {
  const auto [mean, deviation] =
      split.train.values ? of_values(split.train) : of_bytes(split.train);
  split.train.mean = split.test.mean = mean;
  split.train.deviation = split.test.deviation = deviation;
}

}  // namespace joule
