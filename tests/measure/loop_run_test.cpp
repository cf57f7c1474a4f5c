// SPDX-License-Identifier: MIT
#include "joule/measure/loop_run.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "joule/layers/functions.h"
#include "joule/tests/support/noisy_machine.h"
#include "joule/tests/support/op_test.h"

namespace joule::measure {
namespace {

using energy::Watts;
using test::error_of;
using test::NoisyMachine;
using test::NoisyMeter;

constexpr std::int64_t kMs = 1'000'000;

/// A machine that idles at 20 W, and operations that draw more on simulated time.
struct Bench {
  NoisyMachine machine{{.idle_w = 20}, {.period_ns = 20 * kMs}, 1};
  NoisyMeter meter{machine};

  std::function<void()> operation(double watts, std::int64_t us) {
    return [this, watts, us] {
      relu(Tensor({4}));
      const auto before = std::exchange(machine.load, [watts](std::int64_t) { return watts; });
      machine.sleep_ns(1000 * us);
      machine.load = before;
    };
  }
};

double joules_of(const Bench& bench, const energy::Looped& one) {
  const energy::Figure<Watts> idle = energy::Figure<Watts>::measured(Watts(20), Watts(0), "idle");
  const auto cost = energy::cost_of_call(bench.meter.info(), one.trials, idle);
  EXPECT_LT(cost.dynamic.uncertainty()->value(), 0.02 * cost.dynamic.value().value());
  return cost.dynamic.value().value();
}

TEST(Loops, EachOperationByItselfInLongWindowsAfterAPause) {
  Bench bench;
  const std::vector bodies{bench.operation(50, 3700), std::function<void()>([] {}),
                           bench.operation(10, 8000)};
  const auto looped = run_loops(bodies, {.level = Watts(21)}, bench.meter);
  ASSERT_TRUE(looped);
  ASSERT_EQ(looped->size(), 2u) << "what runs no operation is passed over";
  for (const energy::Looped& one : *looped) {
    EXPECT_EQ(one.lines.size(), 1u);
    EXPECT_EQ(one.pauses.size(), 1u);
    EXPECT_TRUE(one.rested);
    EXPECT_EQ(one.trials.size(), 5u);
    for (const auto& [interval, calls] : one.trials) {
      EXPECT_EQ(calls, one.trials.front().calls);
      EXPECT_GE(interval.duration(), energy::Seconds(1)) << "50 periods";
      EXPECT_LE(interval.duration(), energy::Seconds(1.1));
    }
  }
  EXPECT_NEAR(joules_of(bench, (*looped)[0]), 0.185, 0.002);
  EXPECT_NEAR(joules_of(bench, (*looped)[1]), 0.08, 0.001);
}

TEST(Loops, WaitUntilThePowerIsDown) {
  Bench bench;
  const std::int64_t until = bench.machine.now_ns() + 1700 * kMs;
  bench.machine.load = [until](std::int64_t ns) { return ns < until ? 15.0 : 0.0; };
  const std::vector bodies{bench.operation(50, 3700)};
  const auto looped = run_loops(bodies, {.level = Watts(21)}, bench.meter);
  ASSERT_TRUE(looped);
  EXPECT_TRUE(looped->front().rested);
  EXPECT_GE(looped->front().pauses.size(), 3u);
  EXPECT_LE(looped->front().pauses.size(), 5u);
  const auto never = run_loops(bodies, {.pauses = 4, .level = Watts(19)}, bench.meter);
  EXPECT_FALSE(never->front().rested);
  EXPECT_EQ(never->front().pauses.size(), 4u);
  EXPECT_EQ(never->front().trials.size(), 5u) << "and go on";
}

TEST(Loops, TakeTheCallsOfARecording) {
  Bench bench;
  const std::vector bodies{bench.operation(50, 3700), bench.operation(10, 8000)};
  const auto looped = run_loops(bodies, {.level = Watts(21), .calls = {300, 200}}, bench.meter);
  EXPECT_EQ((*looped)[0].trials[4].calls, 300);
  EXPECT_EQ((*looped)[1].trials[0].calls, 200);
  EXPECT_EQ(
      error_of([&] { run_loops(bodies, {.level = Watts(21), .calls = {300}}, bench.meter); }),
      "loops: the recording has 1 loops, and this net has 2 operations that run by themselves");
}

TEST(Loops, EndWhenTheyAreStopped) {
  Bench bench;
  const std::vector bodies{bench.operation(50, 3700)};
  int asked = 0;
  const auto stop = [&] { return ++asked > 3; };
  EXPECT_FALSE(run_loops(bodies, {.level = Watts(21), .stop = stop}, bench.meter));
  EXPECT_EQ(asked, 4);
}

}  // namespace
}  // namespace joule::measure
