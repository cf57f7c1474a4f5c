// SPDX-License-Identifier: MIT
#include "joule/energy/run_meters.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include "joule/core/error.h"
#include "joule/energy/meters/none.h"

namespace joule::energy {
namespace {

/// CUDA writes 0000:ab:00.0, NVML 00000000:AB:00.0.
std::string short_bus_id(const std::string& id) {
  const std::size_t domain = std::min(id.find(':'), id.size());
  const std::size_t zeros = domain > 4 ? domain - 4 : 0;
  std::string text = id.substr(std::min(zeros, id.find_first_not_of('0')));
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// Why this GPU's meter is not that of the run; empty if it is.
std::string other_gpu(const MeterInfo& meter, const RunsOn& where) {
  if (where.device != Device::cuda) return "the run did not compute on a GPU";
  if (meter.gpu.empty()) {  // of a replay, or what the user says of a stream, any card is this one
    return meter.name == "hwmon" ? "it is not known of which card it is" : "";
  }
  if (where.gpu.empty()) return "it is not known on which GPU the run computed";
  if (short_bus_id(meter.gpu) == short_bus_id(where.gpu)) return {};
  return str("the run computed on another GPU, ", where.gpu);
}

bool of_a_card(const MeterInfo& meter) {
  return meter.domain == Domain::gpu || meter.domain == Domain::module;
}

/// Why this meter does not belong to the run; empty if it does.
std::string foreign(const MeterInfo& meter, const RunsOn& where, bool whole, bool card) {
  if (meter.domain == Domain::machine) return {};
  if (meter.domain == Domain::unknown) {
    return "it does not say what it counts (a trace can: \"domain\")";
  }
  if (whole) return "the meter of the machine counts it, too";
  if (of_a_card(meter)) return other_gpu(meter, where);
  if (where.device == Device::cpu || card) return {};
  return "it is the host's share alone, and that of the GPU is not known";
}

/// "perf: there is no ...; rapl: present but root-only ...".
std::string reasons(std::span<const MeterInfo> unread, Domain domain) {
  std::string all;
  for (const MeterInfo& meter : unread) {
    const bool module = domain == Domain::gpu && meter.domain == Domain::module;
    if (meter.domain != domain && !module) continue;
    all += str(all.empty() ? "" : "; ", meter.name, ": ", meter.reason);
  }
  return all;
}

std::unique_ptr<Meter> missing_meter(Domain domain, std::span<const MeterInfo> unread,
                                     const Machine& machine) {
  const std::string what = domain == Domain::gpu ? "GPU" : "processors";
  const std::string why = reasons(unread, domain);
  if (why.empty()) {
    return unreadable_meter(machine, what, Status::off,
                            str("no meter of the ", what, " was asked for"),
                            "--meter auto takes the meters of what the run computes on");
  }
  const bool denied = std::ranges::any_of(
      unread, [&](const MeterInfo& m) { return m.domain == domain && m.status == Status::denied; });
  return unreadable_meter(machine, what, denied ? Status::denied : Status::absent,
                          str("no meter of the ", what, " can be read: ", why),
                          "joule info says for each source what to do");
}

}  // namespace

std::string Taken::again(const MeterInfo& meter) const {
  if (sources_.contains({meter.name, meter.scope})) return "the same meter is in the sum already";
  switch (meter.domain) {
    case Domain::machine:
      return machine_.empty() ? "" : str("the machine is counted already, by ", machine_);
    case Domain::module:
      if (!module_.empty() && module_ != meter.name) {
        return str("the module is counted already, by ", module_);
      }
      [[fallthrough]];
    case Domain::gpu:
      if (!meter.gpu.empty() && cards_.contains(short_bus_id(meter.gpu))) {
        return "another meter of the same card is in the sum";
      }
      return {};
    case Domain::processors:
      if (!module_.empty()) return str("the module's meter, ", module_, ", counts it, too");
      if (processors_.empty() || processors_ == meter.name) return {};
      return str("the processors are counted already, by ", processors_);
    case Domain::unknown:
      break;
  }
  return {};
}

void Taken::add(const MeterInfo& meter) {
  sources_.insert({meter.name, meter.scope});
  if (meter.domain == Domain::machine) machine_ = meter.name;
  if (meter.domain == Domain::module) module_ = meter.name;
  if (meter.domain == Domain::processors) processors_ = meter.name;
  if (!meter.gpu.empty()) cards_.insert(short_bus_id(meter.gpu));
}

std::vector<std::string> beside_the_sum(std::span<const MeterInfo> meters, const RunsOn& where) {
  const bool whole = std::ranges::any_of(
      meters, [](const auto& m) { return m.domain == Domain::machine && m.status == Status::ok; });
  const bool card = std::ranges::any_of(meters, [&](const auto& m) {
    return of_a_card(m) && m.status == Status::ok && other_gpu(m, where).empty();
  });
  std::vector<std::string> all(meters.size());
  Taken taken;
  bool any = false;
  // A module before processors, which it contains; what can be read before what cannot.
  const auto settle = [&](bool modules, bool readable) {
    for (std::size_t i = 0; i < meters.size(); ++i) {
      const bool can = meters[i].status == Status::ok;
      if ((meters[i].domain == Domain::module) != modules || can != readable) continue;
      all[i] = foreign(meters[i], where, whole, card);
      if (all[i].empty()) all[i] = taken.again(meters[i]);
      if (all[i].empty() && meters[i].domain == Domain::machine && !can && any) {
        all[i] = "it cannot be read: " + meters[i].reason;
      }
      if (!all[i].empty()) continue;
      taken.add(meters[i]);
      any = true;
    }
  };
  for (const bool readable : {true, false}) {
    settle(true, readable);
    settle(false, readable);
  }
  return all;
}

RunMeters charge(Meters meters, const RunsOn& where, std::span<const MeterInfo> unread,
                 const Machine& machine) {
  std::vector<MeterInfo> infos;
  for (const auto& meter : meters) infos.push_back(meter->info());
  const std::vector<std::string> why = beside_the_sum(infos, where);
  RunMeters in_sum, others;
  std::set<Domain> charged;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (why[i].empty()) charged.insert(infos[i].domain);
    RunMeters& to = why[i].empty() ? in_sum : others;
    to.meters.push_back(std::move(meters[i]));
    to.beside.push_back(why[i]);
  }
  const auto add_missing = [&](Domain domain, RunMeters& to, const char* beside) {
    const std::set<Domain> enough{domain, Domain::module, Domain::machine};
    if (std::ranges::any_of(enough, [&](Domain d) { return charged.contains(d); })) return;
    to.meters.push_back(missing_meter(domain, unread, machine));
    to.beside.emplace_back(beside);
  };
  const bool on_gpu = where.device == Device::cuda;
  add_missing(on_gpu ? Domain::gpu : Domain::processors, in_sum, "");
  if (on_gpu && charged.contains(Domain::gpu)) {
    add_missing(Domain::processors, others, "so the sum lacks the energy of the host");
  }
  std::ranges::move(others.meters, std::back_inserter(in_sum.meters));
  std::ranges::move(others.beside, std::back_inserter(in_sum.beside));
  return in_sum;
}

}  // namespace joule::energy
