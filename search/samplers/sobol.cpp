// SPDX-License-Identifier: MIT
#include "joule/search/samplers/sobol.h"

#include <boost/random/sobol.hpp>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/draw.h"

namespace joule::search {
std::vector<std::uint32_t> sobol_point(std::size_t dimensions, std::uint32_t number) {
  require(dimensions >= 1 && dimensions <= kMostSobolDimensions, "sobol: expected from 1 to ",
          kMostSobolDimensions, " dimensions, got ", dimensions);
  std::vector<std::uint32_t> point(dimensions, 0);
  if (number == 0) return point;
  boost::random::sobol_engine<std::uint32_t, 32> engine(dimensions);
  engine.seed(number - 1);  // which counts from the point after the origin
  for (std::uint32_t& fraction : point) fraction = engine();
  return point;
}

double owen_scrambled(std::uint32_t fraction, std::size_t dimension, std::uint32_t number,
                      std::uint64_t seed) {
  std::uint32_t scrambled = 0;
  for (std::uint32_t digit = 0; digit < 32; ++digit) {
    // The digits before this one, with a 1 in front of them: no two prefixes are the same number.
    const std::uint64_t prefix = (std::uint64_t{1} << 32 | fraction) >> (32 - digit);
    const std::uint32_t flip =
        philox(seed, prefix, stream(Drawer::sobol, dimension))[0] & std::uint32_t{1};
    scrambled = scrambled << 1 | ((fraction >> (31 - digit) & 1) ^ flip);
  }
  const auto rest = philox(seed, number, stream(Drawer::sobol, dimension, 1));
  return unit(scrambled, rest[0]);
}

}  // namespace joule::search
