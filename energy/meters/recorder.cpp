// SPDX-License-Identifier: MIT
#include "joule/energy/meters/recorder.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "joule/io/json_dump.h"

namespace joule::energy {
namespace {

using nlohmann::ordered_json;

void write(std::ostream& out, const ordered_json& line) { out << dumped(line) << '\n'; }

}  // namespace

Recorder::Recorder(Meter& meter, std::ostream& out, const std::string& ran) : meter_(meter) {
  const MeterInfo& info = meter.info();
  ordered_json head{{"joule_trace", 1},
                    {"meter", info.name},
                    {"scope", info.scope},
                    {"joules_per_tick", info.unit.value()},
                    {"systematic", info.systematic}};
  if (info.update_period) head["update_period_s"] = info.update_period->value();
  if (info.domain != domain_of(info.name)) head["domain"] = name(info.domain);
  if (info.integrates_power) head["integrates_power"] = true;
  if (info.samples_moments) head["samples_moments"] = true;
  if (info.most) head["most_watts"] = info.most->value();
  if (info.limit) head["limit_watts"] = info.limit->value();
  if (info.band_hz) head["band_hz"] = *info.band_hz;
  if (!ran.empty()) head["ran"] = ran;
  write(out, head);
  meter.observe([&out, resets = std::int64_t{0}, doubt = std::int64_t{0}, ok = true](
                    const Reading& r, Purpose purpose) mutable {
    // What a thread saw is news if the counter lost its place, or failed.
    const bool same = r.status == Status::ok && r.resets == resets && r.doubt == doubt && ok;
    if (purpose == Purpose::background && same) return;
    ok = r.status == Status::ok;
    ordered_json line{{"ns", r.monotonic_ns}};
    if (r.status == Status::ok) {
      line["ticks"] = r.ticks;
      if (r.resets != resets) line["reset"] = r.reason;
      resets = r.resets;
      if (r.doubt != doubt) line["doubt"] = r.doubt - doubt;
      doubt = r.doubt;
      if (r.integral) {
        line["integral_uj"] = r.integral->microjoules;
        line["integral_samples"] = r.integral->samples;
      }
    } else {
      line["failure"] = r.reason;
    }
    if (r.late_ns && r.status == Status::ok) line["late_ns"] = *r.late_ns;
    if (purpose == Purpose::background) line["background"] = true;
    if (purpose == Purpose::slice) line["slice"] = true;
    write(out, line);
  });
}

Recorder::~Recorder() { meter_.observe(nullptr); }

std::string with_loops(const std::string& trace, std::span<const std::int64_t> calls) {
  const std::size_t end = trace.find('\n');
  if (calls.empty() || end == std::string::npos) return trace;
  ordered_json head = ordered_json::parse(trace.substr(0, end));
  head["loops"] = calls;
  return dumped(head) + trace.substr(end);
}

}  // namespace joule::energy
