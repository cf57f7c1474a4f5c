// SPDX-License-Identifier: MIT
#include "joule/energy/attribution/op_trace.h"
#include "joule/io/json_dump.h"

#include <map>
#include <nlohmann/json.hpp>

namespace joule::energy {

using nlohmann::ordered_json;

Tally* OpTrace::record(const OpRun& run, const Work& nominal) {
  const std::lock_guard lock(mutex_);
  events_.push_back({.run = run, .work = nominal, .thread = std::this_thread::get_id()});
  events_.back().begin_ns = clock_.now_ns() - zero_ns_;
  return &events_.back().tally;
}

void OpTrace::flush(Ledger& ledger) {
  const std::lock_guard lock(mutex_);
  for (; flushed_ < events_.size(); ++flushed_) {
    const Event& event = events_[flushed_];
    *ledger.record(event.run, event.work) += event.tally;
  }
}

std::string OpTrace::to_json(std::string_view power_of, std::span<const PowerPoint> power) const {
  const std::lock_guard lock(mutex_);
  ordered_json events = ordered_json::array();
  std::map<std::thread::id, std::size_t> threads;
  for (const Event& event : events_) {
    const auto& [op, implementation, scope] = event.run;
    events.push_back({{"name", op},
                      {"cat", name(scope.phase)},
                      {"ph", "X"},
                      {"ts", 1e-3 * static_cast<double>(event.begin_ns)},
                      {"dur", 1e-3 * static_cast<double>(event.tally.nanoseconds)},
                      {"pid", 1},
                      {"tid", threads.try_emplace(event.thread, threads.size() + 1).first->second},
                      {"args",
                       {{"layer", scope.layer},
                        {"implementation", implementation},
                        {"macs", event.work.macs},
                        {"macs_skipped", event.tally.macs_skipped},
                        {"bytes", event.work.bytes_read + event.work.bytes_written}}}});
  }
  for (const PowerPoint& point : power) {
    events.push_back({{"name", power_of},
                      {"ph", "C"},
                      {"ts", 1e-3 * static_cast<double>(point.ns - zero_ns_)},
                      {"pid", 1},
                      {"args", {{"W", point.power.value()}}}});
  }
  const ordered_json document{{"displayTimeUnit", "ms"}, {"traceEvents", events}};
  return dumped(document) + "\n";
}

}  // namespace joule::energy
