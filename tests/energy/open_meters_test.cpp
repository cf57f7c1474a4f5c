// SPDX-License-Identifier: MIT
#include "joule/energy/open_meters.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "joule/energy/meters/replay.h"
#include "joule/energy/run_meters.h"
#include "joule/energy/window.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

constexpr std::int64_t kMs = 1'000'000;

/// A machine with whatever sources a test gives it; its processors draw 10 W.
class Sources {
 public:
  Sources() : power(kMs, 10'000) {
    machine.sysfs = folder / "sys";
    machine.procfs = folder / "proc";
    machine.nvml = folder / "no-such-library";
    machine.rocm_smi = {machine.nvml};
    machine.clock = &power;
    machine.read_file = [this](const std::string& path) -> FileText {
      if (!path.ends_with("/energy_uj")) return read_whole_file(path);
      if (rapl_error) return {.error = rapl_error};
      return {.text = std::to_string(power.shown() / 1'000'000)};
    };
    machine.open_counter = [this](std::uint32_t, std::uint64_t, int) -> KernelCounter {
      if (perf_error) return {.error = perf_error};
      return {.read = [this]() -> KernelCounter::Value {
        return {.ticks = static_cast<std::uint64_t>(power.shown() / 233)};  // of 2^-32 J
      }};
    };
  }
  void add_rapl() {
    const std::string zone = folder / "sys/class/powercap/intel-rapl:0";
    test::write(zone + "/name", "package-0\n");
    test::write(zone + "/max_energy_range_uj", "262143328850\n");
    test::write(zone + "/energy_uj", "");
  }
  void add_perf() {
    const std::string root = folder / "sys/bus/event_source/devices/power/";
    test::write(root + "type", "22\n");
    test::write(root + "cpumask", "0\n");
    test::write(root + "events/energy-pkg", "event=0x02\n");
    test::write(root + "events/energy-pkg.scale", "2.3283064365386962890625e-10\n");
    test::write(root + "events/energy-pkg.unit", "Joules\n");
    test::write(folder / "sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n");
  }
  std::string names(const std::string& selection) const {
    std::string all;
    for (const auto& meter : open_meters(selection, machine)) {
      all += str(all.empty() ? "" : " ", meter->info().name, ":", name(meter->info().status));
    }
    return all;
  }

  test::TemporaryFolder folder;
  test::SimulatedPower power;
  Machine machine;
  int rapl_error = 0, perf_error = 0;
};

TEST(OpenMeters, AutoTakesPerfElseRaplAndNeverBoth) {
  Sources sources;
  sources.add_rapl();
  EXPECT_EQ(sources.names("auto"), "rapl:ok");
  sources.add_perf();
  EXPECT_EQ(sources.names("auto"), "perf:ok");
  sources.perf_error = EACCES;
  EXPECT_EQ(sources.names("auto"), "rapl:ok");
}

TEST(OpenMeters, AutoTakesEveryGpuBesideTheProcessors) {
  Sources sources;
  sources.add_rapl();
  sources.machine.nvml = FAKE_NVML;
  setenv("FAKE_NVML_WATTS", "100", 1);
  sources.machine.clock = &monotonic_clock();
  sources.machine.read_file = [&](const std::string& path) -> FileText {
    if (!path.ends_with("/energy_uj")) return read_whole_file(path);
    return {.text = std::to_string(monotonic_clock().now_ns() / 1'000'000)};  // 1 mW in whole uJ
  };
  EXPECT_EQ(sources.names("auto"), "nvml:ok nvml:ok rapl:ok");
  EXPECT_EQ(sources.names("nvml"), "nvml:ok nvml:ok");
  EXPECT_EQ(sources.names("nvml:0000:65:00.0"), "nvml:ok");
  const auto meters = open_meters("nvml:0000:17:00.0", sources.machine);
  EXPECT_NEAR(meters[0]->info().update_period->value(), 0.1, 0.05);
  unsetenv("FAKE_NVML_WATTS");
}

TEST(OpenMeters, AutoSaysOfWhatIsHereWhyItCannotBeReadAndNamesTheRest) {
  Sources sources;
  sources.add_rapl();
  sources.rapl_error = EACCES;
  const auto meters = open_meters("auto", sources.machine);
  ASSERT_EQ(meters.size(), 1u);
  const MeterInfo& info = meters[0]->info();
  EXPECT_EQ(info.status, Status::absent);
  EXPECT_TRUE(info.reason.starts_with("no source can be read: rapl: present but root-only"))
      << info.reason;
  EXPECT_TRUE(info.reason.ends_with("; not here: nvml, perf, rocm_smi, hwmon, battery"))
      << info.reason;
  EXPECT_EQ(info.remedy, "joule info says for each source why, and what to do");
}

TEST(OpenMeters, WhatWasAskedForAndCannotBeReadIsAMeterThatSaysWhy) {
  Sources sources;
  EXPECT_EQ(sources.names("perf"), "perf:absent");
  EXPECT_EQ(sources.names("rapl"), "rapl:absent");
  EXPECT_EQ(sources.names("nvml"), "nvml:absent");
  EXPECT_EQ(sources.names("none"), "none:off");
}

TEST(OpenMeters, AreCalibrated) {
  Sources sources;
  sources.add_perf();
  sources.add_rapl();
  for (const char* selection : {"perf", "rapl"}) {
    const auto meters = open_meters(selection, sources.machine);
    ASSERT_TRUE(meters[0]->info().update_period) << meters[0]->info().reason;
    EXPECT_NEAR(meters[0]->info().update_period->value(), 0.001, 2.1e-5);
    Window window(*meters[0]);
    sources.power.sleep_ns(100 * kMs);
    const Interval whole = window.close();
    EXPECT_NEAR(static_cast<double>(whole.ticks()) * meters[0]->info().unit.value(), 1.0, 0.011)
        << "10 W for 100 ms";
  }
}

std::string charged(const RunMeters& run) {
  std::string all;
  for (std::size_t i = 0; i < run.meters.size(); ++i) {
    all +=
        str(all.empty() ? "" : " ", run.beside[i].empty() ? "" : "-", run.meters[i]->info().name);
  }
  return all;
}

TEST(RunMeters, AreThoseOfWhatTheRunComputesOn) {
  Sources sources;
  sources.machine.nvml = FAKE_NVML;
  sources.machine.clock = &monotonic_clock();
  setenv("FAKE_NVML_WATTS", "100", 1);
  setenv("FAKE_NVML_PERIOD_MS", "5", 1);
  const RunsOn cpu, gpu{.device = Device::cuda, .gpu = "0000:65:00.0"};
  const auto opened = [&](const char* selection, const RunsOn& where) {
    return open_run_meters(selection, where, sources.machine);
  };
  // Only cards can be read.
  const RunMeters cards = opened("auto", cpu);
  EXPECT_EQ(charged(cards), "processors -nvml -nvml");
  const MeterInfo& processors = cards.meters[0]->info();
  EXPECT_TRUE(processors.reason.starts_with("no meter of the processors can be read: perf: there "))
      << processors.reason;
  EXPECT_NE(processors.reason.find("; rapl: "), std::string::npos) << processors.reason;
  EXPECT_EQ(cards.beside[1], "the run did not compute on a GPU");
  EXPECT_EQ(charged(opened("nvml", cpu)), "processors -nvml -nvml");
  EXPECT_EQ(charged(opened("auto", gpu)), "nvml -processors");
  EXPECT_EQ(charged(opened("nvml:GPU-22222222-2222", gpu)), "nvml -processors");
  const RunMeters other = opened("nvml:0000:17:00.0", gpu);
  EXPECT_EQ(charged(other), "GPU -nvml");
  EXPECT_EQ(other.beside[1], "the run computed on another GPU, 0000:65:00.0");

  // Both.
  sources.add_rapl();
  sources.machine.read_file = [&](const std::string& path) -> FileText {
    if (!path.ends_with("/energy_uj")) return read_whole_file(path);
    return {.text = std::to_string(monotonic_clock().now_ns() / 1'000'000)};  // 1 mW in whole uJ
  };
  EXPECT_EQ(charged(opened("auto", cpu)), "rapl -nvml -nvml");
  EXPECT_EQ(charged(opened("auto", gpu)), "nvml rapl");
  EXPECT_EQ(charged(opened("rapl", gpu)), "GPU -rapl");

  // Only the processors.
  sources.machine.nvml = "/nowhere";
  EXPECT_EQ(charged(opened("auto", cpu)), "rapl");
  const RunMeters host = opened("auto", gpu);
  EXPECT_EQ(charged(host), "GPU -rapl");
  EXPECT_TRUE(host.meters[0]->info().reason.starts_with(
      "no meter of the GPU can be read: nvml: /nowhere: "));
  EXPECT_EQ(charged(opened("nvml", gpu)), "nvml -processors") << "it was asked for, and says why";
  EXPECT_EQ(charged(opened("none", gpu)), "none");
  unsetenv("FAKE_NVML_WATTS");
  unsetenv("FAKE_NVML_PERIOD_MS");
}

TEST(RunMeters, OfATraceAreChargedByWhatItCounts) {
  const auto of = [](const std::string& meter, const std::string& more, Device device) {
    Meters meters;
    meters.push_back(replay_meter(R"({"joule_trace":1,"meter":")" + meter +
                                      R"(","scope":"s","joules_per_tick":1,"systematic":0)" + more +
                                      "}\n",
                                  "trace"));
    return charged(charge(std::move(meters), {.device = device, .gpu = "0000:65:00.0"}));
  };
  EXPECT_EQ(of("rapl", "", Device::cpu), "replay of rapl");
  EXPECT_EQ(of("replay of perf", "", Device::cpu), "replay of replay of perf");
  EXPECT_EQ(of("nvml", "", Device::cpu), "processors -replay of nvml");
  EXPECT_EQ(of("nvml", "", Device::cuda), "replay of nvml -processors") << "any card of the trace";
  EXPECT_EQ(of("rapl", "", Device::cuda), "GPU -replay of rapl");
  for (const Device device : {Device::cpu, Device::cuda}) {
    EXPECT_EQ(of("plug", R"(,"domain":"machine")", device), "replay of plug");
    EXPECT_NE(of("plug", "", device).find(" -replay of plug"), std::string::npos);
  }
  EXPECT_EQ(of("plug", R"(,"domain":"processors")", Device::cpu), "replay of plug");
  EXPECT_EQ(test::data_error_of([&] { of("plug", R"(,"domain":"car")", Device::cpu); }),
            "trace:1: 'domain' must be processors, gpu, module, machine or unknown, got \"car\"");
}

TEST(RunMeters, ACardIsKnownByItsBusIdHoweverItIsWritten) {
  const auto in_sum = [](const char* meter, const char* run) {
    const std::vector<MeterInfo> meters{{.name = "nvml", .domain = Domain::gpu, .gpu = meter}};
    return beside_the_sum(meters, {.device = Device::cuda, .gpu = run}).front().empty();
  };
  EXPECT_TRUE(in_sum("00000000:AB:00.0", "0000:ab:00.0"));
  EXPECT_TRUE(in_sum("0001ABCD:65:00.0", "1abcd:65:00.0"));
  EXPECT_FALSE(in_sum("00000000:AB:00.0", "0000:ac:00.0"));
  EXPECT_FALSE(in_sum("00000001:AB:00.0", "0000:ab:00.0"));
  EXPECT_FALSE(in_sum("00000000:AB:00.0", "")) << "not known";
}

TEST(OpenMeters, SeveralAreJoinedByAPlus) {
  Sources sources;
  sources.add_rapl();
  EXPECT_EQ(sources.names("rapl+perf"), "rapl:ok perf:absent");
  EXPECT_EQ(sources.names("none+battery"), "none:off battery:absent");
  const std::string plus = sources.folder / "a+b.jsonl";  // a path with one is one
  EXPECT_EQ(test::data_error_of([&] { open_meters("rapl+replay:" + plus, sources.machine); }),
            plus + ": cannot be opened: No such file or directory");
}

TEST(OpenMeters, AutoTakesHwmonWhereThereIsNoOtherAndTheMachineWhereThereIsNoProcessor) {
  Sources sources;
  const std::string battery = sources.folder / "sys/class/power_supply/BAT0/";
  test::write(battery + "type", "Battery\n");
  test::write(battery + "status", "Discharging\n");
  test::write(battery + "power_now", "9000000\n");
  EXPECT_EQ(sources.names("auto"), "battery:ok");
  const std::string chip = sources.folder / "sys/class/hwmon/hwmon0/";
  test::write(chip + "name", "power_meter\n");
  test::write(chip + "power1_average", "9000000\n");
  test::write(chip + "power1_average_interval", "50\n");
  EXPECT_EQ(sources.names("auto"), "battery:ok") << "what it counts is not known";
  test::write(chip + "power1_oem_info", "Grace Power Socket 0\n");
  EXPECT_EQ(sources.names("auto"), "hwmon:ok");
  sources.add_rapl();
  EXPECT_EQ(sources.names("auto"), "rapl:ok");
}

TEST(OpenMeters, ACardThatCannotBeReadDoesNotVanish) {
  Sources sources;
  sources.add_rapl();
  sources.machine.nvml = FAKE_NVML;
  setenv("FAKE_NVML_DENIED", "1", 1);  // to tell of the first card
  const auto selected = select_meters("auto", sources.machine);
  unsetenv("FAKE_NVML_DENIED");
  ASSERT_EQ(selected.meters.size(), 3u);
  EXPECT_EQ(selected.meters[0]->info().name, "rapl");
  EXPECT_EQ(selected.meters[1]->info().scope, "GPU 00000000:17:00.0 Fake 0 (whole card)");
  EXPECT_EQ(selected.meters[1]->info().status, Status::denied);
}

TEST(RunMeters, NothingIsCountedTwice) {
  const auto beside = [](const std::vector<MeterInfo>& meters, const RunsOn& where) {
    std::string all;
    for (const std::string& why : beside_the_sum(meters, where)) {
      all += (all.empty() ? "" : "|") + why;
      if (why.empty()) all += "in";
    }
    return all;
  };
  const RunsOn cpu, gpu{.device = Device::cuda, .gpu = "0000:65:00.0"};
  const MeterInfo perf{.name = "perf", .domain = Domain::processors},
      rapl{.name = "rapl", .domain = Domain::processors},
      plug{.name = "stream", .domain = Domain::machine},
      battery{.name = "battery", .domain = Domain::machine},
      gone{.name = "battery", .domain = Domain::machine, .status = Status::absent, .reason = "-"},
      card{.name = "nvml", .domain = Domain::gpu, .gpu = "0000:65:00.0"},
      module{.name = "nvml", .domain = Domain::module, .gpu = "0000:65:00.0"};
  EXPECT_EQ(beside({perf, rapl, rapl}, cpu),
            "in|the processors are counted already, by perf|the processors are counted already, by "
            "perf");
  EXPECT_EQ(beside({rapl, rapl}, cpu), "in|the same meter is in the sum already");
  const MeterInfo socket{.name = "hwmon", .scope = "Esocket0", .domain = Domain::processors},
      other{.name = "hwmon", .scope = "Esocket1", .domain = Domain::processors};
  EXPECT_EQ(beside({socket, other}, cpu), "in|in") << "two packages by one source";
  EXPECT_EQ(beside({plug, battery, rapl}, cpu),
            "in|the machine is counted already, by stream|the meter of the machine counts it, too");
  EXPECT_EQ(beside({gone, rapl}, cpu), "it cannot be read: -|in");
  EXPECT_EQ(beside({gone}, cpu), "in") << "it was asked for, and says why";
  MeterInfo again = card;
  again.name = "hwmon";
  EXPECT_EQ(beside({rapl, card, again}, gpu), "in|in|another meter of the same card is in the sum");
  EXPECT_EQ(beside({rapl, module}, gpu), "the module's meter, nvml, counts it, too|in");
  EXPECT_EQ(beside({rapl, module}, cpu), "in|the run did not compute on a GPU");
}

TEST(OpenMeters, AllAreListedWhetherReadableOrNot) {
  Sources sources;
  sources.add_rapl();
  const auto all = all_meters(sources.machine);
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0]->info().name, "nvml");
  EXPECT_EQ(all[1]->info().name, "perf");
  EXPECT_EQ(all[2]->info().name, "rapl");
  EXPECT_TRUE(all[2]->available());
  EXPECT_TRUE(all[2]->info().update_period);
  EXPECT_EQ(all[3]->info().name, "rocm_smi");
  EXPECT_EQ(all[4]->info().name, "hwmon");
  EXPECT_EQ(all[5]->info().name, "battery");
}

TEST(OpenMeters, OtherNamesAreRefused) {
  for (const auto& [bad, meant] : std::map<std::string, std::string>{
           {"", ""}, {"nvidia", ""}, {"nvml:", "nvml"}, {"RAPL", "rapl"}, {"replay", ""}}) {
    EXPECT_EQ(test::error_of([&, &bad = bad] { open_meters(bad); }),
              str("meter: expected auto, nvml, nvml:ID, rocm_smi, rocm_smi:ID, perf, rapl, hwmon, "
                  "battery, stream:SPEC, replay:FILE or none, got '",
                  bad, "'", meant.empty() ? "" : "; did you mean '" + meant + "'?"));
  }
  EXPECT_EQ(test::data_error_of([] { open_meters("replay:/nowhere"); }),
            "/nowhere: cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace joule::energy
