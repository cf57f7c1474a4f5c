// SPDX-License-Identifier: MIT
#include "joule/energy/window.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "joule/energy/json/meter_json.h"
#include "joule/energy/measurement.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

using test::error_of;
using test::SimulatedMeter;
using test::SimulatedPower;

constexpr std::int64_t kMs = 1'000'000;

MeterInfo info_with(std::optional<Seconds> period, double systematic = 0) {
  MeterInfo info = SimulatedMeter::usual();
  info.update_period = period;
  info.systematic = systematic;
  return info;
}

/// `ticks` millijoules in `ns`.
Interval interval_of(std::int64_t ticks, std::int64_t ns,
                     std::optional<std::int64_t> late_ns = {}) {
  Interval i;
  i.begin = {.ticks = 1000, .unit = Joules(1e-3), .monotonic_ns = 7, .late_ns = late_ns};
  i.end = {.ticks = 1000 + ticks, .unit = Joules(1e-3), .monotonic_ns = 7 + ns, .late_ns = late_ns};
  return i;
}

const IdlePower kNoIdle = no_idle_power("not asked for");

TEST(Window, IsWhatTheCounterCountedInBetween) {
  SimulatedPower power(kMs, 5000);
  SimulatedMeter meter(power);
  Window window(meter);
  power.sleep_ns(200 * kMs);
  const Interval whole = window.close();
  EXPECT_EQ(whole.problem(), "");
  EXPECT_EQ(whole.ticks(), 1000);
  EXPECT_EQ(whole.duration(), Seconds(0.2));
}

TEST(Window, NestedWindowsAndLapsAddUpExactly) {
  std::mt19937 random(1);
  const auto below = [&](int bound) { return std::uniform_int_distribution(0, bound - 1)(random); };
  for (int repetition = 0; repetition < 50; ++repetition) {
    SimulatedPower power((1 + below(20)) * kMs, 1);
    SimulatedMeter meter(power);
    power.sleep_ns(below(100) * kMs);
    Window outer(meter);
    std::int64_t laps = 0, nested = 0;
    for (int lap = 0; lap < 10; ++lap) {
      power.milliwatts = below(300'000);
      Window inner(meter);
      power.sleep_ns(below(50) * kMs);
      for (int look = below(3); look > 0; --look) meter.read(Purpose::background);
      nested += inner.close().ticks();
      laps += outer.lap().ticks();
    }
    const Interval whole = outer.close();
    EXPECT_EQ(laps, whole.ticks());
    EXPECT_EQ(nested, whole.ticks());  // nothing was drawn between the inner windows
  }
}

TEST(Window, HowOftenSomebodyElseReadsChangesNothing) {
  std::vector<std::int64_t> ticks;
  for (const int reads : {0, 1, 13}) {
    SimulatedPower power(kMs, 7000);
    SimulatedMeter meter(power);
    Window window(meter);
    for (int part = 0; part < 14; ++part) {
      power.sleep_ns(5 * kMs);
      if (part < reads) meter.read(part % 2 ? Purpose::background : Purpose::window);
    }
    ticks.push_back(window.close().ticks());
  }
  EXPECT_EQ(ticks, (std::vector<std::int64_t>{490, 490, 490}));
}

TEST(Window, AlignedEdgesHoldWholePeriods) {
  SimulatedPower power(100 * kMs, 10'000);
  SimulatedMeter meter(power, info_with(Seconds(0.1)));
  power.sleep_ns(30 * kMs);
  Window window(meter, Edges::aligned);
  power.sleep_ns(510 * kMs);
  const Interval whole = window.close();
  EXPECT_EQ(whole.begin.late_ns, kMs) << "it looks a hundred times a period";
  EXPECT_EQ(whole.end.late_ns, kMs);
  EXPECT_DOUBLE_EQ(whole.duration().value(), 0.6);
  EXPECT_EQ(whole.ticks(), 6000);
}

TEST(Window, IsClosedOnce) {
  SimulatedPower power(kMs, 1000);
  SimulatedMeter meter(power);
  Window window(meter);
  window.close();
  EXPECT_EQ(error_of([&] { window.lap(); }), "window: it is closed");
  EXPECT_EQ(error_of([&] { window.close(); }), "window: it is closed");
}

TEST(Window, AMeterThatDiesMakesItUnavailableAndThrowsNothing) {
  SimulatedPower power(kMs, 1000);
  SimulatedMeter meter(power, info_with(Seconds(0.001)));
  Window window(meter);
  power.sleep_ns(250 * kMs);
  EXPECT_EQ(window.lap().problem(), "");
  meter.failure = "GPU is lost";
  power.sleep_ns(250 * kMs);
  const Interval lap = window.lap();
  EXPECT_EQ(lap.problem(), "GPU is lost, 250 ms after the window began");
  const Interval whole = window.close();
  EXPECT_EQ(whole.problem(), "GPU is lost, 500 ms after the window began");
  EXPECT_EQ(error_of([&] { (void)whole.ticks(); }),
            "the interval has no energy: GPU is lost, 500 ms after the window began");
  Window late(meter);
  power.sleep_ns(kMs);
  EXPECT_EQ(late.close().problem(), "GPU is lost, 0 s after the window began");
  const Measurement m = measure(meter.info(), whole, kNoIdle);
  EXPECT_EQ(str(m.gross),
            "unavailable (simulated, everything: GPU is lost, 500 ms after the window began)");
  EXPECT_FALSE(m.idle.available() || m.dynamic.available() || m.power.available());
  EXPECT_EQ(m.duration.value(), Seconds(0.5)) << "time is known all the same";
}

TEST(Window, AResetInTheMiddleInvalidatesOnlyWhatHoldsIt) {
  SimulatedPower power(kMs, 1000);
  SimulatedMeter meter(power);
  power.sleep_ns(100 * kMs);
  Window outer(meter);
  Window before(meter);
  power.sleep_ns(50 * kMs);
  EXPECT_EQ(before.close().ticks(), 50);
  meter.offset = -140;
  meter.read(
      Purpose::background);  // somebody else sees it; then the counter grows beyond its old value
  power.sleep_ns(500 * kMs);
  Window after(meter);
  power.sleep_ns(50 * kMs);
  EXPECT_EQ(after.close().ticks(), 50);
  const Interval whole = outer.close();
  EXPECT_GT(whole.end.ticks, whole.begin.ticks);
  EXPECT_EQ(whole.problem(),
            "the counter went backwards, from 150 to 10 ticks of 1 mJ (a reset), "
            "50 ms after the window began");
}

/// 10 J were counted in 1 s, and drawn in .9 s at least: a period of that, and a tick.
constexpr double kOpen = 10 / 0.9 * 0.1 + 0.001;

TEST(Measure, GrossIsTicksTimesUnitWithAPeriodOfWhatWasNotCountedYet) {
  const Measurement m = measure(info_with(Seconds(0.1)), interval_of(10'000, 1000 * kMs), kNoIdle);
  EXPECT_EQ(m.gross.quality(), Quality::measured);
  EXPECT_EQ(m.gross.value(), Joules(10));
  EXPECT_NEAR(m.gross.uncertainty()->value(), kOpen, 1e-12);
  EXPECT_EQ(m.power.value(), Watts(10));
  EXPECT_NEAR(m.power.uncertainty()->value(), kOpen, 1e-12);
  EXPECT_EQ(m.duration.value(), Seconds(1));
  EXPECT_EQ(m.gross.source(), "simulated, everything");
  EXPECT_EQ(m.idle.reason(), "no idle power: not asked for");
  EXPECT_EQ(m.dynamic.reason(), "no idle power: not asked for");
}

TEST(Measure, AlignedEdgesLeaveHowLateTheyAre) {
  Interval i = interval_of(10'000, 1000 * kMs, kMs);
  const auto width = [&](const MeterInfo& info) {
    return measure(info, i, kNoIdle).gross.uncertainty()->value();
  };
  EXPECT_NEAR(width(info_with(Seconds(0.1))), 10 / 0.999 * 0.001 + 0.001, 1e-12);
  i.begin.late_ns = 4 * kMs;  // the later one counts: they err to different sides
  EXPECT_NEAR(width(info_with(Seconds(0.1))), 10 / 0.996 * 0.004 + 0.001, 1e-12);
}

TEST(Measure, AtAnEdgeTheLimitMayHaveBeenDrawnOrWhatWasDrawnBefore) {
  Interval i = interval_of(10'000, 1000 * kMs);
  MeterInfo info = info_with(Seconds(0.1));
  const auto width = [&] { return measure(info, i, kNoIdle).gross.uncertainty()->value(); };
  i.begin.most_seen = Watts(90);  // until then
  i.end.most_seen = Watts(50);
  EXPECT_NEAR(width(), 50 * 0.1 + 0.001, 1e-12);
  info.limit = Watts(30);
  EXPECT_NEAR(width(), 30 * 0.1 + 0.001, 1e-12) << "it is known: what was seen is less sure";
  info.limit = Watts(3);
  EXPECT_NEAR(width(), kOpen, 1e-12) << "it was exceeded";
}

TEST(Measure, RemembersTheLargestPowerOfTheWindowsBefore) {
  SimulatedPower power(20 * kMs, 100'000);
  SimulatedMeter meter(power, info_with(Seconds(0.02)));
  Window before(meter);
  power.sleep_ns(1000 * kMs);
  before.close();
  power.milliwatts = 10'000;
  Window window(meter);
  power.sleep_ns(1000 * kMs);
  const Measurement m = measure(meter.info(), window.close(), kNoIdle);
  // 100 W over 1 s, of which a period may have been counted late.
  EXPECT_NEAR(m.gross.uncertainty()->value(), 100 / 0.98 * 0.02 + 0.001, 1e-9);
}

TEST(Measure, TheSystematicShareComesOnTop) {
  const Measurement m =
      measure(info_with(Seconds(0.1), 0.05), interval_of(10'000, 1000 * kMs), kNoIdle);
  EXPECT_NEAR(m.gross.uncertainty()->value(), kOpen + 0.5, 1e-12);
}

TEST(Measure, WithoutAPeriodThereIsNoUncertainty) {
  const Measurement m = measure(info_with({}), interval_of(10'000, 1000 * kMs), kNoIdle);
  EXPECT_EQ(m.gross.value(), Joules(10));
  EXPECT_EQ(m.gross.uncertainty(), std::nullopt);
}

TEST(Measure, SplitsOffWhatWouldHaveBeenDrawnAnyway) {
  const auto idle = Figure<Watts>::measured(Watts(4), Watts(0.2), "simulated");
  const Measurement m = measure(info_with(Seconds(0.1)), interval_of(10'000, 1000 * kMs), idle);
  EXPECT_EQ(m.idle.quality(), Quality::attributed);
  EXPECT_EQ(m.idle.value(), Joules(4));
  EXPECT_EQ(m.idle.uncertainty(), Joules(0.2));
  EXPECT_EQ(m.dynamic.quality(), Quality::attributed);
  EXPECT_EQ(m.dynamic.value(), Joules(6));
  EXPECT_NEAR(m.dynamic.uncertainty()->value(), kOpen + 0.2, 1e-12);
}

TEST(Measure, TheSystematicShareOfTheIdlePowerIsNotCountedTwice) {
  // 4 W +- (0.2 + 5 %): the 5 % is the same factor as in gross, so it counts on the 6 J.
  const auto idle = Figure<Watts>::measured(Watts(4), Watts(0.4), "simulated");
  const Measurement m =
      measure(info_with(Seconds(0.1), 0.05), interval_of(10'000, 1000 * kMs), idle);
  EXPECT_NEAR(m.dynamic.uncertainty()->value(), kOpen + 0.2 + 0.05 * 6, 1e-12);
}

TEST(Measure, AStatedIdlePowerIsModelled) {
  const Measurement m = measure(info_with(Seconds(0.1), 0.05), interval_of(10'000, 1000 * kMs),
                                stated_idle_power(Watts(4)));
  EXPECT_EQ(m.idle.quality(), Quality::modelled);
  EXPECT_EQ(m.idle.source(), "stated idle power");
  EXPECT_EQ(m.dynamic.quality(), Quality::attributed);
  EXPECT_NEAR(m.dynamic.uncertainty()->value(), kOpen + 0.5, 1e-12);
  EXPECT_EQ(error_of([] { stated_idle_power(Watts(-1)); }),
            "idle power: expected a number of watts >= 0, got -1");
}

TEST(Measure, WhatIsBelowTheResolutionIsUnresolvedNever0) {
  const MeterInfo info = info_with(Seconds(0.1));
  const auto reason = [&](const Interval& i) { return measure(info, i, kNoIdle).gross.reason(); };
  EXPECT_EQ(reason(interval_of(0, 5 * kMs)),
            "unresolved: the counter did not move in 5 ms (the counter moves every 100 ms)");
  EXPECT_EQ(reason(interval_of(3000, 60 * kMs)),
            "unresolved: 60 ms is too short (the counter moves every 100 ms)");
  EXPECT_NE(reason(interval_of(3000, 200 * kMs)), "") << "half of it may be of before";
  EXPECT_EQ(reason(interval_of(3000, 210 * kMs)), "");
  EXPECT_EQ(reason(interval_of(3000, 60 * kMs, kMs)), "");
  EXPECT_EQ(reason(interval_of(3, 0)), "no time passed between the readings");
  EXPECT_FALSE(measure(info, interval_of(3, 0), kNoIdle).duration.available());
}

TEST(Measure, ADynamicEnergyWithinItsUncertaintyIsUnresolved) {
  const auto idle = Figure<Watts>::measured(Watts(9.5), Watts(0), "simulated");
  const Measurement m = measure(info_with(Seconds(0.1)), interval_of(10'000, 1000 * kMs), idle);
  EXPECT_TRUE(m.gross.available() && m.idle.available());
  EXPECT_EQ(m.dynamic.reason(),
            "unresolved: 500 mJ above idle is within its uncertainty of 1.112 J");
}

TEST(Measure, ANegativeDynamicEnergyIsAnErrorOfTheIdlePowerNot0) {
  const auto idle = Figure<Watts>::measured(Watts(12), Watts(0), "simulated");
  const Measurement m = measure(info_with(Seconds(0.1)), interval_of(10'000, 1000 * kMs), idle);
  EXPECT_EQ(
      m.dynamic.reason(),
      "the window drew 10 J, less than 12 J when idle: the idle power is not that of this window");
  EXPECT_EQ(m.gross.value(), Joules(10));
}

TEST(Measure, FlagsACounterThatSampledPowerContradicts) {
  Interval i = interval_of(10'000, 1000 * kMs);
  const auto remarks = [&](std::int64_t microjoules, std::int64_t samples) {
    i.begin.integral = {.microjoules = 500, .samples = 3};
    i.end.integral = {.microjoules = 500 + microjoules, .samples = 3 + samples};
    return measure(info_with(Seconds(0.1)), i, kNoIdle).remarks;
  };
  EXPECT_TRUE(remarks(10'900'000, 20).empty());
  EXPECT_TRUE(remarks(9'100'000, 20).empty());
  EXPECT_EQ(
      remarks(12'000'000, 20),
      std::vector<std::string>{"the counter says 10 J, sampled power integrates to 12 J: they "
                               "differ by more than 10 %"});
  EXPECT_EQ(remarks(8'000'000, 20).size(), 1u);
  EXPECT_TRUE(remarks(12'000'000, 19).empty()) << "too few samples to contradict anybody";
}

TEST(Measure, RefusesAnIntervalThatIsTheWrongWayRound) {
  Interval i = interval_of(10, 1000 * kMs);
  std::swap(i.begin, i.end);
  EXPECT_EQ(error_of([&] { measure(info_with({}), i, kNoIdle); }),
            "measure: the end lies 1 s before the beginning");
}

/// A spell of slices of 100 ms that drew so many millijoules each.
Quiet quiet_of(const std::vector<std::int64_t>& millijoules) {
  Quiet quiet;
  std::int64_t ticks = 0;
  for (const std::int64_t slice : millijoules) {
    Interval i = interval_of(slice, 100 * kMs, 0);
    const auto at = std::ssize(quiet.slices);
    i.begin.ticks += ticks;
    i.end.ticks += ticks;
    i.begin.monotonic_ns += at * 100 * kMs;
    i.end.monotonic_ns += at * 100 * kMs;
    ticks += slice;
    quiet.slices.push_back(i);
  }
  return quiet;
}

TEST(IdlePower, OfSpellsWithoutSlicesIsAnotherDrawOfStudentsT) {
  const MeterInfo info = info_with(Seconds(0.001), 0.05);
  const std::vector<Quiet> quiet = {{{interval_of(2000, 1000 * kMs)}},
                                    {{interval_of(8000, 3000 * kMs)}}};
  const IdlePower idle = measured_idle_power(info, quiet);
  EXPECT_EQ(idle.quality(), Quality::measured);
  const double mean = (2 + 8.0 / 3) / 2, apart = 8.0 / 3 - 2;
  EXPECT_DOUBLE_EQ(idle.value().value(), mean);
  // The deviation of two values is their distance over sqrt(2).
  const double drawn = 12.706 * apart / std::sqrt(2) * std::sqrt(1.5);
  const double edges = (2 / 0.999 * 0.001 + 0.001) / 2 + (8 / 2.999 * 0.001 + 0.001) / 3 / 2;
  EXPECT_NEAR(idle.mean.uncertainty()->value(), drawn + 0.05 * mean + edges, 1e-9);
  EXPECT_NEAR(idle.sampling.value(), drawn, 1e-9);
}

TEST(IdlePower, OfOneReadingHasNoIntervalAndNothingIsMadeOfIt) {
  const MeterInfo info = info_with(Seconds(0.1));
  const std::vector<Quiet> once = {{{interval_of(4000, 1000 * kMs)}}};
  const IdlePower idle = measured_idle_power(info, once);
  EXPECT_EQ(idle.value(), Watts(4));
  EXPECT_EQ(idle.mean.uncertainty(), std::nullopt);
  const Measurement m = measure(info, interval_of(10'000, 1000 * kMs), idle);
  EXPECT_EQ(m.idle.value(), Joules(4));
  EXPECT_EQ(m.dynamic.reason(),
            "how much the idle power fluctuates is not known, as it was read as one window");
}

TEST(IdlePower, FluctuatesInTheWindowAsInTheSpell) {
  const MeterInfo info = info_with(Seconds(0.001));
  std::vector<std::int64_t> slices;
  for (int i = 0; i < 40; ++i) slices.push_back(400 + (i * 7 % 11 - 5) * 4);  // no neighbours alike
  const std::vector<Quiet> quiet = {quiet_of(slices)};
  const IdlePower idle = measured_idle_power(info, quiet);
  EXPECT_NEAR(idle.value().value(), 4, 0.05);
  EXPECT_GT(idle.sampling, Watts(0.01));
  EXPECT_GT(idle.noise, 0);
  const double bounds = (*idle.mean.uncertainty() - idle.sampling).value();
  for (const double seconds : {0.5, 4.0, 1e9}) {
    EXPECT_NEAR(idle.half_width(Seconds(seconds))->value(),
                bounds + std::hypot(idle.sampling.value(), idle.noise / std::sqrt(seconds)), 1e-12);
  }
  // A steady one does not.
  const std::vector<Quiet> steady = {quiet_of(std::vector<std::int64_t>(40, 400))};
  EXPECT_NEAR(measured_idle_power(info, steady).half_width(Seconds(1))->value(), 0.001 / 4, 1e-9);
}

TEST(IdlePower, ThatHasChangedBetweenTheSpellsLiesBetweenThem) {
  const MeterInfo info = info_with(Seconds(0.001));
  std::vector<std::int64_t> low, high;
  for (int i = 0; i < 40; ++i) {
    low.push_back(400 + i * 7 % 11 - 5);
    high.push_back(500 + i * 7 % 11 - 5);
  }
  const std::vector<Quiet> quiet = {quiet_of(low), quiet_of(high)};
  const IdlePower idle = measured_idle_power(info, quiet);
  EXPECT_NEAR(idle.value().value(), 4.5, 0.01);
  const double bounds = (*idle.mean.uncertainty() - idle.sampling).value();
  EXPECT_NEAR(bounds, 0.5, 0.05) << "half of their difference";
  EXPECT_TRUE(idle.remark.starts_with("the idle power was 4 W in the first spell and 5 W in"))
      << idle.remark;
  EXPECT_EQ(measure(info, interval_of(10'000, 1000 * kMs), idle).remarks, std::vector{idle.remark});
  const std::vector<Quiet> same = {quiet_of(low), quiet_of(low)};
  EXPECT_EQ(measured_idle_power(info, same).remark, "");
}

TEST(IdlePower, LeavesOutWhatWasNotMeasured) {
  const MeterInfo info = info_with(Seconds(0.001));
  Interval dead = interval_of(1, 1000 * kMs);
  dead.end.status = Status::failed;
  dead.end.reason = "gone";
  dead.end.since_ns = dead.end.monotonic_ns;
  const std::vector<Quiet> quiet = {{{dead}}, {{interval_of(2000, 1000 * kMs)}}};
  EXPECT_EQ(measured_idle_power(info, quiet).value(), Watts(2));
  EXPECT_EQ(measured_idle_power(info, std::vector<Quiet>{{{dead}}}).reason(),
            "gone, 1 s after the window began");
  EXPECT_EQ(measured_idle_power(info, {}).reason(), "it was not measured");
}

TEST(WatchIdle, CutsTheSpellIntoSlicesThatBeginWhenTheCounterMoves) {
  SimulatedPower power(kMs, 4000);
  power.alone = true;
  SimulatedMeter meter(power, info_with(Seconds(0.001)));
  const Quiet quiet = watch_idle(meter, Seconds(5));
  EXPECT_EQ(quiet.slices.size(), 40u);
  for (const Interval& slice : quiet.slices) {
    EXPECT_LE(slice.begin.late_ns.value(), kMs / 100);
    EXPECT_NEAR(slice.duration().value(), 0.125, 0.0015);
  }
  SimulatedPower slow(100 * kMs, 4000);
  slow.alone = true;
  SimulatedMeter card(slow, info_with(Seconds(0.1)));
  for (const Interval& slice : watch_idle(card, Seconds(5)).slices) {
    EXPECT_NEAR(slice.duration().value(), 0.3, 0.1001) << "whole periods";
  }
  const Quiet stopped = watch_idle(meter, Seconds(5), [] { return true; });
  EXPECT_EQ(stopped.slices.size(), 1u);
}

TEST(MeterJson, HasUnitsInItsNamesAndNullForWhatThereIsNot) {
  MeterInfo info = info_with(Seconds(0.1), 0.05);
  info.remarks = {"MIG is on"};
  EXPECT_EQ(
      to_json(info),
      R"({"name":"simulated","scope":"everything","domain":"machine","status":"ok","reason":null,)"
      R"("remedy":null,)"
      R"("joules_per_tick":0.001,"update_period_s":0.1,"systematic":0.05,)"
      R"("quality":"measured","most_watts":null,"limit_watts":null,"band_hz":null,"remarks":["MIG is on"]})");
  EXPECT_EQ(
      to_json(MeterInfo{.name = "rapl", .status = Status::denied, .reason = "r", .remedy = "d"}),
      R"({"name":"rapl","scope":null,"domain":"unknown","status":"denied","reason":"r","remedy":"d",)"
      R"("joules_per_tick":null,"update_period_s":null,"systematic":null,)"
      R"("quality":null,"most_watts":null,"limit_watts":null,"band_hz":null,"remarks":[]})");
  const std::string json = to_json(measure(info, interval_of(0, kMs), kNoIdle));
  EXPECT_NE(json.find(R"("gross":{"value":null,"unit":"J")"), std::string::npos) << json;
}

}  // namespace
}  // namespace joule::energy
