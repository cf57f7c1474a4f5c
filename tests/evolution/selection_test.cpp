// SPDX-License-Identifier: MIT
#include "joule/evolution/selection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "joule/core/error.h"
#include "joule/search/front/front.h"

namespace joule::evolution {
namespace {

using search::Direction;
using search::Objectives;

TEST(Fittest, WinsAtOnceWhereAllHadTheSameTime) {
  const std::vector<Contender> all{{.id = 4, .fitness = 0.5, .parent = true},
                                   {.id = 5, .fitness = 0.7},
                                   {.id = 6, .fitness = 0.7}};
  EXPECT_EQ(fittest(all), (Choice{.winner = 5}));
  EXPECT_EQ(after_rematches(fittest(all), all), 5);
}

TEST(Fittest, HasToWinAgainAgainstThoseThatHadLessTime) {
  // The winner had three slots: the parent, that had two, and the best of those with one come up.
  std::vector<Contender> all{{.id = 1, .fitness = 0.6, .slots = 2, .parent = true},
                             {.id = 2, .fitness = 0.9, .slots = 3},
                             {.id = 3, .fitness = 0.4},
                             {.id = 4, .fitness = 0.5},
                             {.id = 5, .fitness = 0.8, .slots = 2}};
  const Choice choice = fittest(all);
  EXPECT_EQ(choice, (Choice{.winner = 2, .rematches = {{1, 3}, {4, 3}}}));
  EXPECT_EQ(after_rematches(choice, all), 2);
  all[3].fitness = 0.95;
  EXPECT_EQ(after_rematches(choice, all), 4);
  all[0].fitness = 0.96;
  EXPECT_EQ(after_rematches(choice, all), 1);
  all[3].fitness = 0.9;
  all[0].fitness = 0.9;
  EXPECT_EQ(after_rematches(choice, all), 2) << "a draw is no win";
}

TEST(Fittest, AParentWithTheLeastTimeIsOneOfThose) {
  const std::vector<Contender> all{{.id = 1, .fitness = 0.6, .parent = true},
                                   {.id = 2, .fitness = 0.9, .slots = 2},
                                   {.id = 3, .fitness = 0.4}};
  EXPECT_EQ(fittest(all), (Choice{.winner = 2, .rematches = {{1, 2}}}));
}

TEST(Fittest, IsTheParentOfLongTraining) {
  const std::vector<Contender> all{{.id = 1, .fitness = 0.9, .slots = 2, .parent = true},
                                   {.id = 2, .fitness = 0.8}};
  EXPECT_EQ(fittest(all), (Choice{.winner = 1, .rematches = {{2, 2}}}));
}

TEST(Fittest, RefusesWhatIsNoNumber) {
  EXPECT_THROW(fittest({}), ArgumentError);
  const std::vector<Contender> bad{{.id = 1, .fitness = std::nan("")}};
  EXPECT_THROW(fittest(bad), ArgumentError);
  const std::vector<Contender> twice{{.id = 1}, {.id = 1}};
  EXPECT_THROW(fittest(twice), ArgumentError);
}

std::map<std::size_t, int> drawn(const auto& select, const Objectives& objectives) {
  std::map<std::size_t, int> counts;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    Draws draws(11, i, Purpose::selection);
    ++counts[select(objectives, draws)];
  }
  return counts;
}

// Accuracy to maximise, power to minimise: point 0 has the best accuracy, 1 the least power, 2 is
// nearly as good in both, 3 is worse than 2.
Objectives four() {
  return Objectives({Direction::maximise, Direction::minimise},
                    {{0.95, 80}, {0.80, 50}, {0.94, 55}, {0.90, 60}});
}

TEST(Lexicase, TakesTheBestInTheObjectiveThatIsDrawnFirst) {
  const auto counts = drawn(lexicase, four());
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts.at(0), 1000, 5 * std::sqrt(500));
  EXPECT_NEAR(counts.at(1), 1000, 5 * std::sqrt(500));
}

TEST(Lexicase, DrawsAmongEquals) {
  const Objectives equal({Direction::maximise}, {{1.0}, {1.0}, {0.5}});
  const auto counts = drawn(lexicase, equal);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts.at(0), 1000, 5 * std::sqrt(500));
}

TEST(EpsilonLexicase, KeepsWhatIsWithinTheMedianAbsoluteDeviation) {
  // Accuracies: median 0.92, deviations 0.03 0.12 0.02 0.02, epsilon 0.025: 0 and 2 stay, and of
  // them power keeps those up to 55 + epsilon.  Power: median 57.5, deviations 22.5 7.5 2.5 2.5,
  // epsilon 5: 1 and 2 stay, and of them accuracy keeps 2 alone.
  const auto counts = drawn(epsilon_lexicase, four());
  EXPECT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts.at(2), 2000);
}

TEST(EpsilonLexicase, TheMedianAbsoluteDeviation) {
  EXPECT_DOUBLE_EQ(median_absolute_deviation({1, 1, 2, 2, 4, 6, 9}), 1);
  EXPECT_DOUBLE_EQ(median_absolute_deviation({1, 3}), 1);
  EXPECT_DOUBLE_EQ(median_absolute_deviation({5}), 0);
}

TEST(Nsga2, SurvivorsAreWholeRanksAndTheLeastCrowded) {
  // Rank 0: 0, 1, 2, 3 on a line; rank 1: 4; rank 2: 5.
  const Objectives objectives({Direction::maximise, Direction::minimise},
                              {{0.9, 90}, {0.5, 10}, {0.6, 20}, {0.65, 25}, {0.6, 30}, {0.55, 95}});
  EXPECT_EQ(survivors(objectives, 6), (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(survivors(objectives, 5), (std::vector<std::size_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(survivors(objectives, 4), (std::vector<std::size_t>{0, 1, 2, 3}));
  // The ends first, then 3, whose neighbours are 2 and 0.
  EXPECT_EQ(survivors(objectives, 3), (std::vector<std::size_t>{0, 1, 3}));
  EXPECT_EQ(survivors(objectives, 0), (std::vector<std::size_t>{}));
  EXPECT_THROW(survivors(objectives, 7), ArgumentError);
}

TEST(Nsga2, TournamentsPreferRankThenDistance) {
  const Objectives objectives({Direction::maximise, Direction::minimise},
                              {{0.9, 90}, {0.6, 20}, {0.5, 10}, {0.5, 95}});
  Draws draws(3, 0, Purpose::selection);
  std::map<std::size_t, double> counts;
  constexpr std::size_t kTries = 8000;
  for (const std::size_t parent : tournaments(objectives, kTries, draws)) ++counts[parent];
  // 3 wins only against itself: 1/16.  1 also against 3: 3/16.  The ends share the rest.
  EXPECT_NEAR(counts[3] / kTries, 1.0 / 16, 0.015);
  EXPECT_NEAR(counts[1] / kTries, 3.0 / 16, 0.025);
  EXPECT_NEAR(counts[0] / kTries, 6.0 / 16, 0.03);
  EXPECT_NEAR(counts[2] / kTries, 6.0 / 16, 0.03);
}

}  // namespace
}  // namespace joule::evolution
