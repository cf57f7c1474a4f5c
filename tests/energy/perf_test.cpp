// SPDX-License-Identifier: MIT
#include "joule/energy/meters/perf.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <tuple>

#include "joule/energy/window.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr const char* kScale = "2.3283064365386962890625e-10\n";

/// The kernel's description of the power events in a temporary folder, and counters to match.
class Power {
 public:
  Power() : clock(kMs, 0) {
    machine.sysfs = folder / "sys";
    machine.procfs = folder / "proc";
    machine.clock = &clock;
    machine.open_counter = [this](std::uint32_t type, std::uint64_t config, int cpu) {
      if (open_error) return KernelCounter{.error = open_error};
      EXPECT_EQ(type, 22u);
      ticks[{config, cpu}] = 0;  // a counter starts at 0 when it is opened
      return KernelCounter{.read = [this, config, cpu]() -> KernelCounter::Value {
        return {.ticks = ticks[{config, cpu}], .error = read_error};
      }};
    };
    file("type", "22\n");
    file("cpumask", "0\n");
    event("energy-pkg", "event=0x02\n");
    vendor("GenuineIntel");
    for (int cpu = 0; cpu < 4; ++cpu) package(cpu, cpu / 2);
    test::write(folder / "proc/sys/kernel/perf_event_paranoid", "2\n");
  }

  std::string path(const std::string& name) const {
    return folder / ("sys/bus/event_source/devices/power/" + name);
  }
  void file(const std::string& name, const std::string& text) { test::write(path(name), text); }
  void event(const std::string& name, const std::string& config,
             const std::string& scale = kScale) {
    file("events/" + name, config);
    file("events/" + name + ".scale", scale);
    file("events/" + name + ".unit", "Joules\n");
  }
  void package(int cpu, int number) {
    test::write(folder / ("sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                          "/topology/physical_package_id"),
                std::to_string(number) + "\n");
  }
  void vendor(const std::string& name) {
    test::write(folder / "proc/cpuinfo", "processor\t: 0\nvendor_id\t: " + name + "\n");
  }
  std::unique_ptr<Meter> open() const { return open_perf(machine); }
  std::string why() const { return open()->info().reason; }

  test::TemporaryFolder folder;
  test::SimulatedPower clock;
  Machine machine;
  std::map<std::pair<std::uint64_t, int>, std::uint64_t> ticks;  // of (config, cpu)
  int open_error = 0, read_error = 0;
};

TEST(Perf, AddsPackagesAndDramInTheEventsUnit) {
  Power fake;
  fake.event("energy-ram", "event=0x03\n");
  fake.event("energy-cores", "event=0x01\n");
  fake.event("energy-psys", "event=0x05\n");
  fake.file("cpumask", "0,2\n");
  const auto meter = fake.open();
  ASSERT_TRUE(meter->available()) << meter->info().reason;
  EXPECT_EQ(meter->info().scope, "packages 0 and 1 + DRAM");
  EXPECT_EQ(meter->info().unit, Joules(0x1p-32));
  EXPECT_EQ(meter->info().sample_period, std::nullopt) << "the kernel undoes wraps";
  EXPECT_EQ(fake.ticks.size(), 4u) << "neither cores, which the packages contain, nor psys";
  Window window(*meter);
  fake.clock.sleep_ns(kMs);
  fake.ticks = {{{2, 0}, 1000}, {{3, 0}, 20}, {{2, 2}, 300}, {{3, 2}, 4}};
  EXPECT_EQ(window.close().ticks(), 1324);
}

TEST(Perf, ReadsRangesOfCpus) {
  Power fake;
  fake.file("cpumask", "0-1,3\n");
  const auto meter = fake.open();
  EXPECT_EQ(fake.ticks.size(), 3u) << "dies of an Intel package have counters of their own";
  EXPECT_EQ(meter->info().scope, "packages 0 and 1, without DRAM");
}

TEST(Perf, CountsAPackageOfAmdOnceHoweverManyDiesItHas) {
  for (const char* vendor : {"AuthenticAMD", "HygonGenuine"}) {
    Power fake;
    fake.vendor(vendor);
    fake.file("cpumask", "0-3\n");
    const auto meter = fake.open();
    EXPECT_EQ(fake.ticks.size(), 2u);
    EXPECT_EQ(meter->info().remarks,
              std::vector<std::string>{"left out: 2 CPUs of the cpumask that show the counter of "
                                       "their package again"});
  }
}

TEST(Perf, CountersBeyond32BitsAreNoProblem) {
  Power fake;
  const auto meter = fake.open();
  Window window(*meter);
  fake.clock.sleep_ns(1000 * kMs);
  fake.ticks[{2, 0}] = std::uint64_t{3} << 40;  // 768 J
  EXPECT_EQ(window.close().ticks(), std::int64_t{3} << 40);
}

TEST(Perf, DeniedIsNotAbsent) {
  Power fake;
  for (const int error : {EACCES, EPERM}) {
    fake.open_error = error;
    const auto meter = fake.open();
    EXPECT_EQ(meter->info().status, Status::denied);
    EXPECT_EQ(meter->info().reason,
              std::string("present but not for this user: perf_event_open: ") +
                  std::strerror(error) + " (kernel.perf_event_paranoid is 2)");
    EXPECT_NE(meter->info().remedy.find("CAP_PERFMON"), std::string::npos);
  }
  fake.open_error = ENODEV;
  EXPECT_EQ(fake.open()->info().status, Status::failed);
  fake.machine.sysfs = fake.folder / "nowhere";
  const auto absent = fake.open();
  EXPECT_EQ(absent->info().status, Status::absent);
  EXPECT_EQ(absent->info().reason,
            "there is no " + fake.machine.sysfs + "/bus/event_source/devices/power");
}

TEST(Perf, ACounterThatDiesMakesTheWindowUnavailable) {
  Power fake;
  const auto meter = fake.open();
  Window window(*meter);
  fake.clock.sleep_ns(5 * kMs);
  fake.read_error = ENODEV;
  EXPECT_EQ(window.close().problem(), "perf event: No such device, 5 ms after the window began");
}

TEST(Perf, WhatTheKernelSaysMustMakeSense) {
  const auto why = [](const std::string& name, const std::string& text) {
    Power fake;
    fake.event("energy-ram", "event=0x03\n");
    fake.file(name, text);
    EXPECT_EQ(fake.open()->info().status, Status::failed);
    std::string reason = fake.why();
    const std::string prefix = fake.path("");
    EXPECT_TRUE(reason.starts_with(prefix)) << reason;
    return reason.substr(prefix.size());
  };
  EXPECT_EQ(why("type", "x\n"), "type: expected a number, got 'x'");
  EXPECT_EQ(why("cpumask", "0,\n"), "cpumask: expected CPUs such as 0,28 or 0-3, got '0,'");
  EXPECT_EQ(why("cpumask", "3-1\n"), "cpumask: expected CPUs such as 0,28 or 0-3, got '3-1'");
  EXPECT_EQ(why("events/energy-pkg", "config=2"),
            "events/energy-pkg: expected event=0x and a number, got 'config=2'");
  EXPECT_EQ(why("events/energy-pkg.scale", "0\n"),
            "events/energy-pkg.scale: expected a positive number, got '0'");
  EXPECT_EQ(why("events/energy-pkg.unit", "mJ\n"),
            "events/energy-pkg.unit: expected Joules, got 'mJ'");
  EXPECT_EQ(why("events/energy-ram.scale", "1e-6\n"),
            "events/energy-ram.scale: expected that of energy-pkg, 2.32831e-10, got '1e-6'");
  Power fake;
  std::filesystem::remove(fake.path("events/energy-pkg"));
  EXPECT_EQ(fake.why(), fake.path("events/energy-pkg: No such file or directory"));
  Power without_topology;
  without_topology.file("cpumask", "9\n");
  EXPECT_NE(without_topology.why().find("cpu9/topology/physical_package_id: expected the number"),
            std::string::npos);
}

}  // namespace
}  // namespace joule::energy
