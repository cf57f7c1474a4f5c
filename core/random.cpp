// SPDX-License-Identifier: MIT
#include "joule/core/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "joule/core/error.h"

namespace joule {

RandomState Generator::reserve(std::uint64_t counters) {
  const RandomState first = state_;
  state_.next += counters;
  return first;
}

void Generator::uniform(std::span<float> out, float low, float high) {
  require(low <= high && std::isfinite(high - low),
          "uniform: expected low <= high, and high - low ", "finite, got ", low, " and ", high);
  // The product is below high - low, but the sum may be rounded up to high.
  const float last = std::nextafter(high, low);
  const RandomState first = reserve((out.size() + 3) / 4);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float u = to_uniform(philox(first.seed, first.next + i / 4)[i % 4]);
    out[i] = std::min(low + (high - low) * u, last);
  }
}

void Generator::normal(std::span<float> out, float mean, float deviation) {
  const RandomState first = reserve((out.size() + 1) / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto words = philox(first.seed, first.next + i / 2);
    // 1 - u lies in (0, 1], where the logarithm is finite.
    const double radius = std::sqrt(-2.0 * std::log(1.0 - to_uniform(words[0])));
    const double angle = 2.0 * std::numbers::pi * to_uniform(words[1]);
    out[i] =
        mean + deviation * static_cast<float>(radius * (i % 2 ? std::sin(angle) : std::cos(angle)));
  }
}

std::uint64_t Generator::below(std::uint64_t bound) {
  require(bound > 0, "below: bound must be at least 1");
  // The draws above the largest multiple of `bound` are thrown away, so that none is likelier.
  const std::uint64_t rejected = (0 - bound) % bound;
  for (;;) {
    const RandomState at = reserve(1);
    const auto words = philox(at.seed, at.next);
    const std::uint64_t draw = std::uint64_t{words[0]} << 32 | words[1];
    if (draw >= rejected) return draw % bound;
  }
}

std::vector<std::int64_t> Generator::permutation(std::int64_t n) {
  require(n >= 0, "permutation: n must not be negative, got ", n);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
  return order;
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}

void manual_seed(std::uint64_t seed) { default_generator() = Generator(seed); }

}  // namespace joule
