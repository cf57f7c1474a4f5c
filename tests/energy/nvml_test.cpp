// SPDX-License-Identifier: MIT
#include "joule/energy/meters/gpu/nvml.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>

#include "joule/energy/measurement.h"
#include "joule/energy/meters/recorder.h"
#include "joule/energy/meters/replay.h"
#include "joule/energy/models/calibration.h"
#include "joule/energy/window.h"
#include "joule/tests/support/fakes/fake_nvml.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"

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
  machine.gpu = "0000:99:00.0";  // nobody named it: CUDA has it, and NVML has not
  EXPECT_EQ(why(), "GPU 0000:99:00.0: Not Found");
  EXPECT_EQ(open_nvml(machine).front()->info().status, Status::absent);
  EXPECT_EQ(
      error_of([&] { open_nvml(machine, "1"); }),
      "nvml: expected a PCI bus id (0000:65:00.0) or a UUID (GPU-..., MIG-...), got the number "
      "1: NVML and CUDA number devices differently");
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
  EXPECT_EQ(meters[1]->info().scope,
            "GPU 00000000:65:00.0 Fake 1 (whole card, shared with other MIG instances)");
}

TEST_F(Nvml, AnInstanceIsMeasuredByItsCard) {
  fake->mig_code = 0;
  fake->mig[1] = 1;
  fake->millijoules[1] = 42;
  const auto meter = only("MIG-33333333-3333");
  EXPECT_EQ(meter->read().ticks, 42);
  EXPECT_EQ(meter->info().scope,
            "GPU 00000000:65:00.0 Fake 1 (whole card, shared with other MIG instances)");
  machine.gpu = "MIG-33333333-3333";
  EXPECT_EQ(only({})->read().ticks, 42);
  fake->instances = false;
  EXPECT_EQ(why(), "GPU MIG-33333333-3333: Not Found");
  for (const char* unknown : {"MIG-33333333-3333", "MIG-4", "GPU-4", "0000:99:00.0"}) {
    EXPECT_EQ(
        error_of([&] { open_nvml(machine, unknown); }),
        str("nvml: the driver knows no GPU ", unknown, "; joule info lists those that it knows"));
  }
}

/// A clock on which the sensor of the second GPU shows every 20 ms what it draws then: `watts`,
/// and a milliwatt more in every other period.
struct Sensor final : Clock {
  explicit Sensor(FakeNvml& fake) : fake(fake) {
    fake.energy_code[0] = fake.energy_code[1] = 3;
    fake.power_code = 3;
    fake.architecture = 4;
    sleep_ns(0);
  }
  std::int64_t now_ns() override { return now; }
  void sleep_ns(std::int64_t ns) override {
    now += ns;
    fake.milliwatts[1] = static_cast<unsigned>(1000 * watts + (steady ? 0 : now / (20 * kMs) % 2));
  }
  FakeNvml& fake;
  std::int64_t now = 5'000 * kMs;
  unsigned watts = 100;
  bool steady = false;
};

TEST_F(Nvml, WithoutACounterPowerIsIntegrated) {
  Sensor sensor(*fake);
  machine.clock = &sensor;
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(only(kId));
  calibrate(meters);
  Meter& meter = *meters.front();
  EXPECT_EQ(meter.info().scope,
            "GPU 00000000:65:00.0 Fake 1 (whole card), from samples of its power");
  EXPECT_NEAR(meter.info().update_period->value(), 0.020, 2.1e-5) << "that of the sensor";
  EXPECT_EQ(meter.info().sample_period, meter.info().update_period);
  EXPECT_EQ(meter.info().remarks.size(), 1u);
  const auto run = [&](std::int64_t ms, unsigned watts) {
    sensor.watts = watts;
    for (; ms > 0; ms -= 20) {
      sensor.sleep_ns(20 * kMs);
      meter.read(Purpose::background);
    }
  };
  run(100, 100);
  Window window(meter);
  run(1000, 100);
  run(500, 300);  // the first 20 ms of it at 200 W, by the trapezoid rule
  const Measurement m = measure(meter.info(), window.close(), no_idle_power("-"));
  EXPECT_NEAR(m.gross.value().value(), 100 + 150 - 2, 0.01);
  const double mean = m.power.value().value();
  EXPECT_NEAR(m.gross.uncertainty()->value(), 4 * 0.02 * mean + 0.05 * 248, 0.1)
      << "two periods per edge, and 5 %";
  EXPECT_EQ(m.gross.quality(), Quality::sampled);
  EXPECT_EQ(m.gross.source(), "nvml, " + meter.info().scope);
  EXPECT_TRUE(m.remarks.empty());

  Window brief(meter);
  run(80, 300);
  const Measurement few = measure(meter.info(), brief.close(), no_idle_power("-"));
  EXPECT_EQ(few.gross.reason().find("unresolved: 80 ms is too short (the power is renewed every"),
            0u)
      << few.gross.reason();
}

TEST_F(Nvml, SampledPowerThatStandsStillIsTakenToBeSlow) {
  Sensor sensor(*fake);
  sensor.steady = true;
  machine.clock = &sensor;
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(only(kId));
  calibrate(meters);
  EXPECT_TRUE(meters.front()->available());
  EXPECT_EQ(meters.front()->info().update_period, Seconds(0.1));
  EXPECT_EQ(meters.front()->info().remarks.back(),
            "the power was not seen to change in 2 s: it is taken to be renewed every 100 ms, as "
            "by the slowest cards");
}

TEST_F(Nvml, SampledPowerThatWasNotSampledIsLost) {
  Sensor sensor(*fake);
  machine.clock = &sensor;
  const auto meter = only(kId);
  Window window(*meter);
  sensor.sleep_ns(3000 * kMs);
  EXPECT_EQ(window.close().problem(),
            "the power was not sampled for 3 s, 3 s after the window began");
  Window after(*meter);
  sensor.sleep_ns(500 * kMs);
  EXPECT_NEAR(static_cast<double>(after.close().ticks()), 50e6, 1e4) << "uJ: the next one is good";
  fake->usage_code = 15;
  EXPECT_EQ(meter->read().reason, "nvmlDeviceGetPowerUsage: GPU is lost");
}

TEST_F(Nvml, LaterCardsWithoutACounterTellTheirPowerOfTheMomentOrASecondsMean) {
  fake->energy_code[1] = 3;
  fake->architecture = 8;
  fake->milliwatts[1] = 100'000;
  const auto moment = only(kId);
  moment->read();
  EXPECT_EQ(fake->usage_reads, 0);
  EXPECT_EQ(moment->info().update_period, std::nullopt) << "to be calibrated";
  fake->power_code = 3;
  for (const int architecture : {8, 0}) {  // 0: it does not say
    fake->architecture = architecture;
    EXPECT_EQ(only(kId)->info().update_period, Seconds(1));
  }
  fake->architecture = 6;
  EXPECT_EQ(only(kId)->info().update_period, std::nullopt);
}

TEST_F(Nvml, IntegratedPowerIsReplayedWithItsUncertainty) {
  Sensor sensor(*fake);
  machine.clock = &sensor;
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(only(kId));
  calibrate(meters);
  std::ostringstream trace;
  const auto energy = [](Meter& meter, const std::function<void()>& pass) {
    Window window(meter);
    pass();
    return measure(meter.info(), window.close(), no_idle_power("-")).gross;
  };
  Figure<Joules> live = Figure<Joules>::unavailable("-", "-");
  {
    const Recorder recorder(*meters.front(), trace);
    live = energy(*meters.front(), [&] { sensor.sleep_ns(600 * kMs); });
  }
  const auto again = energy(*replay_meter(trace.str(), "trace"), [] {});
  EXPECT_EQ(again.value(), live.value());
  EXPECT_EQ(again.uncertainty(), live.uncertainty());
  EXPECT_EQ(replay_meter(trace.str(), "trace")->info().domain, Domain::gpu);
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

TEST_F(Nvml, AnUnknownErrorForAWhileLosesNothing) {
  // 999 for 150 ms, as while the driver is busy.
  struct Busy final : Clock {
    explicit Busy(FakeNvml& fake) : fake(fake) {}
    std::int64_t now_ns() override { return now; }
    void sleep_ns(std::int64_t ns) override {
      now += ns;
      fake.millijoules[1] = static_cast<std::uint64_t>(now / kMs * 300);
      fake.energy_code[1] = now >= from && now < from + 150 * kMs ? 999 : 0;
    }
    FakeNvml& fake;
    std::int64_t now = 0, from = 1000 * kMs;
  } busy(*fake);
  machine.clock = &busy;
  const auto meter = only(kId);
  meter->read();
  Window window(*meter);
  busy.sleep_ns(1000 * kMs);
  const Interval whole = window.close();
  EXPECT_EQ(whole.problem(), "");
  EXPECT_GT(whole.duration(), Seconds(1.15));
  EXPECT_LT(whole.duration(), Seconds(1.21));
  EXPECT_NEAR(static_cast<double>(whole.ticks()), whole.duration().value() * 300'000, 300);
}

TEST_F(Nvml, AJumpBeyondThePowerLimitIsNoEnergy) {
  fake->limit_milliwatts = 700'000;
  const auto meter = only(kId);
  EXPECT_EQ(meter->info().most, Watts(1400)) << "twice the limit: peaks go above it";
  Window window(*meter);
  clock.sleep_ns(1000 * kMs);
  fake->millijoules[1] += 666'000'000;
  EXPECT_EQ(
      window.close().problem(),
      "the counter jumped by 666 kJ in 1 s: more than the 1.4 kW that can be drawn, 1 s after "
      "the window began");
}

TEST_F(Nvml, TheCounterOfGraceHopperIsItsModules) {
  fake->name = "NVIDIA GH200 480GB";
  const MeterInfo info = only(kId)->info();
  EXPECT_EQ(info.scope,
            "GPU 00000000:65:00.0 NVIDIA GH200 480GB (whole module with its Grace processor)");
  EXPECT_EQ(info.domain, Domain::module);
}

TEST_F(Nvml, OnAJetsonItSaysWhereToLook) {
  machine.nvml = "/nowhere/libnvidia-ml.so.1";
  machine.read_file = [](const std::string& path) -> FileText {
    if (path == "/proc/device-tree/model") return {.text = "NVIDIA Jetson Orin Nano"};
    return {.error = 2};
  };
  EXPECT_EQ(
      open_nvml(machine)[0]->info().remedy,
      "the GPU of a Jetson tells NVML no energy: its board's sensor does, as hwmon (ina3221)");
}

TEST_F(Nvml, ACardWithoutACounterIsStillKnown) {
  fake->energy_code[0] = fake->usage_code = fake->power_code = 3;
  const auto meters = open_nvml(machine);
  EXPECT_EQ(meters[0]->info().gpu, "00000000:17:00.0");
  EXPECT_EQ(meters[0]->info().scope, "GPU 00000000:17:00.0 Fake 0 (whole card)");
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
  fake->energy_code[0] = fake->usage_code = fake->power_code = 3;
  EXPECT_EQ(open_nvml(machine)[0]->info().status, Status::absent) << "neither energy nor power";
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
  EXPECT_EQ(why(),
            std::string(FAKE_NVML_OLD) +
                " has no nvmlDeviceGetTotalEnergyConsumption and no nvmlDeviceGetPowerUsage: "
                "the driver is too old");
  EXPECT_NE(open_nvml(machine)[0]->info().remedy.find("nvidia-smi"), std::string::npos);
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
