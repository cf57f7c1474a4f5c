// SPDX-License-Identifier: MIT
#include "joule/core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"

namespace joule {
namespace {

using Words = std::array<std::uint32_t, 4>;

TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(philox(0, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox(~0ull, ~0ull, ~0ull), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox(0x299f31d0a4093822ull, 0x85a308d3243f6a88ull, 0x0370734413198a2eull),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Generator, ContinuesFromASavedState) {
  Generator a(7);
  std::vector<float> skipped(5), x(9), y(9);
  a.uniform(skipped);
  Generator b;
  b.set_state(a.state());
  a.normal(x);
  b.normal(y);
  EXPECT_EQ(x, y);
}

TEST(Generator, UniformAndNormalHaveTheirMoments) {
  Generator generator(1);
  std::vector<float> x(100000);
  generator.uniform(x, 2.0f, 4.0f);
  EXPECT_GE(*std::min_element(x.begin(), x.end()), 2.0f);
  EXPECT_LT(*std::max_element(x.begin(), x.end()), 4.0f);
  const auto moments = [&] {
    double mean = 0, square = 0;
    for (const double v : x) mean += v, square += v * v;
    mean /= static_cast<double>(x.size());
    return std::pair(mean, square / static_cast<double>(x.size()) - mean * mean);
  };
  // Six standard errors: a wrong generator misses by far more, a right one never does with this
  // seed.
  EXPECT_NEAR(moments().first, 3.0, 6 * std::sqrt(1.0 / 3 / 1e5));
  generator.normal(x, 1.0f, 2.0f);
  EXPECT_NEAR(moments().first, 1.0, 6 * 2 / std::sqrt(1e5));
  EXPECT_NEAR(moments().second, 4.0, 6 * 4 * std::sqrt(2 / 1e5));
}

TEST(Generator, UniformNeverGivesTheUpperBound) {
  // Between 100 and 101 floats are 2^-17 apart: a draw close to 1 is rounded up.
  std::vector<float> x(1 << 20), unit(x.size());
  Generator(1).uniform(x, 100.0f, 101.0f);
  Generator(1).uniform(unit);
  int rounded_up = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float sum = 100.0f + unit[i];
    rounded_up += sum == 101.0f;
    ASSERT_EQ(x[i], sum == 101.0f ? std::nextafter(101.0f, 0.0f) : sum);
  }
  EXPECT_GT(rounded_up, 0) << "the case does not occur: another seed";
  Generator(1).uniform(unit, 3.0f, 3.0f);
  EXPECT_EQ(std::ranges::count(unit, 3.0f), std::ssize(unit));
}

TEST(Generator, RefusesWhatItCannotDrawFrom) {
  std::vector<float> x(1);
  EXPECT_THROW(Generator(1).uniform(x, 1.0f, 0.0f), ArgumentError);
  EXPECT_THROW(Generator(1).uniform(x, -3e38f, 3e38f), ArgumentError) << "all would be inf or NaN";
  EXPECT_THROW(Generator(1).uniform(x, NAN, 1.0f), ArgumentError);
  EXPECT_THROW(Generator(1).below(0), ArgumentError);
  EXPECT_THROW(Generator(1).permutation(-1), ArgumentError);
}

TEST(Generator, PermutationHoldsEveryIndexOnceAndDependsOnTheSeed) {
  auto order = Generator(3).permutation(1000);
  EXPECT_EQ(order, Generator(3).permutation(1000));
  EXPECT_NE(order, Generator(4).permutation(1000));
  std::sort(order.begin(), order.end());
  for (std::int64_t i = 0; i < 1000; ++i) ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(Generator, BelowReachesEveryValueEvenly) {
  Generator generator(5);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) ++counts[generator.below(6)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 6 * std::sqrt(10000 * 5.0 / 6));
}

TEST(Generator, DrawsAreThoseOfTheCounters) {
  Generator generator(9);
  std::vector<float> x(5);
  generator.uniform(x);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], to_uniform(philox(9, i / 4)[i % 4]));
  EXPECT_EQ(generator.state(), (RandomState{9, 2})) << "a counter that was begun is used up";
  generator.normal(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto words = philox(9, 2 + i / 2);
    const double radius = std::sqrt(-2 * std::log(1.0 - to_uniform(words[0])));
    const double angle = 2 * std::acos(-1.0) * to_uniform(words[1]);
    EXPECT_NEAR(x[i], radius * (i % 2 ? std::sin(angle) : std::cos(angle)), 1e-6);
  }
  EXPECT_EQ(generator.state(), (RandomState{9, 5}));
}

TEST(Generator, BelowHasNoBiasForBoundsThatDoNotDivide) {
  constexpr std::uint64_t kBound = 3ull << 62;  // a remainder alone would double the lowest third
  Generator generator(5);
  int lowest = 0;
  for (int i = 0; i < 3000; ++i) lowest += generator.below(kBound) < kBound / 3;
  EXPECT_NEAR(lowest, 1000, 6 * std::sqrt(3000 * 2.0 / 9));
}

}  // namespace
}  // namespace joule
