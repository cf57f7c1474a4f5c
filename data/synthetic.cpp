// SPDX-License-Identifier: MIT
#include "joule/data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "joule/core/error.h"
#include "joule/core/random.h"

namespace joule {
namespace {

void paint(const SyntheticOptions& options, std::int64_t label, Generator& random,
           std::uint8_t* pixel) {
  const double pi = std::numbers::pi;
  const double angle = pi * static_cast<double>(label) / static_cast<double>(options.classes);
  const auto side = static_cast<double>(std::min(options.size.h, options.size.w));
  const double frequency = 2 * pi / std::max(4.0, side / 2);
  float phase = 0;
  random.uniform({&phase, 1}, static_cast<float>(-pi / 4), static_cast<float>(pi / 4));
  const Shape shape{options.size.h, options.size.w, options.channels};
  std::vector<float> noise(static_cast<std::size_t>(shape.numel()));
  random.normal(noise, 0.0f, options.noise);
  const float* n = noise.data();
  for (std::int64_t h = 0; h < shape[0]; ++h) {
    const double y = static_cast<double>(h) - static_cast<double>(shape[0] - 1) / 2;
    for (std::int64_t w = 0; w < shape[1]; ++w) {
      const double x = static_cast<double>(w) - static_cast<double>(shape[1] - 1) / 2;
      const double wave = frequency * (x * std::cos(angle) + y * std::sin(angle)) + phase;
      for (std::int64_t c = 0; c < shape[2]; ++c) {
        const double shift = 2 * pi * static_cast<double>(c) / static_cast<double>(shape[2]);
        const double value = 0.5 + 0.4 * std::cos(wave + shift) + *n++;
        *pixel++ = static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0, 1.0)));
      }
    }
  }
}

Dataset make_half(const SyntheticOptions& options, std::int64_t count, Generator random) {
  Dataset half;
  half.name = "synthetic";
  half.shape = {count, options.size.h, options.size.w, options.channels};
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(half.shape.numel()));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = i % options.classes;
    half.labels.push_back(static_cast<std::int32_t>(label));
    paint(options, label, random, pixels.data() + i * half.image_shape().numel());
  }
  half.pixels = std::make_shared<const std::vector<std::uint8_t>>(std::move(pixels));
  for (std::int64_t c = 0; c < options.classes; ++c) {
    half.class_names.push_back(
        str(180.0 * static_cast<double>(c) / static_cast<double>(options.classes), " degrees"));
  }
  return half;
}

}  // namespace

DataSplit make_synthetic(const SyntheticOptions& options) {
  require(
      options.train >= 1 && options.test >= 1 && options.size.h >= 1 && options.size.w >= 1 &&
          options.channels >= 1 && options.classes >= 2 && options.noise >= 0,
      "synthetic data: expected at least one image, pixel and channel, two classes and noise >= "
      "0, got ",
      options.train, " + ", options.test, " images of ", options.size, "x", options.channels, ", ",
      options.classes, " classes, noise ", options.noise);
  const auto key = philox(options.seed, 0);
  const auto seed_of = [&](int half) {
    return std::uint64_t{key[2 * half]} << 32 | key[2 * half + 1];
  };
  DataSplit split{.train = make_half(options, options.train, Generator(seed_of(0))),
                  .test = make_half(options, options.test, Generator(seed_of(1)))};
  measure_normalization(split);
  return split;
}

}  // namespace joule
