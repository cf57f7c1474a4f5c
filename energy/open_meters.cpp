// SPDX-License-Identifier: MIT
#include "joule/energy/open_meters.h"

#include <iterator>
#include <utility>

#include "joule/core/error.h"
#include "joule/energy/meters/none.h"
#include "joule/energy/meters/nvml.h"
#include "joule/energy/meters/perf.h"
#include "joule/energy/meters/rapl.h"
#include "joule/energy/meters/replay.h"
#include "joule/energy/models/calibration.h"
#include "joule/energy/run_meters.h"
#include "joule/io/nearest.h"

namespace joule::energy {
namespace {

template <class... Ms>
Meters listed(Ms... meters) {
  Meters list;
  (list.push_back(std::move(meters)), ...);
  return list;
}

/// What `auto` takes, and what it would have taken if it could be read.
struct Choice {
  Meters chosen;
  std::vector<MeterInfo> unread;
};

/// The readable ones of all sources; of perf and rapl, which are the same counters, one.
Choice choose(Meters all, const Machine& machine) {
  Choice choice;
  std::string why;
  bool processors = false;
  for (auto& meter : all) {
    const MeterInfo& info = meter->info();
    const bool again = info.name == "rapl" && processors;
    if (meter->available() && !again) {
      processors = processors || info.name == "perf";
      choice.chosen.push_back(std::move(meter));
    } else if (!meter->available()) {
      choice.unread.push_back(info);
      why += str(why.empty() ? "" : "; ", info.name, ": ", info.reason);
    }
  }
  if (!choice.chosen.empty()) return choice;
  return {.chosen = listed(unreadable_meter(machine, "auto", Status::absent,
                                            "no source can be read: " + why,
                                            "joule info says for each source what to do"))};
}

}  // namespace

Meters all_meters(const Machine& machine) {
  Meters all = open_nvml(machine);
  all.push_back(open_perf(machine));
  all.push_back(open_rapl(machine));
  calibrate(all);
  return all;
}

Meters open_meters(const std::string& selection, const Machine& machine) {
  constexpr std::string_view kReplay = "replay:", kGpu = "nvml:";
  if (selection == "auto") return choose(all_meters(machine), machine).chosen;
  if (selection == "none") return listed(no_meter(machine));
  if (selection.starts_with(kReplay)) {
    return listed(open_replay(selection.substr(kReplay.size())));
  }
  Meters meters;
  if (selection == "nvml") {
    meters = open_nvml(machine);
  } else if (selection.starts_with(kGpu) && selection.size() > kGpu.size()) {
    meters = open_nvml(machine, selection.substr(kGpu.size()));
  } else if (selection == "perf") {
    meters = listed(open_perf(machine));
  } else if (selection == "rapl") {
    meters = listed(open_rapl(machine));
  } else {
    throw ArgumentError(
        str("meter: expected auto, nvml, nvml:ID, perf, rapl, replay:FILE or none, got '",
            selection, "'", did_you_mean(selection, {"auto", "nvml", "perf", "rapl", "none"})));
  }
  calibrate(meters);
  return meters;
}

RunMeters open_run_meters(const std::string& selection, const RunsOn& where, Machine machine) {
  machine.gpu = where.gpu;
  if (selection != "auto") return charge(open_meters(selection, machine), where, {}, machine);
  Choice choice = choose(all_meters(machine), machine);
  return charge(std::move(choice.chosen), where, choice.unread, machine);
}

}  // namespace joule::energy
