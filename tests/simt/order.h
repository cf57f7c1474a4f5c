// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

namespace joule::simt {

/// The next number of the sequence.
///
/// Source    Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".
std::uint64_t next_random(std::uint64_t& state);

/// JOULE_SIMT_SEED: a number, or "ascending"; 0 without it.
struct Seed {
  std::uint64_t number = 0;
  bool ascending = false;
};
Seed seed_of_environment();

/// In which order threads and blocks take their turns: shuffled by a seed, or ascending.
///
/// Warps take turns in a shuffled order, and in each the lanes.  Both are drawn from 64
/// permutations of 32 numbers, which is as good for finding races and much cheaper than shuffling
/// anew.
class Order {
 public:
  explicit Order(std::uint64_t seed) { shuffle(seed); }

  void shuffle(std::uint64_t seed);
  void ascend();
  /// Starts the sequence again, so that a launch does not depend on those before it.
  void restart() { state_ = start_; }

  /// Calls visit(t) for each t < threads.
  template <class Visit>
  void for_each_thread(unsigned threads, Visit visit) {
    const Permutation& warps = draw();
    for (const unsigned warp : warps) {
      if (warp * 32 >= threads) continue;
      for (const unsigned lane : draw())
        if (warp * 32 + lane < threads) visit(warp * 32 + lane);
    }
  }

  /// The next one of 64 permutations.
  using Permutation = std::array<std::uint8_t, 32>;
  const Permutation& draw() { return permutations_[next() >> 58]; }

  /// Block k of n is number (first + k stride) mod n.
  struct Blocks {
    std::uint64_t first, stride;
  };
  Blocks blocks(std::uint64_t n);

 private:
  std::uint64_t next() { return next_random(state_); }

  std::array<Permutation, 64> permutations_;
  std::uint64_t start_ = 0;
  std::uint64_t state_ = 0;
  bool ascending_ = false;
};

}  // namespace joule::simt
