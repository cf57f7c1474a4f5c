// SPDX-License-Identifier: MIT
#include "joule/data/transform.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "joule/core/error.h"

namespace joule {
namespace {

float draw(Generator& random) {
  float value = 0;
  random.uniform({&value, 1});
  return value;
}

/// A generator of its own for each (stream, counter): the key is itself a Philox block.
Generator keyed_generator(std::uint64_t seed, std::uint64_t counter, std::uint64_t stream) {
  const auto key = philox(seed, counter, stream);
  return Generator(std::uint64_t{key[0]} << 32 | key[1]);
}

void shift(const Image& image, std::int64_t down, std::int64_t right) {
  const std::vector<float> old(image.pixels.begin(), image.pixels.end());
  std::ranges::fill(image.pixels, 0.0f);
  const std::int64_t row = image.width * image.channels;
  const std::int64_t count = (image.width - std::abs(right)) * image.channels;
  if (count <= 0) return;
  for (std::int64_t h = std::max<std::int64_t>(0, down);
       h < image.height + std::min<std::int64_t>(0, down); ++h) {
    std::copy_n(&old[(h - down) * row + std::max<std::int64_t>(0, -right) * image.channels], count,
                &image.pixels[h * row + std::max<std::int64_t>(0, right) * image.channels]);
  }
}

void rotate(const Image& image, double radians) {
  // A copy with a black border: positions are clamped to it, so that every tap can be read.
  const std::int64_t channels = image.channels, row = (image.width + 3) * channels;
  std::vector<float> old(static_cast<std::size_t>((image.height + 3) * row));
  for (std::int64_t h = 0; h < image.height; ++h) {
    std::copy_n(&image.pixels[h * image.width * channels], image.width * channels,
                &old[(h + 1) * row + channels]);
  }
  const auto sine = static_cast<float>(std::sin(radians));
  const auto cosine = static_cast<float>(std::cos(radians));
  const auto bottom = static_cast<float>(image.height), end = static_cast<float>(image.width);
  const float centre_y = (bottom - 1) / 2, centre_x = (end - 1) / 2;
  float* pixel = image.pixels.data();
  for (std::int64_t h = 0; h < image.height; ++h) {
    for (std::int64_t w = 0; w < image.width; ++w) {
      const float dy = static_cast<float>(h) - centre_y, dx = static_cast<float>(w) - centre_x;
      const float y = std::clamp(centre_y + cosine * dy + sine * dx, -1.0f, bottom) + 1;
      const float x = std::clamp(centre_x - sine * dy + cosine * dx, -1.0f, end) + 1;
      const auto top = static_cast<std::int64_t>(y), left = static_cast<std::int64_t>(x);
      const float down = y - static_cast<float>(top), right = x - static_cast<float>(left);
      const float* from = &old[top * row + left * channels];
      for (std::int64_t c = 0; c < channels; ++c, ++from) {
        const float above = (1 - right) * from[0] + right * from[channels];
        const float below = (1 - right) * from[row] + right * from[row + channels];
        *pixel++ = (1 - down) * above + down * below;
      }
    }
  }
}

}  // namespace

Transform pad_and_crop(std::int64_t padding) {
  require(padding >= 1, "pad_and_crop: padding must be at least 1, got ", padding);
  return [padding](const Image& image, Generator& random) {
    const auto offsets = static_cast<std::uint64_t>(2 * padding + 1);
    const std::int64_t down = static_cast<std::int64_t>(random.below(offsets)) - padding;
    const std::int64_t right = static_cast<std::int64_t>(random.below(offsets)) - padding;
    shift(image, down, right);
  };
}

Transform horizontal_flip(float probability) {
  require(probability >= 0 && probability <= 1,
          "horizontal_flip: the probability must lie in [0, 1], got ", probability);
  return [probability](const Image& image, Generator& random) {
    if (draw(random) >= probability) return;
    for (std::int64_t h = 0; h < image.height; ++h) {
      float* const row = image.pixels.data() + h * image.width * image.channels;
      for (std::int64_t left = 0, right = image.width - 1; left < right; ++left, --right) {
        std::swap_ranges(row + left * image.channels, row + (left + 1) * image.channels,
                         row + right * image.channels);
      }
    }
  };
}

Transform rotation(float degrees) {
  require(degrees > 0 && degrees <= 180, "rotation: degrees must lie in (0, 180], got ", degrees);
  return [degrees](const Image& image, Generator& random) {
    rotate(image, (2.0 * draw(random) - 1.0) * degrees * std::numbers::pi / 180);
  };
}

void normalize(const Image& image, std::span<const float> mean, std::span<const float> deviation) {
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const float average = mean[c], scale = 1.0f / deviation[c];
    for (std::size_t i = c; i < image.pixels.size(); i += channels) {
      image.pixels[i] = (image.pixels[i] - average) * scale;
    }
  }
}

Generator image_generator(std::uint64_t seed, std::int64_t epoch, std::int64_t image) {
  return keyed_generator(seed, static_cast<std::uint64_t>(image),
                         static_cast<std::uint64_t>(epoch) + 1);
}

std::vector<std::int64_t> shuffled_order(std::uint64_t seed, std::int64_t epoch,
                                         std::int64_t images) {
  // Stream 0 is nobody's: the images of epoch e use stream e + 1.
  return keyed_generator(seed, static_cast<std::uint64_t>(epoch), 0).permutation(images);
}

std::vector<std::int64_t> held_back_order(std::uint64_t seed, std::int64_t label,
                                          std::int64_t images) {
  // No epoch comes to the last stream.
  constexpr auto kStream = std::numeric_limits<std::uint64_t>::max();
  return keyed_generator(seed, static_cast<std::uint64_t>(label), kStream).permutation(images);
}

}  // namespace joule
