// SPDX-License-Identifier: MIT
#include "joule/energy/meters/sensors/hwmon.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "joule/energy/measurement.h"
#include "joule/energy/models/calibration.h"
#include "joule/energy/window.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

constexpr std::int64_t kMs = 1'000'000;

/// A folder of chips, simulated time, and errors on demand.
class Chips {
 public:
  Chips() : clock(kMs, 0) {
    machine.sysfs = folder.path().string();
    machine.clock = &clock;
    clock.alone = true;
    machine.read_file = [this](const std::string& path) -> FileText {
      const std::string file =
          path.substr(machine.sysfs.size() + std::string("/class/hwmon/").size());
      if (errors.contains(file)) return {.error = errors.at(file)};
      return read_whole_file(path);
    };
  }
  /// "hwmon0/name".
  void set(const std::string& file, const std::string& text) const {
    test::write(folder / ("class/hwmon/" + file), text + "\n");
  }
  std::vector<std::unique_ptr<Meter>> open() const { return open_hwmon(machine); }
  /// "amd_energy Esocket0: package 0, without DRAM [processors]", one per meter.
  std::string seen() const {
    std::string all;
    for (const auto& meter : open()) {
      const MeterInfo& info = meter->info();
      all += str(all.empty() ? "" : "\n", info.scope.empty() ? info.reason : info.scope, " [",
                 name(info.domain), "]");
    }
    return all;
  }

  test::TemporaryFolder folder;
  test::SimulatedPower clock;
  Machine machine;
  std::map<std::string, int> errors;
};

TEST(Hwmon, WithoutAChipSaysWhatToDo) {
  Chips chips;
  EXPECT_EQ(chips.seen(), "no chip in " + chips.folder.path().string() +
                              "/class/hwmon tells power or energy "
                              "[unknown]");
  chips.set("hwmon0/name", "coretemp");
  chips.set("hwmon0/temp1_input", "40000");
  const auto meters = chips.open();
  EXPECT_EQ(meters[0]->info().status, Status::absent);
  EXPECT_NE(meters[0]->info().remedy.find("--sysfs"), std::string::npos);
}

TEST(Hwmon, AmdEnergyCountsSocketsAndNotTheCoresInThem) {
  Chips chips;
  chips.set("hwmon3/name", "amd_energy");
  for (int i = 1; i <= 4; ++i) {
    chips.set(str("hwmon3/energy", i, "_input"), "1000");
    chips.set(str("hwmon3/energy", i, "_label"),
              i < 3 ? str("Ecore00", i - 1) : str("Esocket", i - 3));
  }
  EXPECT_EQ(chips.seen(),
            "amd_energy Esocket0: package 0, without DRAM [processors]\n"
            "amd_energy Esocket1: package 1, without DRAM [processors]");
  const auto meters = chips.open();
  Window window(*meters[1]);
  chips.clock.sleep_ns(1000 * kMs);
  chips.set("hwmon3/energy4_input", "5001000");
  chips.set("hwmon3/energy1_input", "9999999");
  EXPECT_EQ(window.close().ticks(), 5'000'000) << "microjoules";
  EXPECT_EQ(meters[1]->info().unit, Joules(1e-6));
  EXPECT_FALSE(meters[1]->info().integrates_power) << "a counter is measured, not sampled";
}

TEST(Hwmon, GraceIsItsSocketWithItsRailsInIt) {
  Chips chips;
  const char* const labels[] = {"Module Power Socket 0", "Grace Power Socket 0",
                                "CPU Power Socket 0", "SysIO Power Socket 0"};
  for (int i = 0; i < 4; ++i) {
    chips.set(str("hwmon", i, "/name"), "power_meter");
    chips.set(str("hwmon", i, "/device/power1_average"), "100000000");  // as older kernels have it
    chips.set(str("hwmon", i, "/device/power1_oem_info"), labels[i]);
    chips.set(str("hwmon", i, "/device/power1_average_interval"), "50");
  }
  EXPECT_EQ(chips.seen(),
            "power_meter Module Power Socket 0: the whole module: Grace, its GPU, and their memory "
            "[module]\n"
            "power_meter Grace Power Socket 0: the Grace processor and its memory [processors]");
  EXPECT_EQ(chips.open()[1]->info().update_period, Seconds(0.05));
}

TEST(Hwmon, AnAcpiMeterOfWhoKnowsWhatIsInNoSum) {
  Chips chips;
  chips.set("hwmon1/name", "power_meter");
  chips.set("hwmon1/power1_average", "260000000");
  EXPECT_EQ(chips.seen(), "power_meter power1_average: what the firmware attached it to [unknown]");
}

TEST(Hwmon, GraphicsCardsAreKnownByTheirBusId) {
  Chips chips;
  chips.set("hwmon0/name", "xe");
  chips.set("hwmon0/device/uevent", "DRIVER=xe\nPCI_SLOT_NAME=0000:03:00.0\nMODALIAS=x");
  chips.set("hwmon0/energy1_input", "10");
  chips.set("hwmon0/energy2_input", "20");
  chips.set("hwmon0/power1_max", "190000000");
  chips.set("hwmon1/name", "i915");
  chips.set("hwmon1/energy2_input", "20");
  chips.set("hwmon2/name", "amdgpu");
  chips.set("hwmon2/power1_average", "95000000");
  chips.set("hwmon2/power1_input", "99000000");
  chips.set("hwmon2/power1_label", "PPT");
  chips.set("hwmon3/name", "amdgpu");
  chips.set("hwmon3/power1_input", "15000000");
  chips.set("hwmon3/power1_label", "fastPPT");
  EXPECT_EQ(chips.seen(),
            "xe 0000:03:00.0 energy1_input: a GPU, the whole card as its driver tells [gpu]\n"
            "i915 energy2_input: the package of a GPU, without the rest of its card [gpu]\n"
            "amdgpu PPT: a GPU, the whole card as its driver tells [gpu]\n"
            "amdgpu fastPPT: an APU: processors and GPU together [unknown]");
  const auto meters = chips.open();
  EXPECT_EQ(meters[0]->info().gpu, "0000:03:00.0");
  EXPECT_EQ(meters[0]->info().most, Watts(380)) << "twice its limit";
  EXPECT_EQ(meters[0]->info().remarks[1], "left out: energy2_input: in it, or the same again");
  EXPECT_FALSE(meters[2]->info().samples_moments) << "an average";
  EXPECT_TRUE(meters[3]->info().samples_moments) << "an input";
}

TEST(Hwmon, AJetsonIsItsInputAndElseNotKnown) {
  Chips chips;
  chips.set("hwmon0/name", "ina3221");
  const char* const labels[] = {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"};
  for (int i = 1; i <= 3; ++i) {
    chips.set(str("hwmon0/in", i, "_label"), labels[i - 1]);
    chips.set(str("hwmon0/in", i, "_input"), "5000");
    chips.set(str("hwmon0/curr", i, "_input"), str(400 * (4 - i)));
  }
  chips.set("hwmon0/curr1_crit", "4000");
  EXPECT_EQ(chips.seen(),
            "ina3221 VDD_IN: the whole Jetson module at its input, without its carrier board "
            "[machine]");
  {
    const auto meters = chips.open();
    MeterInfo info = meters[0]->info();
    EXPECT_EQ(info.remarks[1], "left out: VDD_CPU_GPU_CV, VDD_SOC: they are in it");
    EXPECT_EQ(info.most, Watts(40)) << "twice 5 V at 4 A";
    meters[0]->read();
    Window window(*meters[0]);
    for (int i = 0; i < 20; ++i) {
      chips.clock.sleep_ns(100 * kMs);
      meters[0]->read(Purpose::background);
    }
    EXPECT_EQ(window.close().ticks(), 12'000'000) << "5 V at 1.2 A for 2 s, in microjoules";
  }
  chips.set("hwmon0/in1_label", "VIN_SYS_5V0");
  EXPECT_EQ(chips.open().size(), 3u);
  EXPECT_EQ(chips.open()[0]->info().domain, Domain::unknown);
}

TEST(Hwmon, AnAverageMissesNothingAndAMomentIsBoundedByItsLimit) {
  Chips chips;
  chips.set("hwmon0/name", "anything");
  chips.set("hwmon0/power1_average", "10000000");
  chips.set("hwmon0/power1_average_interval", "100");
  chips.set("hwmon1/name", "other");
  chips.set("hwmon1/power1_input", "10000000");
  chips.set("hwmon1/power1_max", "15000000");
  chips.set("hwmon1/update_interval", "100");
  chips.set("hwmon2/name", "third");
  chips.set("hwmon2/power1_input", "10000000");
  chips.set("hwmon2/update_interval", "100");
  const auto meters = chips.open();
  ASSERT_EQ(meters.size(), 3u);
  std::vector<Figure<Joules>> gross;
  for (const auto& meter : meters) {
    meter->read();
    Window window(*meter);
    for (int i = 0; i < 20; ++i) {
      chips.clock.sleep_ns(100 * kMs);
      meter->read(Purpose::background);
    }
    gross.push_back(measure(meter->info(), window.close(), no_idle_power("-")).gross);
    EXPECT_EQ(gross.back().value(), Joules(20));
    EXPECT_EQ(gross.back().quality(), Quality::sampled);
  }
  const double edges = 4 * 0.1 * 10 + 1e-6;
  EXPECT_NEAR(gross[0].uncertainty()->value(), edges, 1e-9) << "two periods per edge";
  EXPECT_NEAR(gross[1].uncertainty()->value(), edges + 2 * 20, 1e-9) << "30 W at most, 10 W seen";
  EXPECT_EQ(gross[2].uncertainty(), std::nullopt) << "nothing bounds it";
}

TEST(Hwmon, DeniedSaysHowAndARubbishReadingIsAskedAgain) {
  Chips chips;
  chips.set("hwmon0/name", "power_meter");
  chips.set("hwmon0/power1_average", "10000000");
  chips.errors["hwmon0/power1_average"] = EACCES;
  const auto denied = chips.open();
  EXPECT_EQ(denied[0]->info().status, Status::denied);
  EXPECT_NE(denied[0]->info().remedy.find("sudo chmod a+r "), std::string::npos);
  chips.errors.clear();
  const auto meter = std::move(chips.open()[0]);
  meter->read();
  chips.set("hwmon0/power1_average", "999999999999999");
  EXPECT_NE(meter->read().reason.find("999999999999999 microwatts is more than any machine draws"),
            std::string::npos);
  chips.set("hwmon0/power1_average", "10000000");
  EXPECT_EQ(meter->read().status, Status::ok);
}

}  // namespace
}  // namespace joule::energy
