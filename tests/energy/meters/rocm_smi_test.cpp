// SPDX-License-Identifier: MIT
#include "joule/energy/meters/gpu/rocm_smi.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "joule/energy/measurement.h"
#include "joule/energy/open_meters.h"
#include "joule/energy/run_meters.h"
#include "joule/energy/window.h"
#include "joule/tests/support/fakes/fake_rocm_smi.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

using test::error_of;
using test::FakeRocmSmi;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr const char* kId = "0001:23:01.0";

/// Holds the fake library open, so that its state outlives the meters.
class RocmSmi : public testing::Test {
 protected:
  RocmSmi() : library_(dlopen(FAKE_ROCM_SMI, RTLD_NOW | RTLD_LOCAL)) {
    if (!library_) throw std::runtime_error(dlerror());
    fake = reinterpret_cast<FakeRocmSmi* (*)()>(dlsym(library_, "fake_rocm_smi"))();
    *fake = FakeRocmSmi();
    machine.rocm_smi = {"/nowhere/librocm_smi64.so.9", FAKE_ROCM_SMI};
    machine.nvml = "/nowhere/libnvidia-ml.so.1";
    machine.clock = &clock;
  }
  ~RocmSmi() override { dlclose(library_); }

  MeterInfo first() { return open_rocm_smi(machine).front()->info(); }
  std::string why() { return first().reason; }

  FakeRocmSmi* fake;
  test::SimulatedPower clock{1'000'000, 0};
  Machine machine;

 private:
  void* library_;
};

TEST_F(RocmSmi, HasAMeterPerCardInTheDriversTicks) {
  fake->driver = "6.8.5";
  fake->cap_microwatts = 300'000'000;
  {
    const auto meters = open_rocm_smi(machine);
    ASSERT_EQ(meters.size(), 2u);
    const MeterInfo& info = meters[0]->info();
    EXPECT_EQ(info.scope, "GPU 0000:c1:00.0 AMD Instinct MI210 (whole card)");
    EXPECT_EQ(meters[1]->info().scope, "GPU 0001:23:01.0 AMD Instinct MI210 (whole card)");
    EXPECT_EQ(info.name, "rocm_smi");
    EXPECT_EQ(info.domain, Domain::gpu);
    EXPECT_EQ(info.unit, Joules(0x1p-16)) << "which the library rounds to 15.3 uJ";
    EXPECT_EQ(info.limit, Watts(300));
    EXPECT_EQ(info.most, Watts(600));
    EXPECT_EQ(info.remarks, (std::vector<std::string>{"driver 6.8.5", "power limit 300 W"}));
    Window window(*meters[1]);
    clock.sleep_ns(2 * kSecond);
    fake->ticks[1] += 200 * 65536;
    EXPECT_EQ(measure(meters[1]->info(), window.close(), no_idle_power("-")).gross.value(),
              Joules(200));
    EXPECT_EQ(fake->shut_downs, 0);
  }
  EXPECT_EQ(fake->inits, 1);
  EXPECT_EQ(fake->shut_downs, 1);
}

TEST_F(RocmSmi, TakesAnotherTickAsTheLibraryTellsIt) {
  fake->microjoules = 2.5F;
  EXPECT_DOUBLE_EQ(first().unit.value(), 2.5e-6);
  const auto meter = std::move(open_rocm_smi(machine).front());
  fake->microjoules = 5;
  EXPECT_EQ(meter->read().reason, "the counter's tick became 5 uJ, from 2.5 uJ");
  for (const float none : {0.F, -1.F, std::numeric_limits<float>::quiet_NaN(),
                           std::numeric_limits<float>::infinity()}) {
    fake->microjoules = none;
    EXPECT_EQ(why(), "the card has no energy counter, or one that its driver does not tell");
  }
}

TEST_F(RocmSmi, FindsACardByItsBusIdNeverByNumber) {
  fake->ticks[1] = 42;
  const auto meters = open_rocm_smi(machine, "0001:23:01.0");
  ASSERT_EQ(meters.size(), 1u);
  EXPECT_EQ(meters[0]->read().ticks, 42);
  EXPECT_EQ(open_rocm_smi(machine, "0000:C1:00.0").front()->info().gpu, "0000:c1:00.0");
  EXPECT_EQ(
      error_of([&] { open_rocm_smi(machine, "0000:99:00.0"); }),
      "rocm_smi: the library knows no GPU 0000:99:00.0; joule info lists those that it knows");
  EXPECT_EQ(error_of([&] { open_rocm_smi(machine, "1"); }),
            "rocm_smi: expected a PCI bus id (0000:c1:00.0), got the number 1: numbers change with "
            "the order in which the driver finds the cards");
}

TEST_F(RocmSmi, PartitionsAreOneCard) {
  fake->count = 4;
  for (std::uint64_t i = 0; i < 4; ++i) fake->pci_id[i] = 0xc100 | (i & 1) << 28 | (i >> 1);
  const auto meters = open_rocm_smi(machine);
  ASSERT_EQ(meters.size(), 1u);
  EXPECT_EQ(meters[0]->info().scope,
            "GPU 0000:c1:00.0 AMD Instinct MI210 (whole card, shared by its partitions)");
  EXPECT_EQ(
      meters[0]->info().remarks,
      std::vector<std::string>{"it is split into 4 partitions: the counter is the whole card's"});
}

TEST_F(RocmSmi, TheFirstOfTwoDiesCountsBoth) {
  fake->name = "AMD Instinct MI250X/MI250";
  fake->ticks[1] = 0;
  const auto meters = open_rocm_smi(machine);
  ASSERT_EQ(meters.size(), 2u);
  EXPECT_EQ(meters[0]->info().scope,
            "GPU 0000:c1:00.0 AMD Instinct MI250X/MI250 (whole card, both of its dies)");
  EXPECT_EQ(meters[1]->info().status, Status::absent);
  EXPECT_EQ(meters[1]->info().reason,
            "its counter stands at 0: on cards of two dies that of the first counts both");
  fake->ticks[1] = 1;
  EXPECT_EQ(first().scope, "GPU 0000:c1:00.0 AMD Instinct MI250X/MI250 (whole card)")
      << "each counts: it is not known that this one has both";
  fake->name = "AMD Instinct MI300A";
  EXPECT_EQ(first().domain, Domain::module);
  fake->name = nullptr;
  EXPECT_EQ(first().scope, "GPU 0000:c1:00.0 of AMD (whole card)");
}

TEST_F(RocmSmi, ABusyLibraryLosesNothing) {
  const auto meter = std::move(open_rocm_smi(machine, kId).front());
  Window window(*meter);
  fake->energy_code[1] = 16;
  clock.sleep_ns(kSecond);
  EXPECT_EQ(meter->read().reason, "rsmi_dev_energy_count_get: busy");
  fake->energy_code[1] = 0;
  fake->ticks[1] += 65536;
  EXPECT_EQ(window.close().ticks(), 65536);
  fake->energy_code[1] = 99;
  EXPECT_EQ(meter->read().reason, "rsmi_dev_energy_count_get: status 99");
}

TEST_F(RocmSmi, WhatCannotBeReadSaysWhy) {
  fake->energy_code[0] = 2;
  EXPECT_EQ(why(), "rsmi_dev_energy_count_get: not supported");
  EXPECT_EQ(first().status, Status::absent);
  EXPECT_EQ(first().gpu, "0000:c1:00.0") << "the card is still known";
  EXPECT_EQ(open_rocm_smi(machine).size(), 2u);
  fake->energy_code[0] = 4;
  EXPECT_EQ(first().status, Status::denied);
  fake->energy_code[0] = 0;
  fake->ticks[0] = ~std::uint64_t{0};
  EXPECT_EQ(why(), "the card has no energy counter, or one that its driver does not tell");
  fake->pci_code[0] = 2;
  EXPECT_EQ(why(), "rsmi_dev_pci_id_get: not supported");
  EXPECT_EQ(open_rocm_smi(machine).size(), 2u) << "the other card is there";
  EXPECT_EQ(open_rocm_smi(machine, kId).size(), 1u);
  fake->count = 0;
  EXPECT_EQ(why(), "the library knows no GPU");
  fake->count_code = 4;
  EXPECT_EQ(why(), "rsmi_num_monitor_devices: permission denied");
  fake->init_code = 8;
  EXPECT_EQ(why(), "rsmi_init: not initialised");
  EXPECT_EQ(first().status, Status::absent);
  machine.rocm_smi = {FAKE_ROCM_SMI_OLD};
  EXPECT_EQ(why(), "the library has no rsmi_dev_energy_count_get");
  machine.rocm_smi = {"/nowhere/librocm_smi64.so.9"};
  EXPECT_EQ(why(), "there is no librocm_smi64.so.9");
  test::TemporaryFolder folder;
  test::write(folder / "librocm_smi64.so.7", "not a library");
  machine.rocm_smi = {folder / "librocm_smi64.so.7", "/nowhere/librocm_smi64.so"};
  EXPECT_NE(why().find("librocm_smi64.so.7: "), std::string::npos) << "it is there, and broken";
  EXPECT_NE(first().remedy.find("rocm-smi"), std::string::npos);
}

TEST_F(RocmSmi, AutoTakesACardOnceByItsCounterElseByItsPower) {
  test::TemporaryFolder folder;
  const std::string chip = folder / "sys/class/hwmon/hwmon0";
  test::write(chip + "/name", "amdgpu\n");
  test::write(chip + "/device/uevent", "PCI_SLOT_NAME=0000:c1:00.0\n");
  test::write(chip + "/power1_average", "100000000\n");
  machine.sysfs = folder / "sys";
  machine.procfs = folder / "proc";
  machine.open_counter = [](std::uint32_t, std::uint64_t, int) -> KernelCounter {
    return {.error = 2};
  };
  // The counter moves, so that it can be calibrated.
  struct Moving final : Clock {
    explicit Moving(FakeRocmSmi& fake) : fake(fake) {}
    std::int64_t now_ns() override { return now; }
    void sleep_ns(std::int64_t ns) override {
      now += ns;
      fake.ticks[0] = fake.ticks[1] = static_cast<std::uint64_t>(now / 1'000'000 * 6554);
    }
    bool simulated() const override { return true; }
    FakeRocmSmi& fake;
    std::int64_t now = kSecond;
  } moving(*fake);
  moving.sleep_ns(0);
  machine.clock = &moving;
  const auto names = [&](const std::string& selection) {
    std::string all;
    for (const auto& meter : open_meters(selection, machine)) {
      all += str(all.empty() ? "" : " ", meter->info().name, ":", name(meter->info().status));
    }
    return all;
  };
  EXPECT_EQ(names("auto"), "rocm_smi:ok rocm_smi:ok") << "hwmon's is the first card again";
  EXPECT_EQ(names("rocm_smi"), "rocm_smi:ok rocm_smi:ok");
  EXPECT_EQ(names("rocm_smi:0001:23:01.0+none"), "rocm_smi:ok none:off");
  fake->energy_code[0] = 2;
  fake->count = 1;
  EXPECT_EQ(names("auto"), "hwmon:ok") << "the card without a counter is not missing";
  EXPECT_NE(error_of([&] { names("rocmsmi"); }).find("did you mean 'rocm_smi'"), std::string::npos);
}

}  // namespace
}  // namespace joule::energy
