// SPDX-License-Identifier: MIT
#include "joule/energy/models/trials.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>
#include <vector>

#include "joule/energy/meters/replay.h"
#include "joule/energy/models/noisy_series.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

using test::error_of;
using test::SimulatedMeter;
using test::SimulatedPower;

constexpr std::int64_t kMs = 1'000'000;

MeterInfo info_with(Seconds period, double systematic = 0) {
  MeterInfo info = SimulatedMeter::usual();
  info.update_period = period;
  info.systematic = systematic;
  return info;
}

/// A machine of 20 W when idle, and a body of 50 W for 3.7 ms: 185 mJ, of which 111 dynamic.
struct Bench {
  explicit Bench(std::int64_t period_ms = 20, double systematic = 0)
      : power(period_ms * kMs, 20'000),
        meter(power, info_with(Seconds(1e-3 * static_cast<double>(period_ms)), systematic)) {}

  Trials run(const TrialOptions& options = {}, std::int64_t body_us = 3700) {
    return run_trials(
        meter,
        [&, body_us] {
          power.milliwatts = 50'000;
          power.sleep_ns(1000 * body_us);
          power.milliwatts = 20'000;
          ++calls;
        },
        options);
  }

  SimulatedPower power;
  SimulatedMeter meter;
  std::int64_t calls = 0;
};

TEST(Trials, SayWhatACallCosts) {
  Bench bench;
  const Trials trials = bench.run();
  EXPECT_EQ(trials.trials.size(), 8u);
  const Measurement& m = trials.per_call;
  EXPECT_NEAR(m.gross.value().value(), 0.185, 0.002);
  EXPECT_LT(std::abs(m.gross.value().value() - 0.185), m.gross.uncertainty()->value());
  EXPECT_LT(m.gross.uncertainty()->value(), 0.01 * 0.185) << "50 periods leave less than 1 %";
  EXPECT_NEAR(trials.idle_power.value().value(), 20, 0.2);
  EXPECT_NEAR(m.idle.value().value(), 0.074, 0.002);
  EXPECT_NEAR(m.dynamic.value().value(), 0.111, 0.002);
  EXPECT_NEAR(m.duration.value().value(), 0.0037, 0.00004);
  EXPECT_NEAR(m.power.value().value(), 50, 0.5);
  EXPECT_EQ(m.gross.quality(), Quality::measured);
  EXPECT_EQ(m.dynamic.quality(), Quality::attributed);
}

TEST(Trials, HaveWindowsOfWholePeriodsFilledWithTheBody) {
  Bench bench(20);
  const Trials trials = bench.run({.trials = 5, .periods = 20});
  for (const Trials::Trial& trial : trials.trials) {
    EXPECT_TRUE(trial.interval.begin.late_ns && trial.interval.end.late_ns);
    EXPECT_GE(trial.interval.duration(), Seconds(0.4));
    EXPECT_LE(trial.interval.duration(), Seconds(0.4 + 2 * 0.02 + 2 * 0.0037));
    EXPECT_EQ(trial.interval.duration().value(), static_cast<double>(trial.calls) * 0.0037);
  }
  Bench quick(1);
  for (const Trials::Trial& trial : quick.run({}, 100).trials) {
    EXPECT_GE(trial.interval.duration(), Seconds(0.05)) << "50 periods of 1 ms";
  }
}

TEST(Trials, ABodyLongerThanAPeriodIsNotAligned) {
  Bench bench(20);
  const Trials trials = bench.run({.trials = 5}, 130'000);
  for (const Trials::Trial& trial : trials.trials) {
    EXPECT_FALSE(trial.interval.begin.late_ns || trial.interval.end.late_ns);
  }
  const double error = std::abs(trials.per_call.gross.value().value() - 50 * 0.13);
  EXPECT_LE(error, trials.per_call.gross.uncertainty()->value());
}

TEST(Trials, MeetTheCounterAtAnotherPhaseEachTimeTheSameForASeed) {
  const auto begins = [](std::uint64_t seed) {
    Bench bench;
    std::vector<std::int64_t> all;
    for (const auto& trial : bench.run({.seed = seed}).trials) {
      all.push_back(trial.interval.begin.monotonic_ns);
    }
    return all;
  };
  const auto first = begins(1);
  EXPECT_EQ(first, begins(1));
  EXPECT_NE(first, begins(2));
  std::set<std::int64_t> phases;
  for (const std::int64_t ns : first) phases.insert(ns % (20 * kMs));
  EXPECT_GE(phases.size(), 7u);
}

TEST(Trials, TheIntervalKnowsThatTrialsResembleTheirNeighbours) {
  // Trials of 1, 2, 3, 4 and 5 W: the mean is 3, the standard deviation sqrt(2.5), t is 2.776.
  SimulatedPower power(kMs, 0);
  SimulatedMeter meter(power, info_with(Seconds(0.001), 0.05));
  std::int64_t started = 0, last = 0;
  const Trials trials = run_trials(meter,
                                   [&] {
                                     // A pause longer than the body's rhythm: the random phase
                                     // before a trial.
                                     if (power.now_ns() != last) ++started;
                                     power.milliwatts =
                                         1'000'000 * std::min<std::int64_t>(started, 5);
                                     power.sleep_ns(100'000);
                                     last = power.now_ns();
                                   },
                                   {.trials = 5});
  ASSERT_EQ(started, 5);
  const double mean = 3 * 0.1, half = 2.776 * std::sqrt(2.5 / 5) * 0.1;
  EXPECT_NEAR(trials.per_call.gross.value().value(), mean, 0.01);
  const double width = trials.per_call.gross.uncertainty()->value() - 0.05 * mean;
  EXPECT_GT(width, 1.2 * half) << "Student's t takes them for independent";
  const std::vector<std::vector<double>> joules = {{0.1, 0.2, 0.3, 0.4, 0.5}};
  EXPECT_NEAR(width, NoisyLevel(joules).half_width(), 0.02);
}

TEST(Trials, RepeatingDoesNotReduceTheSystematicShare) {
  Bench bench(20, 0.05);
  const Trials trials = bench.run();
  EXPECT_GE(trials.per_call.gross.uncertainty()->value(), 0.05 * 0.185);
  EXPECT_GE(trials.per_call.dynamic.uncertainty()->value(), 0.05 * 0.111);
  EXPECT_LE(trials.per_call.dynamic.uncertainty()->value(), 0.08 * 0.111);
}

TEST(Trials, OfAMeterThatCannotBeReadDoNotRunTheBody) {
  Bench bench;
  bench.meter.give_up(Status::denied, "root-only", "be root");
  const Trials trials = bench.run();
  EXPECT_EQ(bench.calls, 0);
  EXPECT_EQ(trials.per_call.gross.reason(), "root-only");
  EXPECT_EQ(trials.idle_power.reason(), "root-only");
}

TEST(Trials, OfAMeterThatDiesEndThere) {
  Bench bench;
  int calls = 0;
  const Trials trials = run_trials(bench.meter, [&] {
    if (++calls == 1000) bench.meter.failure = "GPU is lost";
    bench.power.sleep_ns(kMs);
  });
  EXPECT_LT(trials.trials.size(), 8u);
  EXPECT_NE(trials.per_call.gross.reason().find("GPU is lost, "), std::string::npos);
}

TEST(Trials, WhatTheBodyThrowsComesThrough) {
  Bench bench;
  EXPECT_THROW(run_trials(bench.meter, [] { throw std::runtime_error("x"); }), std::runtime_error);
}

TEST(Trials, RefuseTooFewOrTooShort) {
  Bench bench;
  EXPECT_EQ(error_of([&] { bench.run({.trials = 4}); }), "trials: expected at least 5, got 4");
  EXPECT_EQ(error_of([&] { bench.run({.periods = 19}); }),
            "trials: expected windows of 20 to 50 update periods, got 19");
  EXPECT_EQ(error_of([&] { bench.run({.periods = 51}); }),
            "trials: expected windows of 20 to 50 update periods, got 51");
  SimulatedMeter uncalibrated(bench.power);
  EXPECT_EQ(error_of([&] { run_trials(uncalibrated, [] {}); }),
            "trials: the meter simulated does not know its update period; calibrate() it first");
  const auto replay = replay_meter(
      R"({"joule_trace":1,"meter":"rapl","scope":"s","joules_per_tick":1,"systematic":0,)"
      R"("update_period_s":0.001})",
      "t");
  EXPECT_EQ(
      error_of([&] { run_trials(*replay, [] {}); }),
      "trials: time stands still for the meter replay of rapl, so that no body can run in it");
}

TEST(StudentT, HoldsNinetyFivePercent) {
  for (std::int64_t degrees = 1; degrees <= 30; ++degrees) {
    const double n = static_cast<double>(degrees), t = student_t95(degrees);
    const double scale =
        std::exp(std::lgamma((n + 1) / 2) - std::lgamma(n / 2)) / std::sqrt(n * std::numbers::pi);
    const int steps = 20'000;
    double inside = 0;
    for (int i = 0; i < steps; ++i) {
      const double x = t * (i + 0.5) / steps;
      inside += 2 * t / steps * scale * std::pow(1 + x * x / n, -(n + 1) / 2);
    }
    EXPECT_NEAR(inside, 0.95, 5e-5) << degrees;
  }
  EXPECT_EQ(student_t95(1000), student_t95(30));
  EXPECT_EQ(error_of([] { student_t95(0); }),
            "student_t95: expected at least 1 degree of freedom, got 0");
}

}  // namespace
}  // namespace joule::energy
