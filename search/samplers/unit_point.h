// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "joule/core/random.h"
#include "joule/search/space.h"

namespace joule::search {

/// Who draws from Philox of the same seed: its stream begins with this byte, so that no two draw
/// the same numbers.
enum class Drawer : std::uint8_t { random = 1, sobol = 2 };

/// The dimension's own stream of a sampler; `part` tells its several draws of a trial apart.
constexpr std::uint64_t stream(Drawer drawer, std::size_t dimension, std::uint32_t part = 0) {
  return std::uint64_t{static_cast<std::uint8_t>(drawer)} << 56 |
         (std::uint64_t{dimension} & 0xFFFFFF) << 32 | part;
}

/// Uniform in [0, 1), a multiple of 2^-53.
constexpr double unit(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>((std::uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}

/// The point whose active dimension i has value_of_unit(dimension, u(i)).
Point point_of_units(const Space& space, const std::function<double(std::size_t)>& u);

}  // namespace joule::search
