// SPDX-License-Identifier: MIT
#pragma once

#include "joule/training/energy/energy_account.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "joule/data/synthetic.h"
#include "joule/energy/json/json.h"
#include "joule/energy/models/cost_model.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"
#include "joule/tests/support/small_runs.h"
#include "joule/training/energy/energy_prediction.h"
#include "joule/training/energy/run_energy.h"
#include "joule/training/run/choice.h"
#include "joule/training/run/summary.h"
#include "joule/training/run/summary_json.h"
#include "joule/training/trainer.h"

// What energy_account_test and energy_choice_test share.
namespace joule::training::energy_account_cases {

using energy::Figure;

using energy::Joules;

using energy::Seconds;

using energy::Watts;

using test::error_of;

using test::SimulatedMeter;

using test::SimulatedPower;

using test::small_data;

inline constexpr std::int64_t kMs = 1'000'000;

/// A simulated machine, and the one meter of it.
struct Bench {
  SimulatedPower power{kMs, 10'000};  // 10 W
  std::shared_ptr<Metering> metering;
  SimulatedMeter* meter = nullptr;

  explicit Bench(energy::MeterInfo info = SimulatedMeter::usual()) {
    auto owned = std::make_unique<SimulatedMeter>(power, std::move(info));
    meter = owned.get();
    energy::Meters meters;
    meters.push_back(std::move(owned));
    metering = std::make_shared<Metering>(energy::charge(std::move(meters), {}));
  }
};

inline Config config_of(std::int64_t epochs) {
  return {.model = "lenet5",
          .data = "synthetic",
          .validation = 0,
          .epochs = epochs,
          .batch = 16,
          .deterministic = true};
}

/// Every step takes 100 ms; the bench's clock moves nowhere else.
inline Hooks hundred_ms_a_step(Bench& bench) {
  return {.on_progress = [&bench](const Progress&) { bench.power.sleep_ns(100 * kMs); }};
}

inline std::int64_t ticks(const PartEnergy& part) { return part.measured.at(0).ticks; }

}  // namespace joule::training::energy_account_cases
