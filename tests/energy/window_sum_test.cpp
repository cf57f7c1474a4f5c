// SPDX-License-Identifier: MIT
#include "joule/energy/window_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

using test::SimulatedMeter;
using test::SimulatedPower;

constexpr std::int64_t kMs = 1'000'000;

/// A card with a limit, whose counter moves every 100 ms.
MeterInfo card(bool sampled = false) {
  MeterInfo info = SimulatedMeter::usual();
  info.update_period = Seconds(0.1);
  info.limit = Watts(700);
  info.integrates_power = sampled;
  return info;
}

/// A meter of a machine that draws 300 W, and sums of its windows.
struct Card {
  explicit Card(MeterInfo of = card()) : info(std::move(of)), meter(power, info) {}

  WindowSum sum(const Interval& window) const {
    return sum_of(info, window, no_idle_power("-"), "here");
  }
  Measurement whole(const Interval& window) const {
    return energy::measure(info, window, no_idle_power("-"));
  }
  /// So many laps of a window, and the window.
  std::vector<WindowSum> laps(int count) {
    std::vector<WindowSum> all;
    Window window(meter);
    for (int i = 0; i < count; ++i) {
      power.sleep_ns((1000 + 37 * i) * kMs);
      all.push_back(sum(window.lap()));
    }
    last = window.so_far();
    return all;
  }

  MeterInfo info;
  SimulatedPower power{100 * kMs, 300'000};
  SimulatedMeter meter;
  Interval last;
};

WindowSum added(const std::vector<WindowSum>& sums) {
  WindowSum all = sums.front();
  for (std::size_t i = 1; i < sums.size(); ++i) add(all, sums[i]);
  return all;
}

double width(const WindowSum& sum) { return measure(sum).gross.uncertainty()->value(); }

TEST(WindowSums, OfContiguousLapsHaveTwoEdges) {
  for (const bool sampled : {false, true}) {
    Card machine(card(sampled));
    const std::vector<WindowSum> laps = machine.laps(10);
    const WindowSum all = added(laps);
    const Measurement whole = machine.whole(machine.last);
    EXPECT_EQ(measure(all).gross.value(), whole.gross.value());
    EXPECT_EQ(measure(all).gross.uncertainty(), whole.gross.uncertainty());
    if (sampled) continue;
    for (const WindowSum& lap : laps) EXPECT_NEAR(width(lap), 70 + 1e-3, 1e-9) << "of its own";
    EXPECT_NEAR(width(all), 70 + 1e-3, 1e-9);
  }
}

TEST(WindowSums, AGapHasTwoEdgesMore) {
  Card machine;
  std::vector<WindowSum> sums = machine.laps(5);
  machine.power.sleep_ns(100 * kMs);
  std::ranges::copy(machine.laps(5), std::back_inserter(sums));
  EXPECT_NEAR(width(added(sums)), 2 * (70 + 1e-3), 1e-9);
  machine.power.sleep_ns(70 * kMs);  // from 40 ms after it moved: it moves in between
  std::ranges::copy(machine.laps(1), std::back_inserter(sums));
  EXPECT_NEAR(width(added(sums)), 3 * (70 + 1e-3), 1e-9);
}

TEST(WindowSums, AGapInWhichTheCounterStoodStillHasNone) {
  Card machine;
  std::vector<WindowSum> sums = machine.laps(5);  // until 70 ms after it moved
  machine.power.sleep_ns(10 * kMs);
  std::ranges::copy(machine.laps(5), std::back_inserter(sums));
  const WindowSum all = added(sums);
  EXPECT_NEAR(width(all), 700 * (0.1 + 0.01) + 1e-3, 1e-9) << "but what was drawn in it";
  EXPECT_EQ(all.chain->gaps, Seconds(0.01));
  EXPECT_EQ(all.edges, Joules(0));
}

TEST(WindowSums, ThatDoNotFollowOnEachOtherKeepTheirEdges) {
  Card machine;
  const std::vector<WindowSum> laps = machine.laps(4);
  const WindowSum odd = added({laps[0], laps[2]}), even = added({laps[1], laps[3]});
  EXPECT_NEAR(width(odd), 2 * 70 + 2e-3, 1e-9);
  EXPECT_NEAR(width(added({laps[3], laps[2]})), 2 * 70 + 2e-3, 1e-9) << "the order of time";
  EXPECT_NEAR(width(added({odd, laps[3]})), 2 * 70 + 2e-3, 1e-9) << "of which the last two do";
  EXPECT_GE(width(added({odd, even})), 70);
}

TEST(WindowSums, DoubtOfWrapsAddsUpWithinAChain) {
  Card machine;
  Window window(machine.meter);
  machine.power.sleep_ns(1000 * kMs);
  const Interval first = window.lap();
  machine.power.sleep_ns(1000 * kMs);
  Interval second = window.lap();
  second.end.doubt = 5000;  // ticks of 1 mJ
  EXPECT_NEAR(width(added({machine.sum(first), machine.sum(second)})), 70 + 1e-3 + 5, 1e-9);
}

TEST(WindowSums, WithoutAnUpdatePeriodHaveNoBound) {
  MeterInfo info = card();
  info.update_period.reset();
  Card machine(info);
  EXPECT_FALSE(measure(added(machine.laps(3))).gross.uncertainty());
}

TEST(WindowSums, AreMissingWhereTheMeterFailed) {
  Card machine;
  Window window(machine.meter);
  std::vector<WindowSum> sums;
  for (int i = 0; i < 3; ++i) {
    machine.power.sleep_ns(1000 * kMs);
    if (i == 1) machine.meter.reset = "it was reset";
    sums.push_back(machine.sum(window.lap()));
  }
  EXPECT_TRUE(measure(sums[2]).gross.available());
  EXPECT_NE(added(sums).missing.find("here: it was reset"), std::string::npos);
  EXPECT_NEAR(width(added({sums[0], sums[2]})), 2 * (70 + 1e-3), 1e-9) << "a gap in between";
}

}  // namespace
}  // namespace joule::energy
