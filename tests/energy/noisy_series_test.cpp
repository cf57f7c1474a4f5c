// SPDX-License-Identifier: MIT
#include "joule/energy/models/noisy_series.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "joule/energy/models/trials.h"
#include "joule/tests/support/op_test.h"

namespace joule::energy {
namespace {

using test::error_of;

/// Of deviation 1 around 100, with the autocorrelation rho^lag.
std::vector<double> series(int n, double rho, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values;
  double level = normal(random);
  for (int i = 0; i < n; ++i) {
    values.push_back(100 + level);
    level = rho * level + std::sqrt(1 - rho * rho) * normal(random);
  }
  return values;
}

NoisyLevel level_of(const std::vector<double>& values) { return NoisyLevel({&values, 1}); }

double student_half_width(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return student_t95(std::ssize(values) - 1) * std::sqrt(squares / (n - 1) / n);
}

TEST(NoisyLevel, OfWhiteNoiseIsNearlyStudentsInterval) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto values = series(60, 0, seed);
    const double ratio = level_of(values).half_width() / student_half_width(values);
    EXPECT_GT(ratio, 0.97) << seed;
    EXPECT_LT(ratio, 2) << seed;
  }
}

TEST(NoisyLevel, OfCorrelatedNoiseIsAsWideAsItsFewIndependentValues) {
  double ratio = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto values = series(200, 0.9, seed);
    ratio += level_of(values).half_width() / student_half_width(values) / 20;
  }
  // The variance of the mean is (1 + rho) / (1 - rho) times that of independent values.
  EXPECT_NEAR(ratio, std::sqrt(19), 1.5);
}

TEST(NoisyLevel, OfTheSameValuesIsExact) {
  const NoisyLevel level = level_of(std::vector<double>(10, 42.5));
  EXPECT_EQ(level.mean(), 42.5);
  EXPECT_LT(level.half_width(), 1e-11);
  EXPECT_EQ(level.drift(), 0);
}

TEST(NoisyLevel, AMeanOfFewValuesToComeIsLessSureThanTheLevel) {
  const NoisyLevel level = level_of(series(40, 0.5, 1));
  EXPECT_GT(level.half_width_of_mean(5), level.half_width_of_mean(50));
  EXPECT_GT(level.half_width_of_mean(50), level.half_width());
  EXPECT_NEAR(level.half_width_of_mean(1e9), level.half_width(), 1e-4);
}

TEST(NoisyLevel, OfRecordsThatAreApartHasADrift) {
  std::vector<std::vector<double>> records = {series(40, 0, 1), series(40, 0, 2)};
  EXPECT_EQ(NoisyLevel(records).drift(), 0);
  for (double& value : records[1]) value += 10;
  EXPECT_NEAR(NoisyLevel(records).drift(), 5, 0.6);
  EXPECT_NEAR(NoisyLevel(records).mean(), 105, 0.5);
}

TEST(NoisyLevel, RefusesWhatSaysNothing) {
  EXPECT_EQ(error_of([] { level_of({1, 2}); }), "noisy level: expected at least 3 values, got 2");
  const std::vector<std::vector<double>> none;
  EXPECT_EQ(error_of([&] { NoisyLevel level(none); }), "noisy level: there is no record");
}

TEST(SeriesSums, OfPartsAreThoseOfTheWhole) {
  const auto values = series(50, 0.7, 3);
  SeriesSums whole, parts, part;
  double sum = 0, squares = 0, lagged = 0, timed = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    whole += SeriesSums(values[i]);
    part += SeriesSums(values[i]);
    if (i == 0 || i == 6 || i == 20) parts += std::exchange(part, {});
    const double y = values[i] - values[0];
    sum += y;
    squares += y * y;
    timed += static_cast<double>(i) * y;
    if (i > 0) lagged += y * (values[i - 1] - values[0]);
  }
  parts += part;
  for (const SeriesSums& s : {whole, parts}) {
    EXPECT_EQ(s.values, 50);
    EXPECT_EQ(s.origin, values.front());
    EXPECT_NEAR(s.last, values.back() - values.front(), 1e-12);
    EXPECT_NEAR(s.sum, sum, 1e-9);
    EXPECT_NEAR(s.squares, squares, 1e-9);
    EXPECT_NEAR(s.lagged, lagged, 1e-9);
    EXPECT_NEAR(s.timed, timed, 1e-7);
  }
}

TEST(PredictSum, GoesOnAlongTheLine) {
  SeriesSums line;
  for (int i = 0; i < 10; ++i) line += SeriesSums(3 + 0.5 * i);
  const Interval95 next = predict_sum(line, 10);
  EXPECT_NEAR(next.value, 10 * 3 + 0.5 * 145, 1e-3);
  EXPECT_LT(next.half_width, 1e-3);
  SeriesSums same;
  for (int i = 0; i < 3; ++i) same += SeriesSums(7);
  EXPECT_EQ(predict_sum(same, 4).value, 28);
  EXPECT_EQ(predict_sum(same, 4).half_width, 0);
}

TEST(PredictSum, IsThatOfLeastSquaresWhereTheNoiseIsWhite) {
  // The line of ordinary least squares is not far off, as white noise gives rho = 0 most weight.
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto values = series(80, 0, seed);
    SeriesSums sums;
    double sum = 0, timed = 0, times = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sums += SeriesSums(values[i]);
      const double t = static_cast<double>(i) - 39.5;
      sum += values[i];
      timed += t * values[i];
      times += t * t;
    }
    const double line = 20 * (sum / 80 + timed / times * (39.5 + 10.5));
    const Interval95 next = predict_sum(sums, 20);
    EXPECT_NEAR(next.value, line, next.half_width / 2) << seed;
    EXPECT_LT(next.half_width, 0.02 * line) << seed;
  }
}

TEST(PredictSum, RefusesTooFew) {
  SeriesSums two(1);
  two += SeriesSums(2);
  EXPECT_EQ(error_of([&] { predict_sum(two, 1); }),
            "prediction: expected at least 3 values and one to come, got 2 and 1");
}

}  // namespace
}  // namespace joule::energy
