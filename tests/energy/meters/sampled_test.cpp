// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <numbers>

#include "joule/energy/measurement.h"
#include "joule/energy/meters/sensors/power_sum.h"
#include "joule/energy/window_sum.h"

namespace joule::energy {
namespace {

const MeterInfo kCounter{.name = "rapl",
                         .domain = Domain::processors,
                         .unit = Joules(1e-6),
                         .update_period = Seconds(0.001)},
    kSensor{.name = "hwmon",
            .domain = Domain::gpu,
            .unit = Joules(1e-6),
            .update_period = Seconds(0.1),
            .most = Watts(50),
            .integrates_power = true,
            .samples_moments = true};

Interval interval(std::int64_t joules, double seconds, std::int64_t doubt = 0) {
  Interval i;
  i.end.ticks = joules * 1'000'000;
  i.end.monotonic_ns = static_cast<std::int64_t>(1e9 * seconds);
  i.end.doubt = doubt;
  return i;
}

TEST(Sampled, PowerSumIsExact) {
  PowerSum sum;
  sum.add(1, 0);
  for (std::int64_t i = 1; i <= 2'000'000; ++i) sum.add(1, i * 500);  // 1 uW for a second
  EXPECT_EQ(sum.integral().microjoules, 1);
  EXPECT_EQ(sum.integral().samples, 2'000'001);
  PowerSum large;
  large.add(100'000'000'000, 0);
  large.add(100'000'000'000, 20'000'000'000);  // 100 kW for 20 s
  EXPECT_EQ(large.integral().microjoules, 2'000'000'000'000);
}

TEST(Sampled, AliasingIsBoundedByLimitAndBand) {
  EXPECT_EQ(kCounter.aliasing(Watts(10)), Watts(0));
  EXPECT_EQ(kSensor.aliasing(Watts(10)), Watts(40)) << "it may have been 50 W in between";
  EXPECT_EQ(kSensor.aliasing(Watts(40)), Watts(40)) << "or nothing";
  MeterInfo info = kSensor;
  info.band_hz = 0.1;
  const double turns = 2 * std::numbers::pi * 0.1 * 0.1;
  EXPECT_NEAR(info.aliasing(Watts(10))->value(), turns * turns / 12 * 25, 1e-12);
  info.band_hz = 1000;
  EXPECT_EQ(info.aliasing(Watts(10)), Watts(40)) << "never more than whatever";
  info.most.reset();
  EXPECT_EQ(info.aliasing(Watts(10)), std::nullopt);
  info.samples_moments = false;
  EXPECT_EQ(info.aliasing(Watts(10)), Watts(0));
}

/// The trapezoid rule on a sine of the highest frequency, at the worst phase, keeps to the bound.
TEST(Sampled, TheBoundOfTheBandHolds) {
  MeterInfo info = kSensor;
  info.band_hz = 2;
  double worst = 0;
  for (int phase = 0; phase < 100; ++phase) {
    const auto power = [&](double t) {
      return 25 + 25 * std::sin(2 * std::numbers::pi * (2 * t + phase / 100.0));
    };
    double sum = 0, truth = 0;
    for (int i = 0; i < 3; ++i) sum += 0.1 * (power(0.1 * i) + power(0.1 * (i + 1))) / 2;
    for (int i = 0; i < 3000; ++i) truth += 1e-4 * power(1e-4 * (i + 0.5));
    worst = std::max(worst, std::abs(sum - truth) / 0.3);
  }
  const double bound = info.aliasing(Watts(25))->value();
  EXPECT_LE(worst, bound);
  EXPECT_GT(worst, 0.2 * bound) << "and is not idle";
}

TEST(Sampled, ASumOfCountedAndSampledIsSampled) {
  const auto idle = no_idle_power("-");
  const WindowSum counted = sum_of(kCounter, interval(100, 10), idle, "here");
  const WindowSum sampled = sum_of(kSensor, interval(200, 10), idle, "here");
  EXPECT_EQ(measure(counted).gross.quality(), Quality::measured);
  const Measurement m = measure(sampled);
  EXPECT_EQ(m.gross.quality(), Quality::sampled);
  EXPECT_NEAR(m.gross.uncertainty()->value(), 4 * 0.1 * 20 + 1e-6 + 30 * 10, 1e-9)
      << "edges, and 30 W that it may have missed";
  EXPECT_EQ(m.gross.uncertainty(), measure(kSensor, interval(200, 10), idle).gross.uncertainty());
  const EnergySplit both = total(std::vector{counted, sampled});
  EXPECT_EQ(both.gross.quality(), Quality::sampled);
  EXPECT_EQ(both.gross.value(), Joules(300));
  MeterInfo unbounded = kSensor;
  unbounded.most.reset();
  EXPECT_EQ(measure(sum_of(unbounded, interval(200, 10), idle, "here")).gross.uncertainty(),
            std::nullopt);
}

TEST(Sampled, ADoubtfulWrapWidensTheInterval) {
  const auto idle = no_idle_power("-");
  const Interval sure = interval(1000, 100), unsure = interval(1000, 100, 250'000'000);
  const auto width = [&](const Interval& i) {
    return measure(kCounter, i, idle).gross.uncertainty()->value();
  };
  EXPECT_NEAR(width(unsure) - width(sure), 250, 1e-9);
  EXPECT_NEAR(measure(sum_of(kCounter, unsure, idle, "-")).gross.uncertainty()->value(),
              width(unsure), 1e-9);
}

}  // namespace
}  // namespace joule::energy
