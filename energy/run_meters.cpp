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
  if (meter.gpu.empty()) return {};
  if (where.gpu.empty()) return "it is not known on which GPU the run computed";
  if (short_bus_id(meter.gpu) == short_bus_id(where.gpu)) return {};
  return str("the run computed on another GPU, ", where.gpu);
}

std::string beside(const MeterInfo& meter, const RunsOn& where, bool whole, bool card) {
  if (meter.domain == Domain::machine) return {};
  if (meter.domain == Domain::unknown) {
    return "it does not say what it counts (a trace can: \"domain\")";
  }
  if (whole) return "the meter of the machine counts it, too";
  if (meter.domain == Domain::gpu) return other_gpu(meter, where);
  if (where.device == Device::cpu || card) return {};
  return "it is the host's share alone, and that of the GPU is not known";
}

/// "perf: there is no ...; rapl: present but root-only ...".
std::string reasons(std::span<const MeterInfo> unread, Domain domain) {
  std::string all;
  for (const MeterInfo& meter : unread) {
    if (meter.domain != domain) continue;
    all += str(all.empty() ? "" : "; ", meter.name, ": ", meter.reason);
  }
  return all;
}

std::unique_ptr<Meter> missing_meter(Domain domain, const std::string& why,
                                     const Machine& machine) {
  const std::string what = domain == Domain::gpu ? "GPU" : "processors";
  if (why.empty()) {
    return unreadable_meter(machine, what, Status::off,
                            str("no meter of the ", what, " was asked for"),
                            "--meter auto takes the meters of what the run computes on");
  }
  return unreadable_meter(machine, what, Status::absent,
                          str("no meter of the ", what, " can be read: ", why),
                          "joule info says for each source what to do");
}

}  // namespace

std::vector<std::string> beside_the_sum(std::span<const MeterInfo> meters, const RunsOn& where) {
  const bool whole =
      std::ranges::any_of(meters, [](const auto& m) { return m.domain == Domain::machine; });
  const bool card = std::ranges::any_of(meters, [&](const auto& m) {
    return m.domain == Domain::gpu && m.status == Status::ok && other_gpu(m, where).empty();
  });
  std::vector<std::string> all;
  for (const MeterInfo& meter : meters) all.push_back(beside(meter, where, whole, card));
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
    if (charged.contains(domain) || charged.contains(Domain::machine)) return;
    to.meters.push_back(missing_meter(domain, reasons(unread, domain), machine));
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
