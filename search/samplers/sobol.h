// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace joule::search {

/// The number of dimensions with direction numbers.
inline constexpr std::size_t kMostSobolDimensions = 3667;

/// Point `number` of the Sobol sequence in Gray-code order, as 32-bit fractions; point 0 is the
/// origin.
///
/// Errors    ArgumentError if there are more dimensions than direction numbers, or 0.
/// Source    Sobol 1967; Antonov and Saleev 1979; direction numbers of Joe and Kuo 2008
///           (new-joe-kuo-6), from Boost.Random.
std::vector<std::uint32_t> sobol_point(std::size_t dimensions, std::uint32_t number);

/// Flips each digit of the fraction depending on the seed, the dimension and the digits before it,
/// and appends random digits after the 32.  Each point is uniform in the unit cube, and the first
/// 2^m points form a net, as in the sequence.
///
/// Returns   in [0, 1).
/// Cost      32 Philox numbers.
/// Source    Owen 1995, "Randomly permuted (t,m,s)-nets and (t,s)-sequences".
double owen_scrambled(std::uint32_t fraction, std::size_t dimension, std::uint32_t number,
                      std::uint64_t seed);

}  // namespace joule::search
