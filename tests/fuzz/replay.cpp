// SPDX-License-Identifier: MIT
#include "joule/energy/meters/replay.h"

#include "joule/core/error.h"
#include "joule/energy/measurement.h"
#include "joule/energy/window.h"
#include "joule/tests/fuzz/reader.h"

namespace joule::fuzz {
namespace {

void read(std::string_view bytes) {
  try {
    const auto meter = energy::replay_meter(bytes, "trace.jsonl");
    energy::Window window(*meter);
    const auto interval = window.close();
    energy::measure(meter->info(), interval, energy::no_idle_power("-"));
  } catch (const DataError&) {
  }
}

std::vector<std::string> seeds() {
  const std::string head =
      R"({"joule_trace":1,"meter":"rapl","scope":"package 0","joules_per_tick":1e-06,)"
      R"("systematic":0,"update_period_s":0.001})"
      "\n";
  return {head,
          head + R"({"ns":100,"ticks":5})"
                 "\n"
                 R"({"ns":2000000100,"ticks":4000005,"reset":"wrapped"})",
          head + R"({"ns":1,"ticks":0,"integral_uj":5,"integral_samples":2,"background":true})"
                 "\n"
                 R"({"ns":5000000000,"failure":"gone"})"
                 "\n"
                 R"({"ns":9000000000,"ticks":3})"};
}

}  // namespace

const Reader kReplay{.name = "replay", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
