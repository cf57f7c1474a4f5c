// SPDX-License-Identifier: MIT
#include "joule/energy/models/call_cost.h"

#include <gtest/gtest.h>

#include <memory>

#include "joule/energy/meters/none.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

using test::error_of;
using test::SimulatedMeter;
using test::SimulatedPower;

constexpr std::int64_t kMs = 1'000'000;

/// A machine of 20 W when idle, and a function of 50 W for 3.7 ms: 185 mJ.
struct Bench {
  SimulatedMeter& add(Domain domain, const std::string& beside = {}) {
    MeterInfo info = SimulatedMeter::usual();
    info.domain = domain;
    info.update_period = Seconds(0.02);
    auto meter = std::make_unique<SimulatedMeter>(power, info);
    SimulatedMeter& added = *meter;
    meters.meters.push_back(std::move(meter));
    meters.beside.push_back(beside);
    return added;
  }
  CallCost cost(const CallOptions& options = {}) {
    return measure(
        [&] {
          power.milliwatts = 50'000;
          power.sleep_ns(3'700'000);
          power.milliwatts = 20'000;
          ++calls;
        },
        meters, options);
  }

  SimulatedPower power{20 * kMs, 20'000};
  RunMeters meters;
  int calls = 0;
};

TEST(CallCost, IsTheEnergyAndTheTimeOfOneCall) {
  Bench bench;
  bench.add(Domain::processors);
  const CallCost cost = bench.cost();
  EXPECT_EQ(cost.energy.quality(), Quality::measured);
  EXPECT_LT(std::abs(cost.energy.value().value() - 0.185), cost.energy.uncertainty()->value());
  EXPECT_LT(cost.energy.uncertainty()->value(), 0.03 * 0.185);
  EXPECT_NEAR(cost.duration.value().value(), 0.0037, 1e-9);
  EXPECT_GT(bench.calls, 5 * 20 * 20 / 3.7) << "five windows of 20 periods of 20 ms";
}

TEST(CallCost, AddsUpTheMetersOfWhatItRunsOn) {
  Bench one, two;
  one.add(Domain::machine);
  two.add(Domain::gpu);
  two.add(Domain::processors);
  two.add(Domain::gpu, "the run computed on another GPU");
  const Figure<Joules> single = one.cost().energy;
  const CallCost cost = two.cost();
  EXPECT_NEAR(cost.energy.value().value(), 2 * 0.185, 0.01);
  EXPECT_NEAR(cost.energy.uncertainty()->value(), 2 * single.uncertainty()->value(), 1e-3);
  EXPECT_EQ(cost.energy.source(), "simulated, everything + simulated, everything");
  EXPECT_NEAR(cost.duration.value().value(), 0.0037, 1e-9);
}

TEST(CallCost, IsNoNumberWithoutAMeter) {
  Bench bench;
  bench.meters = open_run_meters("none", {}, {.clock = &bench.power});
  const CallCost cost = bench.cost();
  EXPECT_FALSE(cost.energy.available());
  EXPECT_EQ(cost.energy.reason(), bench.meters.meters.front()->info().reason);
  EXPECT_NE(error_of([&] { cost.energy.value(); }), "");
  EXPECT_NEAR(cost.duration.value().value(), 0.0037, 1e-9) << "the clock is there";
  ASSERT_TRUE(cost.duration.uncertainty()) << "over the trials";
  EXPECT_NEAR(cost.duration.uncertainty()->value(), 0, 1e-9) << "each call takes as long";
}

TEST(CallCost, IsNoNumberIfOneOfTheMetersFails) {
  Bench bench;
  bench.add(Domain::gpu);
  bench.add(Domain::processors).failure = "the driver went away";
  const CallCost cost = bench.cost();
  EXPECT_FALSE(cost.energy.available());
  EXPECT_NE(cost.energy.reason().find("the driver went away"), std::string::npos);
  EXPECT_TRUE(cost.duration.available());
}

TEST(CallCost, NeedsAFunctionAndAPeriod) {
  Bench bench;
  bench.meters.meters.push_back(std::make_unique<SimulatedMeter>(bench.power));  // not calibrated
  bench.meters.beside.emplace_back();
  EXPECT_EQ(bench.cost().energy.reason(), "it is not known how often the counter moves");
  EXPECT_EQ(error_of([&] { measure(std::function<void()>(), bench.meters); }),
            "measure: there is no function");
}

}  // namespace
}  // namespace joule::energy
