// SPDX-License-Identifier: MIT
#include "joule/bench/statistics.h"

#include <gtest/gtest.h>

#include <limits>

#include "joule/tests/support/op_test.h"

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

RelativeTimes at(double density, double ratio) { return {density, {ratio}}; }

TEST(Crossover, LiesWhereTheLineBetweenTwoDensitiesMeetsOne) {
  // From .5 at density .25 to 1.5 at .75: one at .5.
  const Crossover middle = crossover({at(0.75, 1.5), at(0.25, 0.5), at(1, 2)});
  EXPECT_EQ(middle, (Crossover{.kind = Kind::at_density,
                               .density = 0.5,
                               .measured = {1, 0.75, 0.25},
                               .faster = {0.25}}));
  // From .75 to 1.75 over half the range: a quarter of it.
  EXPECT_EQ(crossover({at(0.5, 0.75), at(1, 1.75)}).density, 0.625);
}

TEST(Crossover, IsAtADensityThatTakesTheSameTime) {
  EXPECT_EQ(crossover({at(0.25, 0.5), at(0.5, 1), at(1, 3)}).density, 0.5);
}

TEST(Crossover, TakesTheMedianOfTheRounds) {
  EXPECT_EQ(crossover({{0.25, {0.5, 9, 0.25}}, {0.75, {1.5, 0, 7}}}).density, 0.5);
}

TEST(Crossover, IsNotClaimedWhereItIsFasterAgain) {
  const Crossover turns = crossover({at(0.25, 0.5), at(0.5, 1.5), at(0.75, 0.5), at(1, 2)});
  EXPECT_EQ(turns.kind, Kind::several);
  EXPECT_EQ(turns.density, std::nullopt);
  EXPECT_EQ(turns.faster, (std::vector<double>{0.75, 0.25}));
  EXPECT_EQ(crossover({at(0.01, 1.25), at(1, 0.5)}).kind, Kind::several)
      << "faster without zeros, and not with them";
}

TEST(Crossover, SaysWhatWasMeasuredWhereThereIsNone) {
  EXPECT_EQ(crossover({at(0.5, 0.25), at(1, 0.5)}),
            (Crossover{.kind = Kind::always, .measured = {1, 0.5}, .faster = {1, 0.5}}));
  EXPECT_EQ(crossover({at(0.5, 1)}), (Crossover{.kind = Kind::never, .measured = {0.5}}));
}

TEST(Crossover, HasTheIntervalOfItsRounds) {
  // All rounds alike: the interval is the point.
  const std::vector<double> half(6, 0.5), one_and_a_half(6, 1.5);
  EXPECT_EQ(crossover({{0.25, half}, {0.75, one_and_a_half}}).interval,
            (CrossoverInterval{0.5, 0.5}));
  // The medians of draws from .5 and 1.5 by halves lie on .5, 1 or 1.5 above a ratio of .5.
  const Crossover wide =
      crossover({{0.25, half}, {0.5, {0.5, 0.5, 0.5, 1.5, 1.5, 1.5}}, {1, one_and_a_half}});
  EXPECT_EQ(wide.density, 0.5);
  EXPECT_EQ(wide.interval, (CrossoverInterval{0.375, 0.75}));
  EXPECT_EQ(crossover({{0.25, std::vector(5, 0.5)}, {0.75, std::vector(5, 1.5)}}).interval,
            std::nullopt)
      << "five rounds are too few";
}

TEST(Crossover, AnIntervalEndsOutsideWhereTheRoundsDo) {
  // Nearly half of the rounds are faster at the largest density, too.
  const std::vector<double> doubtful = {0.9, 0.9, 0.9, 0.9, 1.1, 1.1, 1.1, 1.1, 1.1};
  const Crossover found = crossover({{0.5, std::vector(9, 0.5)}, {1, doubtful}});
  EXPECT_EQ(found.kind, Kind::at_density);
  ASSERT_TRUE(found.interval);
  EXPECT_NEAR(*found.interval->lower, 0.5 + 0.5 * 0.5 / 0.6, 1e-12);
  EXPECT_EQ(found.interval->upper, std::nullopt);
}

TEST(Crossover, CoversTheTruthAsOftenAsItSays) {
  // Ratios that rise with the density and scatter by a tenth; their median is 1 at density .5.
  Generator generator(7);
  int covered = 0;
  constexpr int kTrials = 400;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<RelativeTimes> points;
    for (const double density : {0.1, 0.3, 0.6, 1.0}) {
      std::vector<float> noise(15);
      generator.normal(noise, 0, 0.1f);
      points.push_back({density, {}});
      for (const float n : noise) points.back().ratios.push_back(0.5 + density + n);
    }
    const auto interval = crossover(points).interval;
    ASSERT_TRUE(interval);
    covered += interval->lower <= 0.5 && interval->upper >= 0.5;
  }
  EXPECT_GE(covered, 0.93 * kTrials);
  EXPECT_LE(covered, 0.99 * kTrials);
}

TEST(Crossover, RefusesNothingAndTheSameTwice) {
  EXPECT_EQ(test::error_of([] { crossover({}); }), "crossover: there are no points");
  EXPECT_EQ(test::error_of([] {
              crossover({at(0.5, 0.1), at(0.5, 0.2)});
            }),
            "crossover: the density 0.5 occurs twice");
  EXPECT_EQ(test::error_of([] {
              crossover({{0.5, {}}});
            }),
            "crossover: the density 0.5 has no ratios");
  EXPECT_EQ(test::error_of([] { crossover({at(0.5, std::numeric_limits<double>::infinity())}); }),
            "crossover: expected finite ratios, got inf");
}

}  // namespace
}  // namespace joule::bench
