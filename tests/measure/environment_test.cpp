// SPDX-License-Identifier: MIT
#include "joule/measure/environment_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "joule/core/backend/backend.h"
#include "joule/core/threads.h"
#include "joule/tests/support/files.h"

namespace joule::measure {
namespace {

using nlohmann::ordered_json;

/// A machine of files.
class Machine {
 public:
  void has(const std::string& path, const std::string& text) {
    test::write(folder_ / path, text + "\n");
  }
  MachineState state() const { return machine_state(folder_.path().string()); }

 private:
  test::TemporaryFolder folder_;
};

TEST(MachineState, OfAMachineThatTellsNothingIsEmpty) {
  EXPECT_EQ(Machine().state(), MachineState{});
}

TEST(MachineState, ReadsFrequencyAndGovernor) {
  Machine machine;
  machine.has("proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 2499.998\nprocessor : 1\ncpu MHz : 1");
  EXPECT_DOUBLE_EQ(*machine.state().hertz, 2499.998e6);
  EXPECT_EQ(machine.state().governor, "");
  machine.has("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave");
  machine.has("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1800000");
  EXPECT_DOUBLE_EQ(*machine.state().hertz, 1.8e9);
  EXPECT_EQ(machine.state().governor, "powersave");
}

TEST(MachineState, TakesTheHottestZoneThatHasASensor) {
  Machine machine;
  machine.has("sys/class/thermal/thermal_zone0/temp", "-274000");
  machine.has("sys/class/thermal/thermal_zone1/temp", "0");
  EXPECT_EQ(machine.state().celsius, std::nullopt);
  machine.has("sys/class/thermal/thermal_zone2/temp", "45500");
  machine.has("sys/class/thermal/thermal_zone3/temp", "38000");
  machine.has("sys/class/thermal/thermal_zone4/temp", "none");
  machine.has("sys/class/thermal/cooling_device0/temp", "99000");
  EXPECT_DOUBLE_EQ(*machine.state().celsius, 45.5);
}

TEST(MachineState, ListsTheCachesOfTheFirstProcessor) {
  Machine machine;
  const auto cache = [&](const std::string& index, const char* level, const char* type,
                         const char* size) {
    const std::string at = "sys/devices/system/cpu/cpu0/cache/" + index + "/";
    machine.has(at + "level", level);
    machine.has(at + "type", type);
    machine.has(at + "size", size);
  };
  cache("index0", "1", "Data", "48K");
  cache("index1", "1", "Instruction", "32K");
  cache("index3", "3", "Unified", "32M");
  cache("index4", "4", "Unified", "lots");
  const std::vector<std::pair<std::string, std::int64_t>> expected{
      {"L1 data", 48 << 10}, {"L1 instruction", 32 << 10}, {"L3 unified", 32 << 20}};
  EXPECT_EQ(machine.state().caches, expected);
}

TEST(MachineState, TakesTheLeastLimitOfTheGroupsAroundTheProcess) {
  Machine machine;
  machine.has("proc/self/cgroup", "1:cpu:/x\n0::/system/job");
  EXPECT_EQ(machine.state().memory_limit, std::nullopt);
  machine.has("sys/fs/cgroup/system/job/memory.max", "max");
  EXPECT_EQ(machine.state().memory_limit, std::nullopt);
  machine.has("sys/fs/cgroup/system/memory.max", "1000000");
  EXPECT_EQ(machine.state().memory_limit, 1000000);
  machine.has("sys/fs/cgroup/memory.max", "3000000");
  EXPECT_EQ(machine.state().memory_limit, 1000000);
  machine.has("sys/fs/cgroup/memory.max", "500000");  // a container's own root
  EXPECT_EQ(machine.state().memory_limit, 500000);
}

TEST(Environment, SaysWhatIsThere) {
  const Environment e = environment();
  EXPECT_EQ(e.threads, num_threads());
  const ordered_json json = json_of(e);
  EXPECT_EQ(json.at("threads"), num_threads());
  EXPECT_TRUE(std::regex_match(json.at("date").get<std::string>(),
                               std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ")));
  EXPECT_TRUE(json.at("commit").is_null() ||
              std::regex_match(json.at("commit").get<std::string>(),
                               std::regex("[0-9a-f]{40,64}(-dirty)?")));
  EXPECT_TRUE(ordered_json::parse(environment_json()).contains("cpu"));
}

TEST(MachineState, ReadsTheDriverOfGpus) {
  Machine machine;
  machine.has("proc/driver/nvidia/version",
              "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC "
              "2023\nGCC version:  gcc version 12.2.0");
  EXPECT_EQ(machine.state().gpu_driver, "535.104.05");
  machine.has("proc/driver/nvidia/version",
              "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build");
  EXPECT_EQ(machine.state().gpu_driver, "570.86.15");
  machine.has("proc/driver/nvidia/version", "something else");
  EXPECT_EQ(machine.state().gpu_driver, "");
}

TEST(Environment, HasAGpuWhereThereIsOne) {
  const bool there = unavailable(Device::cuda).empty();
  EXPECT_EQ(environment().gpu.has_value(), there);
  EXPECT_EQ(json_of(environment()).contains("gpu"), there);
  Environment e;
  e.gpu = Gpu{.name = "NVIDIA H200", .cuda = "12.8"};
  EXPECT_EQ(json_of(e).at("gpu"),
            (ordered_json{{"name", "NVIDIA H200"}, {"driver", nullptr}, {"cuda", "12.8"}}));
  const auto told = [&] {
    for (const auto& [what, text] : facts(e)) {
      if (what == "gpu") return text;
    }
    return std::string();
  };
  EXPECT_EQ(told(), "NVIDIA H200, driver not told, CUDA 12.8");
  e.machine.gpu_driver = "550.54.14";
  EXPECT_EQ(json_of(e).at("gpu").at("driver"), "550.54.14");
  EXPECT_EQ(told(), "NVIDIA H200, driver 550.54.14, CUDA 12.8");
  e.gpu.reset();
  EXPECT_EQ(told(), "");
}

TEST(Environment, WhatIsNotToldIsNull) {
  const ordered_json json = json_of(Environment());
  for (const char* const key : {"date", "load_before", "flags", "commit", "onednn", "governor",
                                "frequency_hz", "temperature_celsius", "memory_limit_bytes"}) {
    EXPECT_TRUE(json.at(key).is_null()) << key;
  }
  EXPECT_TRUE(json.at("cache_bytes").is_object());
}

}  // namespace
}  // namespace joule::measure
