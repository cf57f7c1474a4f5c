// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// Numbers drawn from Philox (core/random.h); all functions are pure.
namespace joule::search {

/// The users of Philox with the same seed.  A user's stream begins with this byte, so that no two
/// draw the same numbers.
enum class Drawer : std::uint8_t {
  random = 1,
  sobol = 2,
  bootstrap = 3,
  tpe = 4,
  gp = 5,
  hyperband = 6,
  grid_sample = 7,
  evolution = 8,
  genes = 32
};

/// The stream of a drawer for one dimension (of a space; 0 if there is none); `part` distinguishes
/// its draws.
constexpr std::uint64_t stream(Drawer drawer, std::size_t dimension, std::uint32_t part = 0) {
  return std::uint64_t{static_cast<std::uint8_t>(drawer)} << 56 |
         (std::uint64_t{dimension} & 0xFFFFFF) << 32 | part;
}

/// Uniform in [0, 1), a multiple of 2^-53.
constexpr double unit(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>((std::uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}

}  // namespace joule::search
