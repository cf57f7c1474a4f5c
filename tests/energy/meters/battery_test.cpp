// SPDX-License-Identifier: MIT
#include "joule/energy/meters/sensors/battery.h"

#include <gtest/gtest.h>

#include "joule/energy/measurement.h"
#include "joule/energy/window.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/simulated_power.h"

namespace joule::energy {
namespace {

constexpr std::int64_t kMs = 1'000'000;

class Laptop {
 public:
  Laptop() : clock(kMs, 0) {
    machine.sysfs = folder.path().string();
    machine.clock = &clock;
    clock.alone = true;
    set("AC/type", "Mains");
    set("mouse/type", "Battery");
    set("mouse/scope", "Device");
    set("mouse/power_now", "77");
  }
  void set(const std::string& file, const std::string& text) const {
    test::write(folder / ("class/power_supply/" + file), text + "\n");
  }
  void add(const std::string& battery, const std::string& status = "Discharging") const {
    set(battery + "/type", "Battery");
    set(battery + "/status", status);
  }
  /// What a window of five seconds comes to.
  Interval five_seconds(Meter& meter) {
    Window window(meter);
    for (int i = 0; i < 5; ++i) {
      clock.sleep_ns(1000 * kMs);
      meter.read(Purpose::background);
    }
    return window.close();
  }

  test::TemporaryFolder folder;
  test::SimulatedPower clock;
  Machine machine;
};

TEST(Battery, IsTheWholeMachineByItsPower) {
  Laptop laptop;
  laptop.add("BAT0");
  laptop.set("BAT0/power_now", "12500000");
  laptop.add("BAT1", "Unknown");  // the other one waits
  laptop.set("BAT1/power_now", "99");
  const auto meter = open_battery(laptop.machine);
  ASSERT_TRUE(meter->available()) << meter->info().reason;
  EXPECT_EQ(meter->info().scope, "the whole machine, as 2 batteries give it");
  EXPECT_EQ(meter->info().domain, Domain::machine);
  const Interval window = laptop.five_seconds(*meter);
  EXPECT_EQ(window.ticks(), 62'500'000) << "microjoules";
  EXPECT_EQ(measure(meter->info(), window, no_idle_power("-")).gross.quality(), Quality::sampled);
}

TEST(Battery, OfVoltsAndAmperes) {
  Laptop laptop;
  laptop.add("BAT0");
  laptop.set("BAT0/voltage_now", "12000000");
  laptop.set("BAT0/current_now", "1500000");
  const auto meter = open_battery(laptop.machine);
  EXPECT_EQ(laptop.five_seconds(*meter).ticks(), 90'000'000) << "18 W for 5 s";
}

TEST(Battery, OfWhatIsLeft) {
  Laptop laptop;
  laptop.add("BAT0");
  laptop.set("BAT0/energy_now", "50000000");
  const auto meter = open_battery(laptop.machine);
  ASSERT_TRUE(meter->available()) << meter->info().reason;
  EXPECT_EQ(meter->info().unit, Joules(0.0036)) << "a microwatt-hour";
  EXPECT_FALSE(meter->info().integrates_power);
  Window window(*meter);
  laptop.clock.sleep_ns(600'000 * kMs);
  laptop.set("BAT0/energy_now", "48000000");
  EXPECT_EQ(window.close().ticks(), 2'000'000);
}

TEST(Battery, OnMainsPowerTellsNothing) {
  Laptop laptop;
  laptop.add("BAT0", "Charging");
  laptop.set("BAT0/power_now", "45000000");
  const auto plugged = open_battery(laptop.machine);
  EXPECT_EQ(plugged->info().status, Status::absent);
  EXPECT_EQ(plugged->info().reason,
            "no battery discharges (BAT0: Charging): what the machine draws comes from the mains");
  EXPECT_EQ(plugged->info().remedy, "unplug the charger");
}

TEST(Battery, WhatWasDrawnFromTheMainsIsLostHoweverBriefItWas) {
  Laptop laptop;
  laptop.add("BAT0");
  laptop.set("BAT0/power_now", "12500000");
  const auto meter = open_battery(laptop.machine);
  Window window(*meter);
  laptop.clock.sleep_ns(1000 * kMs);
  laptop.set("BAT0/status", "Charging");
  EXPECT_EQ(meter->read(Purpose::background).status, Status::failed);
  laptop.clock.sleep_ns(1000 * kMs);
  laptop.set("BAT0/status", "Discharging");
  EXPECT_EQ(window.close().problem(),
            "no battery discharges (BAT0: Charging): what the machine draws comes from the mains, "
            "2 s after the window began");
  EXPECT_EQ(laptop.five_seconds(*meter).ticks(), 62'500'000) << "later windows are good";
}

TEST(Battery, AMachineWithoutOneSaysSo) {
  Laptop laptop;
  EXPECT_EQ(open_battery(laptop.machine)->info().status, Status::absent);
  laptop.add("BAT0");
  EXPECT_NE(open_battery(laptop.machine)->info().reason.find("energy_now: No such file"),
            std::string::npos)
      << "neither power nor energy";
}

}  // namespace
}  // namespace joule::energy
