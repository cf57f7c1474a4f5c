// SPDX-License-Identifier: MIT
#include "energy/meters/nvml.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "energy/calibration.h"
#include "energy/measurement.h"
#include "energy/window.h"
#include "tests/fake_nvml.h"
#include "tests/op_test.h"
#include "tests/simulated_power.h"

namespace joule::energy {
namespace {

using test::error_of;
using test::FakeNvml;

constexpr std::int64_t kMs = 1'000'000;

/// Holds the fake library open, so that its state outlives the meters.
class Nvml : public testing::Test {
 protected:
  Nvml() : library_(dlopen(FAKE_NVML, RTLD_NOW | RTLD_LOCAL)) {
    if (!library_) throw std::runtime_error(dlerror());
    fake = reinterpret_cast<FakeNvml* (*)()>(dlsym(library_, "fake_nvml"))();
    *fake = FakeNvml();
    machine.nvml = FAKE_NVML;
    machine.clock = &clock;
  }
  ~Nvml() override { dlclose(library_); }

  std::unique_ptr<Meter> only(const std::string& device) {
    auto meters = open_nvml(machine, device);
    EXPECT_EQ(meters.size(), 1u);
    return std::move(meters.front());
  }
  std::string why() { return open_nvml(machine).front()->info().reason; }
  /// Time passes in steps of `step_ms`, and the GPU draws `watts` and says so.
  void run(Meter& meter, std::int64_t ms, unsigned watts, double sensor = 1, int step_ms = 20) {
    fake->milliwatts[1] = static_cast<unsigned>(1000 * watts * sensor);
    for (; ms > 0; ms -= step_ms) {
      clock.sleep_ns(step_ms * kMs);
      fake->millijoules[1] += static_cast<std::uint64_t>(watts) * step_ms;
      meter.read(Purpose::background);
    }
  }

  FakeNvml* fake;
  test::SimulatedPower clock{kMs, 0};
  Machine machine;

 private:
  void* library_;
};

constexpr const char* kId = "0000:65:00.0";

TEST_F(Nvml, HasAMeterPerGpuWhoseScopeIsTheWholeCard) {
  const auto meters = open_nvml(machine);
  ASSERT_EQ(meters.size(), 2u);
  EXPECT_EQ(meters[0]->info().scope, "GPU 00000000:17:00.0 Fake 0 (whole card)");
  EXPECT_EQ(meters[1]->info().scope, "GPU 00000000:65:00.0 Fake 1 (whole card)");
  EXPECT_EQ(meters[0]->info().unit, Joules(1e-3)) << "the counter is in millijoules";
  EXPECT_EQ(meters[0]->info().systematic, 0.05);
  fake->millijoules[0] = 5;
  fake->millijoules[1] = 7;
  EXPECT_EQ(meters[0]->read().ticks, 5);
  EXPECT_EQ(meters[1]->read().ticks, 7);
}

TEST_F(Nvml, FindsAGpuByBusIdOrUuidNeverByNumber) {
  fake->millijoules[1] = 42;
  EXPECT_EQ(only(kId)->read().ticks, 42);
  EXPECT_EQ(only("GPU-22222222-2222")->read().ticks, 42);
  EXPECT_EQ(only("0000:99:00.0")->info().reason, "GPU 0000:99:00.0: Not Found");
  EXPECT_EQ(only("0000:99:00.0")->info().status, Status::absent);
  EXPECT_EQ(
      error_of([&] { open_nvml(machine, "1"); }),
      "nvml: expected a PCI bus id (0000:65:00.0) or a UUID (GPU-...), got the number 1: NVML "
      "and CUDA number devices differently");
}

TEST_F(Nvml, CudaVisibleDevicesIsNotItsBusiness) {
  for (const char* visible : {"", "1", "GPU-22222222-2222", "MIG-GPU-1/2/3", "nonsense"}) {
    setenv("CUDA_VISIBLE_DEVICES", visible, 1);
    EXPECT_EQ(open_nvml(machine).size(), 2u) << visible;
  }
  unsetenv("CUDA_VISIBLE_DEVICES");
}

TEST_F(Nvml, SaysDriverAndPowerLimitIfItKnows) {
  EXPECT_EQ(only("0000:17:00.0")->info().remarks, std::vector<std::string>{});
  fake->driver = "550.54.15";
  fake->limit_milliwatts = 350'000;
  EXPECT_EQ(only("0000:17:00.0")->info().remarks,
            (std::vector<std::string>{"driver 550.54.15", "power limit 350 W"}));
}

TEST_F(Nvml, MigIsStillTheWholeCard) {
  fake->mig_code = 0;
  fake->mig[1] = 1;
  const auto meters = open_nvml(machine);
  EXPECT_TRUE(meters[0]->info().remarks.empty());
  EXPECT_EQ(meters[1]->info().remarks,
            std::vector<std::string>{
                "MIG is on: the counter is the whole card's, with what other instances do"});
  EXPECT_NE(meters[1]->info().scope.find("(whole card)"), std::string::npos);
}

TEST_F(Nvml, ACounterInStepsIsCalibratedAndMeasuresToItsPeriod) {
  // 20 ms steps of 300 W: what a quantised counter shows to a window of 990 ms is 49 or 50 of them.
  struct Stepping final : Clock {
    explicit Stepping(FakeNvml& fake) : fake(fake) {}
    std::int64_t now_ns() override { return now; }
    void sleep_ns(std::int64_t ns) override {
      now += ns;
      fake.millijoules[1] = static_cast<std::uint64_t>(now / (20 * kMs) * 20 * 300);
    }
    FakeNvml& fake;
    std::int64_t now = 0;
  } stepping(*fake);
  machine.clock = &stepping;
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(only(kId));
  calibrate(meters);
  EXPECT_NEAR(meters[0]->info().update_period->value(), 0.020, 2.1e-5);
  Window window(*meters[0]);
  stepping.sleep_ns(990 * kMs);
  const Measurement m = measure(meters[0]->info(), window.close(), no_idle_power("-"));
  EXPECT_NEAR(m.gross.value().value(), 297, 6);
  EXPECT_NEAR(m.gross.uncertainty()->value(), 6 + 0.05 * 297, 0.5);
}

TEST_F(Nvml, ADriverResetInvalidatesTheWindowWithItsReason) {
  fake->millijoules[1] = 5000;
  const auto meter = only(kId);
  Window window(*meter);
  clock.sleep_ns(3000 * kMs);
  fake->millijoules[1] = 20;
  EXPECT_EQ(window.close().problem(),
            "the counter went backwards, from 5000 to 20 ticks of 1 mJ (a reset), 3 s after the "
            "window began");
  Window after(*meter);
  fake->millijoules[1] = 70;
  EXPECT_EQ(after.close().ticks(), 50);
}

TEST_F(Nvml, AGpuThatIsLostThrowsNothing) {
  const auto meter = only(kId);
  Window window(*meter);
  clock.sleep_ns(700 * kMs);
  fake->energy_code[1] = 15;
  EXPECT_EQ(window.close().problem(),
            "nvmlDeviceGetTotalEnergyConsumption: GPU is lost, 700 ms after the window began");
}

TEST_F(Nvml, OneBadGpuDoesNotHideTheOthers) {
  fake->device_code[0] = 15;
  const auto meters = open_nvml(machine);
  ASSERT_EQ(meters.size(), 2u);
  EXPECT_EQ(meters[0]->info().status, Status::failed);
  EXPECT_EQ(meters[0]->info().reason, "nvmlDeviceGetName: GPU is lost");
  EXPECT_TRUE(meters[1]->available());
}

TEST_F(Nvml, WhatCannotBeReadSaysWhy) {
  fake->energy_code[0] = 3;
  EXPECT_EQ(open_nvml(machine)[0]->info().status, Status::absent) << "older than Volta";
  EXPECT_EQ(why(), "nvmlDeviceGetTotalEnergyConsumption: Not Supported");
  fake->energy_code[0] = 4;
  EXPECT_EQ(open_nvml(machine)[0]->info().status, Status::denied);
  fake->count = 0;
  EXPECT_EQ(why(), "the driver knows no GPU");
  fake->init_code = 9;
  EXPECT_EQ(why(), "nvmlInit_v2: Driver Not Loaded");
  EXPECT_EQ(open_nvml(machine)[0]->info().status, Status::absent);
  machine.nvml = "/nowhere/libnvidia-ml.so.1";
  EXPECT_NE(why().find("/nowhere/libnvidia-ml.so.1: cannot open"), std::string::npos);
  machine.nvml = FAKE_NVML_OLD;
  EXPECT_EQ(why(), std::string(FAKE_NVML_OLD) +
                       " has no nvmlDeviceGetTotalEnergyConsumption: the driver is too old");
  EXPECT_NE(open_nvml(machine)[0]->info().remedy.find("Volta"), std::string::npos);
}

TEST_F(Nvml, ASlowStartIsNoPartOfAWindow) {
  fake->init_ms = 300;
  fake->millijoules[1] = 1000;
  machine.clock = &monotonic_clock();
  const auto meter = only(kId);
  Window window(*meter);
  fake->millijoules[1] = 1005;
  const Interval whole = window.close();
  EXPECT_LT(whole.duration(), Seconds(0.3));
  EXPECT_EQ(whole.ticks(), 5);
}

TEST_F(Nvml, IsShutDownWithItsLastMeter) {
  {
    auto meters = open_nvml(machine);
    meters.pop_back();
    EXPECT_EQ(fake->shutdowns, 0);
  }
  EXPECT_EQ(fake->inits, 1);
  EXPECT_EQ(fake->shutdowns, 1);
}

TEST_F(Nvml, ChecksTheCounterAgainstTheSensor) {
  for (const double sensor : {1.0, 1.3}) {
    const auto meter = only(kId);
    run(*meter, 500, 300, sensor);
    Window window(*meter);
    run(*meter, 3000, 300, sensor);
    const Measurement m = measure(meter->info(), window.close(), no_idle_power("-"));
    EXPECT_EQ(m.gross.value(), Joules(900)) << "the counter is what counts";
    if (sensor == 1.0) {
      EXPECT_TRUE(m.remarks.empty());
    } else {
      EXPECT_EQ(m.remarks, std::vector<std::string>{
                               "the counter says 900 J, sampled power integrates to 1.17 kJ: they "
                               "differ by more than 10 %"});
    }
  }
  EXPECT_EQ(only(kId)->info().sample_period, Seconds(0.1)) << "so it is sampled in the background";
}

TEST_F(Nvml, TheIntegralFollowsAPowerThatChanges) {
  const auto meter = only(kId);
  fake->milliwatts[1] = 100'000;
  const Reading begin = meter->read();
  fake->milliwatts[1] = 300'000;
  clock.sleep_ns(60 * kMs);
  const Reading end = meter->read();  // 200 W on average for 60 ms
  EXPECT_EQ(end.integral->microjoules - begin.integral->microjoules, 12'000'000);
  clock.sleep_ns(10 * kMs);
  EXPECT_EQ(meter->read().integral->samples, 2) << "the sensor is not asked more than it knows";
}

TEST_F(Nvml, WithoutTheSensorThereIsNoCheck) {
  fake->power_code = 3;  // NVML before 12.2: the call succeeds, the field does not
  const auto meter = only(kId);
  run(*meter, 200, 300);
  EXPECT_EQ(meter->read().integral, std::nullopt);
  EXPECT_EQ(meter->read().status, Status::ok);
  EXPECT_EQ(fake->power_reads, 1) << "and it is not asked again";
}

}  // namespace
}  // namespace joule::energy
