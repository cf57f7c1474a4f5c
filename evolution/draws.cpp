// SPDX-License-Identifier: MIT
#include "joule/evolution/draws.h"

#include <cmath>
#include <numbers>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/draw.h"

namespace joule::evolution {

std::uint64_t Draws::word() {
  const auto purpose = static_cast<std::size_t>(purpose_);
  const auto words =
      philox(seed_, next_++, search::stream(search::Drawer::evolution, purpose, part_));
  return std::uint64_t{words[0]} << 32 | words[1];
}

double Draws::unit() {
  const std::uint64_t bits = word();
  return search::unit(static_cast<std::uint32_t>(bits >> 32), static_cast<std::uint32_t>(bits));
}

std::size_t Draws::below(std::size_t bound) {
  require(bound > 0, "draws: nothing to choose from");
  const std::uint64_t n = bound,
                      rest = -n % n;  // 2^64 mod n: those words would favour small results
  std::uint64_t drawn = word();
  while (drawn < rest) drawn = word();
  return static_cast<std::size_t>(drawn % n);
}

std::int64_t Draws::between(std::int64_t least, std::int64_t most) {
  require(least <= most, "draws: expected least <= most, got ", least, " and ", most);
  const std::uint64_t span = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
  const std::uint64_t drawn = span == ~std::uint64_t{0} ? word() : below(span + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + drawn);
}

double Draws::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - unit()));
  return radius * std::cos(2 * std::numbers::pi * unit());
}

std::size_t Draws::weighted(std::span<const double> weights) {
  double sum = 0;
  for (const double weight : weights) {
    require(weight >= 0 && std::isfinite(weight), "draws: a weight is ", weight);
    sum += weight;
  }
  require(sum > 0 && std::isfinite(sum), "draws: the weights add up to ", sum);
  double left = unit() * sum;
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    last = i;
    left -= weights[i];
    if (left < 0) break;
  }
  return last;
}

}  // namespace joule::evolution
