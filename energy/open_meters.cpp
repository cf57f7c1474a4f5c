// SPDX-License-Identifier: MIT
#include "joule/energy/open_meters.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "joule/core/error.h"
#include "joule/energy/meters/gpu/nvml.h"
#include "joule/energy/meters/gpu/rocm_smi.h"
#include "joule/energy/meters/none.h"
#include "joule/energy/meters/perf.h"
#include "joule/energy/meters/rapl.h"
#include "joule/energy/meters/replay.h"
#include "joule/energy/meters/sensors/battery.h"
#include "joule/energy/meters/sensors/hwmon.h"
#include "joule/energy/meters/stream/stream.h"
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

bool is_readable(const std::unique_ptr<Meter>& meter, Domain domain) {
  return meter->available() && meter->info().domain == domain;
}

/// The source by which `auto` reads a domain: the name of the first in order that can be read.
std::string first_of(const Meters& all, Domain domain) {
  const auto found =
      std::ranges::find_if(all, [&](const auto& meter) { return is_readable(meter, domain); });
  return found == all.end() ? std::string() : (*found)->info().name;
}

/// What `auto` takes of all sources, each thing once, and what it would have taken if it could be
/// read.
Selected choose(Meters all, const Machine& machine) {
  const std::string processors = first_of(all, Domain::processors);
  const std::string whole = processors.empty() ? first_of(all, Domain::machine) : "";
  Selected choice;
  Meters cards;             // that cannot be read
  std::string why, absent;  // what is here, with the reasons; the names of what is not
  Taken taken;
  for (auto& meter : all) {
    const MeterInfo& info = meter->info();
    if (!meter->available()) {
      choice.unread.push_back(info);
      if (info.status == Status::absent) {
        absent += str(absent.empty() ? "not here: " : ", ", info.name);
      } else {
        why += str(why.empty() ? "" : "; ", info.name, ": ", info.reason);
      }
      if (!info.gpu.empty()) cards.push_back(std::move(meter));
      continue;
    }
    const bool wanted = info.domain == Domain::processors ? info.name == processors
                        : info.domain == Domain::machine  ? info.name == whole
                                                          : info.domain != Domain::unknown;
    // A module's counter is in no sum of a run on the CPU: its processors are taken all the same.
    const bool again = info.domain != Domain::processors && !taken.again(info).empty();
    if (!wanted || again) continue;
    taken.add(info);
    choice.meters.push_back(std::move(meter));
  }
  if (!why.empty() && !absent.empty()) why += "; ";
  if (choice.meters.empty()) {
    choice.meters = listed(unreadable_meter(machine, "auto", Status::absent,
                                            "no source can be read: " + why + absent,
                                            "joule info says for each source why, and what to do"));
  }
  // A card that another source reads is not missing.
  std::erase_if(cards, [&](const auto& card) { return !taken.again(card->info()).empty(); });
  std::ranges::move(cards, std::back_inserter(choice.meters));
  return choice;
}

void add_all(Meters& to, Meters more) { std::ranges::move(more, std::back_inserter(to)); }

constexpr std::string_view kReplay = "replay:", kStreamOf = "stream:";
constexpr std::array kGpus{std::string_view("nvml:"), std::string_view("rocm_smi:")};

constexpr std::array<std::string_view, 8> kNames{"auto", "nvml",  "rocm_smi", "perf",
                                                 "rapl", "hwmon", "battery",  "none"};

/// Whether a selection begins so: a path or command after it may hold a "+" of its own.
bool begins_a_selection(std::string_view text) {
  for (const std::string_view name : kNames) {
    if (text.starts_with(name) && (text.size() == name.size() || text[name.size()] == '+')) {
      return true;
    }
  }
  const auto begins = [&](std::string_view prefix) { return text.starts_with(prefix); };
  return begins(kReplay) || begins(kStreamOf) || std::ranges::any_of(kGpus, begins);
}

std::vector<std::string> split(const std::string& selection) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; (at = selection.find('+', at)) != std::string::npos; ++at) {
    if (!begins_a_selection(std::string_view(selection).substr(at + 1))) continue;
    parts.push_back(selection.substr(begin, at - begin));
    begin = at + 1;
  }
  parts.push_back(selection.substr(begin));
  return parts;
}

Meters open_one(const std::string& selection, const Machine& machine) {
  if (selection == "none") return listed(no_meter(machine));
  if (selection.starts_with(kReplay)) {
    return listed(open_replay(selection.substr(kReplay.size())));
  }
  if (selection.starts_with(kStreamOf)) {
    return listed(open_stream(machine, selection.substr(kStreamOf.size())));
  }
  for (std::size_t i = 0; i < kGpus.size(); ++i) {
    const std::string_view prefix = kGpus[i];
    const bool one = selection.starts_with(prefix) && selection.size() > prefix.size();
    if (!one && selection != prefix.substr(0, prefix.size() - 1)) continue;
    const std::string id = one ? selection.substr(prefix.size()) : "";
    return i == 0 ? open_nvml(machine, id) : open_rocm_smi(machine, id);
  }
  if (selection == "perf") return listed(open_perf(machine));
  if (selection == "rapl") return listed(open_rapl(machine));
  if (selection == "hwmon") return open_hwmon(machine);
  if (selection == "battery") return listed(open_battery(machine));
  throw ArgumentError(
      str("meter: expected auto, nvml, nvml:ID, rocm_smi, rocm_smi:ID, perf, rapl, hwmon, battery, "
          "stream:SPEC, replay:FILE or none, got '",
          selection, "'",
          did_you_mean(selection, std::vector<std::string>(kNames.begin(), kNames.end()))));
}

}  // namespace

Meters all_meters(const Machine& machine) {
  Meters all = open_nvml(machine);
  all.push_back(open_perf(machine));
  all.push_back(open_rapl(machine));
  add_all(all, open_rocm_smi(machine));
  add_all(all, open_hwmon(machine));
  all.push_back(open_battery(machine));
  calibrate(all);
  return all;
}

Selected select_meters(const std::string& selection, const Machine& machine) {
  Selected selected;
  for (const std::string& part : split(selection)) {
    if (part == "auto") {
      Selected choice = choose(all_meters(machine), machine);
      add_all(selected.meters, std::move(choice.meters));
      selected.unread = std::move(choice.unread);
    } else {
      Meters opened = open_one(part, machine);
      calibrate(opened);
      add_all(selected.meters, std::move(opened));
    }
  }
  return selected;
}

Meters open_meters(const std::string& selection, const Machine& machine) {
  return select_meters(selection, machine).meters;
}

RunMeters open_run_meters(const std::string& selection, const RunsOn& where, Machine machine) {
  machine.gpu = where.gpu;
  Selected selected = select_meters(selection, machine);
  return charge(std::move(selected.meters), where, selected.unread, machine);
}

}  // namespace joule::energy
