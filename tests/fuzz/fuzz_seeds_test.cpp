// SPDX-License-Identifier: MIT
//
// What libFuzzer begins with (tests/fuzz), and simple mutations of it, in every build.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "joule/tests/fuzz/reader.h"

namespace joule {
namespace {

using fuzz::Reader;

/// One of libFuzzer's simplest: a bit, a byte, a piece left out or there twice, a piece of another
/// seed, the end cut off.
std::string mutated(std::string bytes, const std::vector<std::string>& seeds,
                    std::mt19937& random) {
  const auto below = [&](std::size_t end) { return end ? random() % end : 0; };
  for (std::size_t times = 1 + below(3); times > 0 && !bytes.empty(); --times) {
    const std::size_t at = below(bytes.size()), length = 1 + below(8);
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 1:
        bytes[at] = "\0\xff{}[]\"-9e."[below(11)];
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 4: {
        const std::string& other = seeds[below(seeds.size())];
        bytes.replace(at, length, other, below(other.size()), 4 * length);
        break;
      }
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

void feed(const Reader& reader) {
  std::mt19937 random(1);
  const std::vector<std::string> seeds = reader.seeds();
  for (const std::string& seed : seeds) {
    EXPECT_NO_THROW(reader.read(seed)) << reader.name;
    for (int i = 0; i < 300; ++i) {
      const std::string bytes = mutated(seed, seeds, random);
      EXPECT_NO_THROW(reader.read(bytes)) << reader.name << ": " << testing::PrintToString(bytes);
    }
  }
}

TEST(Fuzz, EveryReaderRefusesOrReads) {
  for (const Reader* const reader : fuzz::readers()) feed(*reader);
}

}  // namespace
}  // namespace joule
