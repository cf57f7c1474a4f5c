// SPDX-License-Identifier: MIT
#include "joule/energy/meter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "joule/energy/machine.h"
#include "joule/energy/meters/none.h"
#include "joule/energy/models/calibration.h"
#include "joule/energy/sampler.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

using test::SimulatedMeter;
using test::SimulatedPower;

constexpr std::int64_t kMs = 1'000'000;

TEST(Meter, ReadsTicksUnitAndTime) {
  SimulatedPower power(kMs, 2000);
  SimulatedMeter meter(power);
  const Reading before = meter.read();
  power.sleep_ns(50 * kMs);
  const Reading after = meter.read();
  EXPECT_EQ(after.status, Status::ok);
  EXPECT_EQ(after.ticks - before.ticks, 100);  // 2 W for 50 ms, in mJ
  EXPECT_EQ(after.unit, Joules(1e-3));
  EXPECT_EQ(after.monotonic_ns - before.monotonic_ns, 50 * kMs);
}

TEST(Meter, TheTimeOfASlowReadingIsItsMiddle) {
  class Slow final : public Meter {
   public:
    using Meter::Meter;
    Sample sample(Purpose) override {
      clock().sleep_ns(10 * kMs);
      return {.ticks = 1};
    }
  };
  SimulatedPower power(kMs, 1000);
  Slow meter({.name = "slow"}, power);
  const std::int64_t start = power.now_ns();
  EXPECT_EQ(meter.read().monotonic_ns, start + 5 * kMs);
}

/// Fails as often as it is told to.
class Faulty final : public Meter {
 public:
  Faulty(SimulatedPower& power, Meter::Retry retry)
      : Meter(SimulatedMeter::usual(), power), power_(power), retry_(retry) {}
  using Meter::Retry;

  int failures = 0, samples = 0;

 private:
  Sample sample(Purpose) override {
    ++samples;
    if (failures-- > 0) return {.failure = "Input/output error", .retry = retry_};
    return {.ticks = power_.shown() / 1'000'000'000};
  }
  SimulatedPower& power_;
  Retry retry_;
};

TEST(Meter, AFailedReadingIsTakenAgainAndLosesNothing) {
  SimulatedPower power(kMs, 1000);
  Faulty meter(power, Faulty::Retry::soon);
  const Reading before = meter.read();
  power.sleep_ns(50 * kMs);
  meter.failures = 1;
  const Reading after = meter.read();
  EXPECT_EQ(after.status, Status::ok) << after.reason;
  EXPECT_EQ(after.monotonic_ns - before.monotonic_ns, 51 * kMs) << "a millisecond later";
  EXPECT_EQ(after.ticks - before.ticks, 51);
  EXPECT_EQ(after.resets, before.resets);
}

TEST(Meter, AnOutageIsAFailureAndTheCounterGoesOnBehindIt) {
  SimulatedPower power(kMs, 1000);
  Faulty meter(power, Faulty::Retry::soon);
  const Reading before = meter.read();
  meter.failures = 1000;
  const Reading failed = meter.read();
  EXPECT_EQ(failed.status, Status::failed);
  EXPECT_EQ(failed.reason, "Input/output error");
  EXPECT_EQ(failed.since_ns, power.now_ns());
  const int asked = meter.samples;
  EXPECT_GT(asked, 5);
  power.sleep_ns(4 * kMs);
  const Reading again = meter.read();
  EXPECT_EQ(again.since_ns, failed.since_ns) << "it is the same outage";
  EXPECT_EQ(meter.samples, asked + 1) << "which is not waited for twice";
  meter.failures = 0;
  const Reading after = meter.read();
  EXPECT_EQ(after.status, Status::ok);
  EXPECT_EQ(after.resets, before.resets);
  EXPECT_EQ(after.ticks - before.ticks, (power.now_ns() - before.monotonic_ns) / kMs);
  meter.failures = 1;
  EXPECT_EQ(meter.read(Purpose::background).status, Status::failed) << "no thread waits";
}

TEST(Meter, OneThatWillNotAnswerAnyMoreIsDead) {
  SimulatedPower power(kMs, 1000);
  Faulty meter(power, Faulty::Retry::never);
  meter.read();
  power.sleep_ns(3 * kMs);
  meter.failures = 1;
  const Reading dead = meter.read();
  EXPECT_EQ(dead.reason, "Input/output error");
  power.sleep_ns(4 * kMs);
  const Reading later = meter.read();
  EXPECT_EQ(later.status, Status::failed);
  EXPECT_EQ(later.since_ns, dead.since_ns);
  EXPECT_EQ(later.monotonic_ns, power.now_ns());
  EXPECT_EQ(meter.samples, 2) << "a dead counter is not asked again";
}

TEST(Meter, AJumpThatNoPowerExplainsHasLostItsPlace) {
  SimulatedPower power(kMs, 1000);
  MeterInfo info = SimulatedMeter::usual();
  info.most = Watts(10);
  info.update_period = Seconds(0.1);
  SimulatedMeter meter(power, info);
  meter.read();
  power.sleep_ns(1000 * kMs);
  meter.offset = 11'000 - 1;  // 1 J was drawn; 10 W for 1.2 s are allowed
  EXPECT_EQ(meter.read().resets, 0);
  power.sleep_ns(1000 * kMs);
  meter.offset += 12'000;
  const Reading jumped = meter.read();
  EXPECT_EQ(jumped.resets, 1);
  EXPECT_EQ(jumped.reason,
            "the counter jumped by 13 J in 1 s: more than the 10 W that can be drawn");
}

TEST(Meter, ASuspendHasLostItsPlace) {
  struct Laptop final : Clock {
    std::int64_t now_ns() override { return now; }
    void sleep_ns(std::int64_t ns) override { now += ns; }
    std::int64_t suspended_ns() override { return suspended; }
    std::int64_t now = 0, suspended = 7'000'000'000;  // before there was a meter
  } laptop;
  class Steady final : public Meter {
   public:
    using Meter::Meter;
    Sample sample(Purpose) override { return {.ticks = clock().now_ns()}; }
  } meter({.name = "steady"}, laptop);
  meter.read();
  laptop.now += 5;
  EXPECT_EQ(meter.read().resets, 0);
  laptop.now += 5;
  laptop.suspended += 3'600'000'000'000;
  const Reading woken = meter.read();
  EXPECT_EQ(woken.resets, 1);
  EXPECT_EQ(woken.reason,
            "the machine was suspended for 3.6 ks, in which counters stop or start anew");
  EXPECT_EQ(meter.read().resets, 1);
}

TEST(Clock, TheSystemsTellsHowLongItWasSuspended) {
  const std::int64_t before = monotonic_clock().suspended_ns();
  EXPECT_GE(before, -1'000'000);
  EXPECT_NEAR(static_cast<double>(monotonic_clock().suspended_ns() - before), 0, 5e7);
}

TEST(Meter, ACounterThatGoesBackwardsHasLostItsPlaceButLives) {
  SimulatedPower power(kMs, 1000);
  SimulatedMeter meter(power);
  power.sleep_ns(20 * kMs);
  EXPECT_EQ(meter.read().resets, 0);
  meter.offset = -15;
  const Reading reset = meter.read();
  EXPECT_EQ(reset.status, Status::ok);
  EXPECT_EQ(reset.resets, 1);
  EXPECT_EQ(reset.reason, "the counter went backwards, from 20 to 5 ticks of 1 mJ (a reset)");
  power.sleep_ns(5 * kMs);
  EXPECT_EQ(meter.read().resets, 1);
  EXPECT_EQ(meter.read().since_ns, reset.since_ns);
}

TEST(Meter, OneThatCannotBeReadSaysWhy) {
  SimulatedPower power(kMs, 1000);
  const Machine machine{.clock = &power};
  const auto meter = unreadable_meter(machine, "rapl", Status::denied, "root-only", "be root");
  EXPECT_FALSE(meter->available());
  const Reading reading = meter->read();
  EXPECT_EQ(reading.status, Status::denied);
  EXPECT_EQ(reading.reason, "root-only");
  EXPECT_EQ(meter->keep_sampled(), nullptr);
  EXPECT_EQ(name(no_meter(machine)->read().status), "off");
}

TEST(Meter, AnObserverSeesEveryReadingInOrder) {
  SimulatedPower power(kMs, 1000);
  SimulatedMeter meter(power);
  std::vector<std::pair<std::int64_t, Purpose>> seen;
  meter.observe([&](const Reading& r, Purpose purpose) { seen.emplace_back(r.ticks, purpose); });
  meter.read();
  power.sleep_ns(kMs);
  meter.read(Purpose::background);
  const std::vector<std::pair<std::int64_t, Purpose>> expected = {{0, Purpose::window},
                                                                  {1, Purpose::background}};
  EXPECT_EQ(seen, expected);
  meter.observe(nullptr);
  meter.read();
  EXPECT_EQ(seen.size(), 2u);
}

TEST(Calibration, IsTheMedianTimeBetweenChanges) {
  for (const std::int64_t period : {kMs, 20 * kMs, 100 * kMs}) {
    SimulatedPower power(period, 50'000);
    std::vector<std::unique_ptr<Meter>> meters;
    meters.push_back(std::make_unique<SimulatedMeter>(power));
    calibrate(meters);
    ASSERT_TRUE(meters[0]->info().update_period);
    EXPECT_NEAR(meters[0]->info().update_period->value(), 1e-9 * static_cast<double>(period),
                2.1e-5);
  }
}

TEST(Calibration, GivesUpACounterThatStandsStill) {
  SimulatedPower power(kMs, 0);
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(std::make_unique<SimulatedMeter>(power));
  const std::int64_t start = power.now_ns();
  calibrate(meters);
  EXPECT_NEAR(static_cast<double>(power.now_ns() - start), 2e9, 1e6);
  const Reading reading = meters[0]->read();
  EXPECT_EQ(reading.status, Status::failed);
  EXPECT_EQ(reading.reason, "the counter does not move (it was watched for 2 s)");
  EXPECT_NE(meters[0]->info().remedy, "");
}

TEST(Calibration, WatchesLongerWhatMovesSeldom) {
  for (const std::int64_t period : {500 * kMs, 4000 * kMs}) {
    SimulatedPower power(period, 50'000);
    power.sleep_ns((2 * period - power.now_ns() % period - 100 * kMs) % period);
    std::vector<std::unique_ptr<Meter>> meters;
    meters.push_back(std::make_unique<SimulatedMeter>(power));
    const std::int64_t start = power.now_ns();
    calibrate(meters);
    ASSERT_TRUE(meters[0]->available()) << meters[0]->info().reason;
    EXPECT_NEAR(meters[0]->info().update_period->value(), 1e-9 * static_cast<double>(period),
                2.1e-4);
    EXPECT_EQ(meters[0]->info().remarks.size(), period > 500 * kMs ? 1u : 0u);
    EXPECT_LE(power.now_ns() - start, 10'001 * kMs);
  }
}

TEST(Calibration, GivesUpACounterThatDies) {
  SimulatedPower power(kMs, 1000);
  auto meter = std::make_unique<SimulatedMeter>(power);
  meter->failure = "gone";
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(std::move(meter));
  calibrate(meters);
  EXPECT_EQ(meters[0]->info().status, Status::failed);
  EXPECT_EQ(meters[0]->info().reason, "gone");
}

TEST(Calibration, LeavesAloneWhatKnowsItsPeriod) {
  SimulatedPower power(kMs, 1000);
  std::vector<std::unique_ptr<Meter>> meters;
  MeterInfo info = SimulatedMeter::usual();
  info.update_period = Seconds(7);
  auto meter = std::make_unique<SimulatedMeter>(power, info);
  const SimulatedMeter& simulated = *meter;
  meters.push_back(std::move(meter));
  calibrate(meters);
  EXPECT_EQ(simulated.info().update_period, Seconds(7));
  EXPECT_EQ(simulated.samples, 0);
}

TEST(NextTick, IsTheFirstReadingAfterTheCounterMoved) {
  SimulatedPower power(100 * kMs, 50'000);
  MeterInfo info = SimulatedMeter::usual();
  info.update_period = Seconds(0.1);
  SimulatedMeter meter(power, info);
  power.sleep_ns(130 * kMs);
  const Reading tick = next_tick(meter);
  EXPECT_EQ(tick.late_ns, kMs);
  EXPECT_EQ(tick.ticks, 10'000);                  // 50 W for 200 ms
  EXPECT_EQ(tick.monotonic_ns % (100 * kMs), 0);  // polled every millisecond
}

TEST(NextTick, GivesUpAfterTenPeriodsAndOnAFailure) {
  SimulatedPower power(kMs, 0);
  MeterInfo info = SimulatedMeter::usual();
  info.update_period = Seconds(0.001);
  SimulatedMeter meter(power, info);
  const std::int64_t start = power.now_ns();
  EXPECT_FALSE(next_tick(meter).late_ns);
  EXPECT_EQ(power.now_ns() - start, 10 * kMs);
  meter.failure = "gone";
  const Reading dead = next_tick(meter);
  EXPECT_FALSE(dead.late_ns);
  EXPECT_EQ(dead.reason, "gone");
}

TEST(Sampler, ReadsInTheBackgroundWhileSomebodyHoldsIt) {
  SimulatedPower power(kMs, 1000);
  MeterInfo info = SimulatedMeter::usual();
  info.sample_period = Seconds(0.001);
  SimulatedMeter meter(power, info);
  std::atomic<int> background = 0;
  meter.observe([&](const Reading&, Purpose purpose) {
    if (purpose == Purpose::background) ++background;
  });
  auto first = meter.keep_sampled();
  auto second = meter.keep_sampled();
  EXPECT_EQ(first, second) << "one thread is enough";
  first.reset();
  while (background < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  second.reset();
  const int when_stopped = background;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(background, when_stopped);
}

TEST(Sampler, TakesNoSignals) {
  SimulatedPower power(kMs, 1000);
  SimulatedMeter meter(power);
  std::atomic<int> read = 0, blocked = 0;  // the thread goes on while they are compared
  meter.observe([&](const Reading&, Purpose) {
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    if (sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1) ++blocked;
    ++read;
  });
  {
    const Sampler sampler(meter, Seconds(0.001));
    while (read < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(blocked, read) << "signals are for the other threads";
  sigset_t mine;
  pthread_sigmask(SIG_BLOCK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGINT), 0) << "and leaves its maker's mask alone";
}

TEST(Sampler, RefusesABadPeriod) {
  SimulatedPower power(kMs, 1000);
  SimulatedMeter meter(power);
  EXPECT_EQ(test::error_of([&] { Sampler(meter, Seconds(0)); }),
            "sampler: expected a positive period, got 0 s");
}

TEST(Machine, ReadsFilesAndSaysWhyNot) {
  const test::TemporaryFolder folder;
  const std::string long_text(10'000, 'x');
  EXPECT_EQ(read_whole_file(test::write(folder / "file", long_text)).text, long_text);
  EXPECT_EQ(read_whole_file(folder / "nowhere").error, ENOENT);
  EXPECT_EQ(read_whole_file(folder.path().string()).error, EISDIR);
}

TEST(Machine, OpensCountersOfTheKernel) {
  constexpr std::uint32_t kSoftware = 1, kNoSuchType = 0x7fffffff;
  constexpr std::uint64_t kCpuClock = 0;  // nanoseconds
  EXPECT_NE(open_perf_counter(kNoSuchType, 0, 0).error, 0);
  const KernelCounter counter = open_perf_counter(kSoftware, kCpuClock, 0);
  if (counter.error) GTEST_SKIP() << "perf_event_open: " << std::strerror(counter.error);
  const auto before = counter.read();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto after = counter.read();
  EXPECT_EQ(after.error, 0);
  EXPECT_GE(after.ticks - before.ticks, 4'000'000u);
}

}  // namespace
}  // namespace joule::energy
