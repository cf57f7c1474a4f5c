// SPDX-License-Identifier: MIT
#include "joule/tests/simt/order.h"

#include <cstdlib>
#include <cstring>
#include <numeric>
#include <utility>

namespace joule::simt {

std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

Seed seed_of_environment() {
  const char* const seed = std::getenv("JOULE_SIMT_SEED");
  if (!seed) return {};
  if (std::strcmp(seed, "ascending") == 0) return {.ascending = true};
  return {.number = std::strtoull(seed, nullptr, 10)};
}

void Order::ascend() {
  ascending_ = true;
  for (Permutation& p : permutations_) std::iota(p.begin(), p.end(), std::uint8_t{0});
}

void Order::shuffle(std::uint64_t seed) {
  ascend();
  ascending_ = false;
  state_ = seed;
  for (Permutation& p : permutations_)
    for (unsigned i = 31; i > 0; --i) std::swap(p[i], p[next() % (i + 1)]);
  start_ = state_;
}

Order::Blocks Order::blocks(std::uint64_t n) {
  if (ascending_ || n == 1) return {0, 1};
  const std::uint64_t first = next() % n;
  std::uint64_t stride = next() % n;
  while (std::gcd(stride, n) != 1) stride = (stride + 1) % n;
  return {first, stride};
}

}  // namespace joule::simt
