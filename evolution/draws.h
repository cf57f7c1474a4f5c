// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace joule::evolution {

/// The purpose of a sequence of draws.
enum class Purpose : std::uint8_t { individual, selection, other };

/// A sequence of random numbers that depends only on (seed, part, purpose).  Draws for one
/// individual come from its own sequence, so they do not depend on other individuals.
class Draws {
 public:
  explicit Draws(std::uint64_t seed, std::uint32_t part = 0, Purpose purpose = Purpose::individual)
      : seed_(seed), part_(part), purpose_(purpose) {}

  /// Uniform in [0, 1).
  double unit();
  /// True with the given probability.
  bool chance(double probability) { return unit() < probability; }
  /// Uniform in 0..bound-1, without bias.
  /// Errors    ArgumentError if bound is 0.
  std::size_t below(std::size_t bound);
  /// Uniform in least..most, both included.
  /// Errors    ArgumentError if least > most.
  std::int64_t between(std::int64_t least, std::int64_t most);
  /// Normal with mean 0 and deviation 1 (Box-Muller).
  double normal();
  /// An index with probability weight / sum of the weights.
  /// Errors    ArgumentError unless all are finite, none is negative, and one is positive.
  std::size_t weighted(std::span<const double> weights);

 private:
  std::uint64_t word();

  std::uint64_t seed_;
  std::uint32_t part_;
  Purpose purpose_;
  std::uint64_t next_ = 0;
};

}  // namespace joule::evolution
