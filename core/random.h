// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace joule {

/// Philox4x32-10: four 32-bit random words, a pure function of (seed, counter).  So any thread on
/// any device can draw number i without drawing those before it.
///
/// Source    Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3".
constexpr std::array<std::uint32_t, 4> philox(std::uint64_t seed, std::uint64_t counter,
                                              std::uint64_t stream = 0) {
  std::array<std::uint32_t, 4> x{
      static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
      static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
  std::uint32_t k0 = static_cast<std::uint32_t>(seed);
  std::uint32_t k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * x[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * x[2];
    x = {static_cast<std::uint32_t>(p1 >> 32) ^ x[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ x[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return x;
}

/// Uniform in [0, 1), a multiple of 2^-24, so every value is exact in float.
constexpr float to_uniform(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

/// A position in a sequence of draws; restoring it continues the sequence.
struct RandomState {
  std::uint64_t seed = 0;
  std::uint64_t next = 0;  // the next unused Philox counter
  friend bool operator==(const RandomState&, const RandomState&) = default;
};

/// Hands out Philox counters.  A seed gives the same numbers for any number of threads and device.
class Generator {
 public:
  explicit Generator(std::uint64_t seed = 0) : state_{seed, 0} {}

  const RandomState& state() const { return state_; }
  void set_state(const RandomState& state) { state_ = state; }
  /// Reserves `counters` consecutive counters (four words each); returns the seed and the first.
  RandomState reserve(std::uint64_t counters);

  /// Uniform in [low, high); `low` if the bounds are equal.
  /// Errors    ArgumentError if low > high, or high - low is not finite.
  void uniform(std::span<float> out, float low = 0.0f, float high = 1.0f);
  /// Normal with the given mean and standard deviation (Box-Muller).
  void normal(std::span<float> out, float mean = 0.0f, float deviation = 1.0f);
  /// Uniform in [0, bound), without bias.
  /// Errors    ArgumentError if bound is 0.
  std::uint64_t below(std::uint64_t bound);
  /// A uniformly random order of 0..n-1 (Fisher-Yates).
  /// Errors    ArgumentError if n < 0.
  std::vector<std::int64_t> permutation(std::int64_t n);

 private:
  RandomState state_;
};

/// The generator for weight initialisation and dropout.
Generator& default_generator();
/// Restarts the default generator with `seed`.
void manual_seed(std::uint64_t seed);

}  // namespace joule
