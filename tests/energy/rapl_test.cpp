// SPDX-License-Identifier: MIT
#include "joule/energy/meters/rapl.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <random>
#include <vector>

#include "joule/energy/measurement.h"
#include "joule/energy/models/calibration.h"
#include "joule/energy/window.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

constexpr std::int64_t kMs = 1'000'000, kSecond = 1'000'000'000;
constexpr std::int64_t kRange = 262'143'328'850;  // microjoules, a common one

/// A folder of the kernel's power capping files, simulated time, and errors on demand.  The
/// counters themselves are in memory.
class Powercap {
 public:
  Powercap() : clock(kMs, 0) {
    machine.sysfs = folder.path().string();
    machine.clock = &clock;
    clock.alone = true;
    machine.read_file = [this](const std::string& path) -> FileText {
      if (!path.ends_with("/energy_uj")) return read_whole_file(path);
      const std::string zone = std::filesystem::path(path).parent_path().filename();
      if (all_denied) return {.error = EACCES};
      if (errors.contains(zone)) return {.error = errors.at(zone)};
      if (!energy.contains(zone)) return {.error = ENOENT};
      return {.text = energy.at(zone)};
    };
    std::filesystem::create_directories(folder.path() / "class/powercap/intel-rapl");
  }

  void add(const std::string& zone, const std::string& name, std::int64_t microjoules,
           std::int64_t range = kRange) {
    test::write(path(zone) + "/name", name + "\n");
    test::write(path(zone) + "/max_energy_range_uj", std::to_string(range) + "\n");
    set(zone, microjoules);
  }
  void set(const std::string& zone, std::int64_t microjoules) {
    energy[zone] = std::to_string(microjoules) + "\n";
  }
  std::string path(const std::string& zone) const { return folder / ("class/powercap/" + zone); }
  std::unique_ptr<Meter> open() const { return open_rapl(machine); }

  test::TemporaryFolder folder;
  test::SimulatedPower clock;
  Machine machine;
  std::map<std::string, std::string> energy;  // the energy_uj of a zone
  std::map<std::string, int> errors;          // and what happens instead
  bool all_denied = false;
};

/// The ticks of a window in which the zones go to these values, a second later.
std::int64_t ticks_after(Powercap& fake, Meter& meter,
                         const std::map<std::string, std::int64_t>& values) {
  Window window(meter);
  fake.clock.sleep_ns(kSecond);
  for (const auto& [zone, value] : values) fake.set(zone, value);
  return window.close().ticks();
}

TEST(Rapl, AddsPackagesAndDramAndNothingElse) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  fake.add("intel-rapl:0:0", "core", 500);
  fake.add("intel-rapl:0:1", "uncore", 100);
  fake.add("intel-rapl:0:2", "dram", 50);
  fake.add("intel-rapl:1", "package-1", 7000);
  fake.add("intel-rapl:1:0", "dram", 60);
  const auto meter = fake.open();
  ASSERT_TRUE(meter->available()) << meter->info().reason;
  EXPECT_EQ(meter->info().scope, "packages 0 and 1 + DRAM");
  EXPECT_EQ(meter->info().unit, Joules(1e-6));
  EXPECT_EQ(ticks_after(fake, *meter,
                        {{"intel-rapl:0", 1000 + 10'000},
                         {"intel-rapl:0:0", 500 + 9000},
                         {"intel-rapl:0:1", 100 + 900},
                         {"intel-rapl:0:2", 50 + 200},
                         {"intel-rapl:1", 7000 + 3000},
                         {"intel-rapl:1:0", 60 + 4}}),
            10'000 + 200 + 3000 + 4);
}

TEST(Rapl, SaysThePowerLimitsOfThePackagesWhereThereAreAny) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  fake.add("intel-rapl:0:0", "dram", 50);
  fake.add("intel-rapl:1", "package-1", 3000);
  test::write(fake.path("intel-rapl:1") + "/constraint_0_power_limit_uw", "125000000\n");
  test::write(fake.path("intel-rapl:0:0") + "/constraint_0_power_limit_uw", "15000000\n");
  EXPECT_EQ(fake.open()->info().remarks, std::vector<std::string>{"package 1: power limit 125 W"});
}

TEST(Rapl, WithoutDramItSaysSo) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  fake.add("intel-rapl:0:0", "core", 500);  // AMD
  const auto meter = fake.open();
  EXPECT_EQ(meter->info().scope, "package 0, without DRAM");
}

TEST(Rapl, LeavesOutPsysWhichContainsThePackages) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  fake.add("intel-rapl:1", "psys", 90'000);
  const auto meter = fake.open();
  EXPECT_EQ(meter->info().scope, "package 0, without DRAM");
  EXPECT_EQ(meter->info().remarks,
            std::vector<std::string>{"psys is left out: it contains the packages"});
  EXPECT_EQ(ticks_after(fake, *meter, {{"intel-rapl:0", 1500}, {"intel-rapl:1", 99'000}}), 500);
}

TEST(Rapl, PsysAloneIsNotKnownToBeAnything) {
  Powercap fake;
  fake.add("intel-rapl:0", "psys", 1000);
  const auto meter = fake.open();
  ASSERT_TRUE(meter->available()) << meter->info().reason;
  EXPECT_EQ(meter->info().domain, Domain::unknown);
  EXPECT_EQ(meter->info().scope,
            "psys, the platform: what that is, the maker of the board decides");
  EXPECT_EQ(ticks_after(fake, *meter, {{"intel-rapl:0", 1500}}), 500);
}

TEST(Rapl, MmioIsReadWhereThereIsNoOtherPackage) {
  Powercap fake;
  fake.add("intel-rapl:0", "psys", 9);
  fake.add("intel-rapl-mmio:0", "package-0", 1000);
  const auto meter = fake.open();
  EXPECT_EQ(meter->info().scope, "package 0, without DRAM");
  EXPECT_EQ(meter->info().domain, Domain::processors);
  EXPECT_EQ(meter->info().remarks,
            std::vector<std::string>{"read by intel-rapl-mmio: there is no package in intel-rapl"});
  EXPECT_EQ(ticks_after(fake, *meter, {{"intel-rapl:0", 99'000}, {"intel-rapl-mmio:0", 1500}}),
            500);
}

TEST(Rapl, LeavesOutMmioWhichIsTheSameCounterAgain) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  fake.add("intel-rapl-mmio:0", "package-0", 1000);
  const auto meter = fake.open();
  EXPECT_EQ(
      meter->info().remarks,
      std::vector<std::string>{"intel-rapl-mmio is left out: the same counters by another way"});
  EXPECT_EQ(ticks_after(fake, *meter, {{"intel-rapl:0", 1500}, {"intel-rapl-mmio:0", 1500}}), 500);
}

TEST(Rapl, AddsTheDiesOfAPackage) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0-die-0", 1000);
  fake.add("intel-rapl:0:0", "dram", 10);
  fake.add("intel-rapl:1", "package-0-die-1", 5000);
  fake.add("intel-rapl:1:0", "dram", 20);
  const auto meter = fake.open();
  EXPECT_EQ(meter->info().scope, "package 0 + DRAM");
  EXPECT_TRUE(meter->info().remarks.empty());
  EXPECT_EQ(ticks_after(fake, *meter,
                        {{"intel-rapl:0", 1100},
                         {"intel-rapl:0:0", 13},
                         {"intel-rapl:1", 5200},
                         {"intel-rapl:1:0", 24}}),
            100 + 3 + 200 + 4);
}

TEST(Rapl, CountsAMirroredDieOnce) {
  Powercap fake;
  for (int die = 0; die < 3; ++die) {
    fake.add("intel-rapl:" + std::to_string(die), "package-0-die-" + std::to_string(die), 4711);
  }
  fake.add("intel-rapl:3", "package-1-die-0", 4711);  // another package may show the same by chance
  const auto meter = fake.open();
  EXPECT_EQ(meter->info().scope, "packages 0 and 1, without DRAM");
  EXPECT_EQ(meter->info().remarks,
            std::vector<std::string>{"left out: 2 zones that mirror the counter of another die"});
  EXPECT_EQ(ticks_after(fake, *meter,
                        {{"intel-rapl:0", 4811},
                         {"intel-rapl:1", 4811},
                         {"intel-rapl:2", 4811},
                         {"intel-rapl:3", 4721}}),
            100 + 10);
}

TEST(Rapl, AMirrorIsRecognisedWhileItMovesAndAcrossAWrap) {
  for (const std::int64_t start : {std::int64_t{1000}, kRange - 3, kRange - 4}) {
    Powercap fake;
    fake.add("intel-rapl:0", "package-0-die-0", 1);
    fake.add("intel-rapl:1", "package-0-die-1", 1);
    std::int64_t counter = start;  // both zones show it, and it moves with every look
    fake.machine.read_file = [&](const std::string& path) -> FileText {
      if (!path.ends_with("/energy_uj")) return read_whole_file(path);
      return {.text = std::to_string(counter++ % kRange)};
    };
    EXPECT_EQ(fake.open()->info().remarks,
              std::vector<std::string>{"left out: 1 zone that mirrors the counter of another die"});
  }
}

TEST(Rapl, DiesThatMoveAPartOfAMillisecondApartAreMirrors) {
  // 80 W in steps of a millisecond; the other die shows them 100 to 500 us later, or is another.
  for (const std::int64_t late_us : {100, 250, 500, -1}) {
    Powercap fake;
    for (int die = 0; die < 2; ++die) {
      fake.add(str("intel-rapl:", die), str("package-0-die-", die), 0);
    }
    fake.machine.read_file = [&](const std::string& path) -> FileText {
      if (!path.ends_with("/energy_uj")) return read_whole_file(path);
      fake.clock.sleep_ns(7'000);  // a look takes a while
      const bool second = path.find("intel-rapl:1") != std::string::npos;
      const std::int64_t late = second ? std::max<std::int64_t>(late_us, 0) * 1000 : 0;
      const std::int64_t steps = (fake.clock.now_ns() - late) / kMs;
      const std::int64_t other = second && late_us < 0 ? 5'000'000'000 : 0;
      return {.text = std::to_string(80'000 * steps + other)};
    };
    for (int opened = 0; opened < 50; ++opened) {  // at any phase
      fake.clock.sleep_ns(37'000);
      EXPECT_EQ(fake.open()->info().remarks.size(), late_us < 0 ? 0u : 1u) << late_us;
    }
  }
}

TEST(Rapl, ZonesAreNumberedInHexadecimal) {
  Powercap fake;
  std::map<std::string, std::int64_t> after;
  for (int i = 0; i < 18; ++i) {
    char zone[32];
    std::snprintf(zone, sizeof zone, "intel-rapl:%x", i);
    fake.add(zone, "package-" + std::to_string(i), 1000 * (i + 1));
    fake.add(std::string(zone) + ":a", "dram", 17 * (i + 1));
    after[zone] = 1000 * (i + 1) + 100;
    after[std::string(zone) + ":a"] = 17 * (i + 1) + 1;
  }
  const auto meter = fake.open();
  EXPECT_NE(meter->info().scope.find("9, 10, 11, 12, 13, 14, 15, 16 and 17 + DRAM"),
            std::string::npos)
      << meter->info().scope;
  EXPECT_EQ(ticks_after(fake, *meter, after), 18 * 101);
}

TEST(Rapl, AWrapAtAnyOffsetGivesTheSameEnergy) {
  std::mt19937_64 random(7);
  const std::vector<std::int64_t> steps = {1, 30'000'000, 999, 0, 55'000'000, 123'456};
  std::int64_t sum = 0;
  for (const std::int64_t step : steps) sum += step;
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 0);
  for (int offset = 0; offset < 200; ++offset) {
    // From just before the wrap to well before it, and 20 anywhere.
    std::int64_t at =
        offset < 180 ? kRange - 1 - offset * 600'000 : static_cast<std::int64_t>(random() % kRange);
    fake.set("intel-rapl:0", at);
    const auto meter = fake.open();
    Window window(*meter);
    std::int64_t laps = 0;
    for (const std::int64_t step : steps) {
      fake.clock.sleep_ns(kSecond);
      at = (at + step) % kRange;
      fake.set("intel-rapl:0", at);
      laps += window.lap().ticks();
    }
    EXPECT_EQ(laps, sum);
    EXPECT_EQ(window.close().ticks(), sum) << "from " << at;
  }
}

TEST(Rapl, ManyWrapsInALongWindow) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 0);
  const auto meter = fake.open();
  EXPECT_LE(*meter->info().sample_period, Seconds(60));
  Window window(*meter);
  std::int64_t total = 0;
  for (int minute = 0; minute < 60; ++minute) {  // 400 W for an hour: five and a half ranges
    fake.clock.sleep_ns(60 * kSecond);
    total += 24'000'000'000;
    fake.set("intel-rapl:0", total % kRange);
    meter->read(Purpose::background);
  }
  EXPECT_EQ(window.close().ticks(), total);
  EXPECT_GT(total, 5 * kRange);
}

TEST(Rapl, AGapInWhichItMayHaveWrappedUnseenIsAReset) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  const auto meter = fake.open();
  Window window(*meter);
  fake.clock.sleep_ns(300 * kSecond);
  fake.set("intel-rapl:0", 2000);
  EXPECT_EQ(window.close().problem(),
            fake.path("intel-rapl:0") +
                "/energy_uj: was not read for 300 s and may have wrapped more than once, "
                "300 s after the window began");
  EXPECT_EQ(ticks_after(fake, *meter, {{"intel-rapl:0", 2500}}), 500) << "later windows are fine";
}

TEST(Rapl, GoingBackwardsByMoreThanAWrapCanExplainIsAReset) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", kRange / 2);
  const auto meter = fake.open();
  Window window(*meter);
  fake.clock.sleep_ns(kSecond);
  fake.set("intel-rapl:0", 0);
  EXPECT_NE(window.close().problem().find(
                "went backwards, from 131071664425 to 0 uJ; a wrap within 1 s would mean more than "
                "1000 W (a reset)"),
            std::string::npos);
}

TEST(Rapl, AWrapIsInDoubtByWhatCanBeDrawnMeanwhile) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", kRange - 10'000'000);
  const auto meter = fake.open();
  EXPECT_NEAR(meter->info().sample_period->value(), 0.262143, 1e-6)
      << "a thousandth of the shortest wrap";
  Window window(*meter);
  fake.clock.sleep_ns(kSecond);
  fake.set("intel-rapl:0", 10'000'000);
  const Interval whole = window.close();
  EXPECT_EQ(whole.ticks(), 20'000'000) << "as a wrap";
  EXPECT_EQ(whole.end.doubt - whole.begin.doubt, 1'010'000'000) << "1 kW for 1 s and 10 ms";
  meter->set_update_period(Seconds(0.001));
  const auto gross = measure(meter->info(), whole, no_idle_power("-")).gross;
  EXPECT_NE(gross.reason().find("unresolved"), std::string::npos) << "20 J +- 1 kJ say nothing";
  Window after(*meter);
  fake.clock.sleep_ns(kSecond);
  fake.set("intel-rapl:0", 40'000'000);
  const Interval later = after.close();
  EXPECT_EQ(later.end.doubt - later.begin.doubt, 0);
}

TEST(Rapl, AJumpThatNoPowerExplainsIsAReset) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  const auto meter = fake.open();
  Window window(*meter);
  fake.clock.sleep_ns(kSecond);
  fake.set("intel-rapl:0", 200'000'001'000);
  EXPECT_EQ(window.close().problem(),
            fake.path("intel-rapl:0") +
                "/energy_uj: jumped from 1000 to 200000001000 uJ in 1 s: more "
                "than 1000 W, 1 s after the window began");
}

TEST(Rapl, ItsEnabledLimitsSayWhatItCanDraw) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", kRange - 100'000'000);
  test::write(fake.path("intel-rapl:0") + "/constraint_0_power_limit_uw", "15000000\n");
  test::write(fake.path("intel-rapl:0") + "/constraint_1_power_limit_uw", "24000000\n");
  test::write(fake.path("intel-rapl:0") + "/enabled", "1\n");
  const auto problem = [&] {
    fake.set("intel-rapl:0", kRange - 100'000'000);
    const auto meter = fake.open();
    Window window(*meter);
    fake.clock.sleep_ns(kSecond);
    fake.set("intel-rapl:0", 50'000'000);  // 150 J in 1 s, if it was a wrap
    return window.close().problem();
  };
  EXPECT_NE(problem().find("would mean more than 100 W (a reset)"), std::string::npos) << problem();
  test::write(fake.path("intel-rapl:0") + "/enabled", "0\n");
  EXPECT_EQ(problem(), "") << "a limit that is off limits nothing";
}

TEST(Rapl, DeniedIsNotAbsent) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  fake.all_denied = true;
  const auto meter = fake.open();
  EXPECT_EQ(meter->info().status, Status::denied);
  EXPECT_EQ(meter->info().reason, "present but root-only since Linux 5.10 (CVE-2020-8694): " +
                                      fake.path("intel-rapl:0") + "/energy_uj: Permission denied");
  EXPECT_NE(meter->info().remedy.find("run as root"), std::string::npos);
}

TEST(Rapl, OneZoneThatIsDeniedIsEnough) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  fake.add("intel-rapl:0:0", "dram", 1000);
  fake.errors["intel-rapl:0:0"] = EACCES;
  EXPECT_EQ(fake.open()->info().status, Status::denied) << "half of a scope is none";
}

TEST(Rapl, AbsentSaysWhatToDo) {
  Powercap fake;
  const auto meter = fake.open();
  EXPECT_EQ(meter->info().status, Status::absent);
  EXPECT_EQ(meter->info().reason, "there is no package in " + fake.folder.path().string() +
                                      "/class/powercap/intel-rapl:*");
  EXPECT_NE(meter->info().remedy.find("virtual machine"), std::string::npos);
  fake.machine.sysfs = fake.folder / "nowhere";
  EXPECT_EQ(fake.open()->info().status, Status::absent);
  fake.machine.sysfs = fake.folder.path().string();
}

TEST(Rapl, AnErrorInTheMiddleIsNeitherZeroNorAWrap) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1'000'000);
  fake.add("intel-rapl:1", "package-1", 2'000'000);
  const auto meter = fake.open();
  Window window(*meter);
  fake.clock.sleep_ns(2 * kSecond);
  fake.errors["intel-rapl:1"] = EIO;
  const std::string problem = window.lap().problem();
  EXPECT_EQ(problem.find(fake.path("intel-rapl:1") + "/energy_uj: Input/output error, 2.4"), 0u)
      << "asked for .4 s: " << problem;
  fake.errors.clear();
  fake.clock.sleep_ns(kSecond);
  fake.set("intel-rapl:0", 1'000'500);
  EXPECT_NE(window.lap().problem(), "") << "it began with the failed reading";
  EXPECT_EQ(window.close().ticks(), 500) << "the counters have lost nothing";
}

TEST(Rapl, AFileThatVanishesOrHoldsNonsense) {
  for (const char* content : {"", "12a4\n", "-5\n", "99999999999999999999\n"}) {
    Powercap fake;
    fake.add("intel-rapl:0", "package-0", 1000);
    const auto meter = fake.open();
    Window window(*meter);
    fake.energy["intel-rapl:0"] = content;
    EXPECT_NE(window.close().problem().find("expected a number of microjoules, got '"),
              std::string::npos);
    EXPECT_EQ(fake.open()->info().status, Status::failed);
  }
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000);
  const auto meter = fake.open();
  Window window(*meter);
  fake.energy.clear();
  EXPECT_NE(window.close().problem().find("energy_uj: No such file or directory"),
            std::string::npos);
}

TEST(Rapl, ARangeOfZeroIsRefused) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0", 1000, 0);
  EXPECT_EQ(fake.open()->info().reason,
            fake.path("intel-rapl:0") + "/max_energy_range_uj: expected more than 0");
}

TEST(Rapl, ACounterThatNothingDrivesIsGivenUp) {
  Powercap fake;
  fake.add("intel-rapl:0", "package-0-die-0", 0);
  fake.add("intel-rapl:1", "package-0-die-1", 0);
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(fake.open());
  EXPECT_TRUE(meters[0]->info().remarks.empty()) << "two zeros are no mirror";
  calibrate(meters);
  EXPECT_EQ(meters[0]->info().reason, "the counter does not move (it was watched for 2 s)");
}

TEST(Rapl, TheOrderOfZonesDoesNotMatter) {
  std::vector<int> order = {0, 1, 2, 3};
  do {
    Powercap fake;
    for (const int i : order) {
      fake.add("intel-rapl:" + std::to_string(i), "package-" + std::to_string(i), 100 * (i + 1));
    }
    const auto meter = fake.open();
    EXPECT_EQ(meter->info().scope, "packages 0, 1, 2 and 3, without DRAM");
    EXPECT_EQ(ticks_after(fake, *meter, {{"intel-rapl:0", 101}, {"intel-rapl:3", 500}}), 101);
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace joule::energy
