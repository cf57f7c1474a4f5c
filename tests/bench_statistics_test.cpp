// SPDX-License-Identifier: MIT
#include "bench/statistics.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/op_test.h"

namespace joule::bench {
namespace {

using Kind = Crossover::Kind;

TEST(Spread, OfOneValueIsThatValue) {
  EXPECT_EQ(spread({3.5}), (Spread{3.5, 3.5, 3.5, 3.5, 3.5, 1}));
}

TEST(Spread, OfAnOddNumberHitsValues) {
  // Sorted 1 2 4 8 16: quartiles at positions 1 and 3.
  EXPECT_EQ(spread({16, 1, 8, 2, 4}), (Spread{4, 2, 8, 1, 16, 5}));
}

TEST(Spread, OfAnEvenNumberLiesBetweenValues) {
  // Sorted 1 2 4 8: positions 1.5, 0.75 and 2.25.
  EXPECT_EQ(spread({8, 1, 4, 2}), (Spread{3, 1.75, 5, 1, 8, 4}));
  EXPECT_EQ(spread({1, 2}), (Spread{1.5, 1.25, 1.75, 1, 2, 2}));
}

TEST(Spread, RefusesWhatHasNone) {
  EXPECT_EQ(test::error_of([] { spread({}); }), "spread: there are no values");
  EXPECT_EQ(test::error_of([] {
              spread({1, std::numeric_limits<double>::infinity()});
            }),
            "spread: expected finite values, got inf");
}

TEST(Ratios, AreThoseOfTheSameRound) {
  EXPECT_EQ(ratios({2, 9, 4}, {4, 3, 1}), (std::vector<double>{0.5, 3, 4}));
  EXPECT_EQ(test::error_of([] { ratios({1}, {1, 2}); }), "ratios: 1 values cannot be divided by 2");
}

TEST(Crossover, LiesWhereTheLineBetweenTwoDensitiesMeetsOne) {
  // From .5 at density .25 to 1.5 at .75: one at .5.
  const Crossover middle = crossover({{0.75, 1.5}, {0.25, 0.5}, {1, 2}});
  EXPECT_EQ(middle, (Crossover{Kind::at_density, 0.5}));
  // From .75 to 1.75 over half the range: a quarter of it.
  EXPECT_EQ(crossover({{0.5, 0.75}, {1, 1.75}}), (Crossover{Kind::at_density, 0.625}));
}

TEST(Crossover, IsAtADensityThatTakesTheSameTime) {
  EXPECT_EQ(crossover({{0.25, 0.5}, {0.5, 1}, {1, 3}}), (Crossover{Kind::at_density, 0.5}));
}

TEST(Crossover, EndsAtTheFirstThatIsSlower) {
  // That it is faster at .75 again does not count.
  EXPECT_EQ(crossover({{0.25, 0.5}, {0.5, 1.5}, {0.75, 0.5}, {1, 2}}),
            (Crossover{Kind::at_density, 0.375}));
}

TEST(Crossover, MayBeOutsideOfWhatWasMeasured) {
  EXPECT_EQ(crossover({{0.5, 0.25}, {1, 0.5}}), (Crossover{Kind::always, std::nullopt}));
  EXPECT_EQ(crossover({{0.01, 1.25}, {1, 0.5}}), (Crossover{Kind::never, std::nullopt}));
  EXPECT_EQ(crossover({{0.5, 1}}), (Crossover{Kind::never, std::nullopt}));
}

TEST(Crossover, RefusesNothingAndTheSameTwice) {
  EXPECT_EQ(test::error_of([] { crossover({}); }), "crossover: there are no points");
  EXPECT_EQ(test::error_of([] {
              crossover({{0.5, 0.1}, {0.5, 0.2}});
            }),
            "crossover: the density 0.5 occurs twice");
}

}  // namespace
}  // namespace joule::bench
