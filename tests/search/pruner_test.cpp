// SPDX-License-Identifier: MIT
#include "joule/search/pruners/pruner.h"

#include <gtest/gtest.h>

#include <limits>

#include "joule/core/error.h"

namespace joule::search {
namespace {

constexpr auto kMaximise = Direction::maximise;

Curve curve(std::int64_t number, std::map<std::int64_t, double> values, bool complete = true) {
  return {.number = number, .complete = complete, .values = std::move(values)};
}

std::string refusal(const PrunerSettings& settings) {
  try {
    check(settings);
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "";
}

TEST(Pruner, MedianGoesByTheCompleteTrialsAtThatStep) {
  const PrunerSettings median{.name = "median", .startup_trials = 3, .warmup_steps = 2};
  std::vector<Curve> others{curve(0, {{1, 10}, {2, 50}, {3, 60}}),
                            curve(1, {{1, 10}, {2, 60}, {3, 70}}),
                            curve(2, {{1, 10}, {2, 70}, {3, 80}})};
  EXPECT_TRUE(prune(median, kMaximise, curve(3, {{1, 5}, {2, 59}}, false), others));
  EXPECT_FALSE(prune(median, kMaximise, curve(3, {{1, 5}, {2, 60}}, false), others));
  EXPECT_FALSE(prune(median, kMaximise, curve(3, {{1, 65}, {2, 0}}, false), others));  // its best
  EXPECT_FALSE(prune(median, kMaximise, curve(3, {{1, 5}}, false), others));           // warm-up
  EXPECT_TRUE(prune(median, Direction::minimise, curve(3, {{1, 70}, {2, 61}}, false), others));
  // Of an even number the mean of the two in the middle; what is not complete does not count.
  others.push_back(curve(4, {{1, 10}, {2, 61}}));
  others.push_back(curve(5, {{1, 10}, {2, 100}}, false));
  EXPECT_TRUE(prune(median, kMaximise, curve(3, {{2, 60.4}}, false), others));
  EXPECT_FALSE(prune(median, kMaximise, curve(3, {{2, 60.6}}, false), others));
  // Before enough are complete.
  others.resize(2);
  EXPECT_FALSE(prune(median, kMaximise, curve(3, {{1, 5}, {2, 0}}, false), others));
}

TEST(Pruner, HyperbandHalvesInBrackets) {
  const PrunerSettings hyperband{.name = "hyperband", .most_steps = 9};
  EXPECT_EQ(bracket_count(hyperband), 3);  // 1, 3, 9
  // Of 9, 5 and 3 shares.
  std::vector<std::int64_t> count(3);
  for (std::int64_t i = 0; i < 17000; ++i)
    ++count[static_cast<std::size_t>(bracket_of(hyperband, i))];
  EXPECT_NEAR(static_cast<double>(count[0]), 9000, 400);
  EXPECT_NEAR(static_cast<double>(count[1]), 5000, 400);
  EXPECT_NEAR(static_cast<double>(count[2]), 3000, 400);
  // Seven trials of the first bracket: of the n that have come to a rung the best floor(n / 3).
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; numbers.size() < 7; ++i) {
    if (bracket_of(hyperband, i) == 0) numbers.push_back(i);
  }
  std::vector<Curve> others;
  for (std::size_t i = 0; i < 6; ++i) {
    others.push_back(curve(numbers[i], {{1, static_cast<double>(i)}}, false));
  }
  EXPECT_TRUE(prune(hyperband, kMaximise, curve(numbers[6], {{1, 3.5}}, false), others));
  EXPECT_FALSE(prune(hyperband, kMaximise, curve(numbers[6], {{1, 4.5}}, false), others));
  const std::vector<Curve> two(others.begin(), others.begin() + 2);  // of three the best alone
  EXPECT_TRUE(prune(hyperband, kMaximise, curve(numbers[6], {{1, 0.5}}, false), two));
  EXPECT_FALSE(prune(hyperband, kMaximise, curve(numbers[6], {{1, 1.5}}, false), two));
  // Between two rungs nothing is decided, and the first to come to one goes on.
  EXPECT_FALSE(prune(hyperband, kMaximise, curve(numbers[6], {{1, 9}, {2, 0}}, false), others));
  EXPECT_FALSE(
      prune(hyperband, kMaximise, curve(numbers[6], {{1, 9}, {2, 0}, {3, 0}}, false), others));
  // One of another bracket is no rival.
  std::int64_t other = 0;
  while (bracket_of(hyperband, other) != 1) ++other;
  EXPECT_FALSE(prune(hyperband, kMaximise, curve(other, {{1, -1}}, false), others));
}

TEST(Pruner, RefusesWhatItCannotGoBy) {
  EXPECT_EQ(refusal({.name = "halving"}),
            "pruner: expected one of none, median, hyperband, got 'halving'");
  EXPECT_EQ(refusal({.startup_trials = -1}),
            "pruner: startup_trials: must not be negative, got -1");
  EXPECT_EQ(refusal({.warmup_steps = 0}), "pruner: warmup_steps: expected at least 1, got 0");
  EXPECT_NE(refusal({.most_steps = 0}), "");
  EXPECT_NE(refusal({.reduction = 1}), "");
  EXPECT_THROW(prune({}, kMaximise, curve(0, {}), {}), ArgumentError);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(prune({.name = "median"}, kMaximise, curve(0, {{1, nan}}), {}), ArgumentError);
}

}  // namespace
}  // namespace joule::search
