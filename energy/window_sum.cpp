// SPDX-License-Identifier: MIT
#include "joule/energy/window_sum.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "joule/core/error.h"

namespace joule::energy {
namespace {

std::optional<Joules> sum(std::optional<Joules> a, std::optional<Joules> b) {
  if (!a || !b) return {};
  return *a + *b;
}

Seconds duration(const WindowSum& s) { return Seconds(1e-9 * static_cast<double>(s.nanoseconds)); }
Joules gross(const WindowSum& s) { return static_cast<double>(s.ticks) * s.unit; }

/// Of all windows, the last ones too.
std::optional<Joules> all_edges(const WindowSum& s) {
  if (!s.chain) return s.edges;
  return sum(s.edges, s.chain->edges(s.unit, s.sampled));
}

void set_idle(WindowSum& s, const IdlePower& power) {
  if (!power.available()) {
    s.no_idle = power.reason();
    return;
  }
  s.idle_stated = power.quality() == Quality::modelled;
  s.idle = power.value() * duration(s);
  s.idle_width.reset();
  s.idle_sampling = power.sampling * duration(s);
  s.idle_noise = power.noise * power.noise * duration(s).value();
  if (const auto width = power.mean.uncertainty()) {
    s.idle_width = std::max(Joules(0), *width * duration(s) - s.idle_sampling);
  }
}

IdlePower idle_power(const WindowSum& s, const std::string& from) {
  if (!s.no_idle.empty()) return no_idle_power(s.no_idle);
  const Seconds time = duration(s);
  const Watts mean = s.idle / time;
  if (s.idle_stated) return stated_idle_power(mean);
  std::optional<Watts> width;
  if (s.idle_width) width = (*s.idle_width + s.idle_sampling) / time;
  IdlePower power = Figure<Watts>::measured(mean, width, from);
  power.sampling = s.idle_sampling / time;
  power.noise = std::sqrt(s.idle_noise / time.value());
  return power;
}

Figure<Joules> sum_of(const std::vector<Figure<Joules>>& parts) {
  Joules value;
  std::optional<Joules> width = Joules(0);
  std::string from;
  const auto counted = [](Quality q) { return q == Quality::measured || q == Quality::sampled; };
  Quality quality = parts.front().quality();
  for (const Figure<Joules>& part : parts) {
    if (!part.available()) return part;
    if (counted(quality) && counted(part.quality())) {
      if (part.quality() == Quality::sampled) quality = Quality::sampled;  // the sum is as sure
    } else if (part.quality() != quality) {
      return Figure<Joules>::unavailable(
          part.source(), str("it is ", name(parts.front().quality()), " for one meter and ",
                             name(part.quality()), " for another"));
    }
    value += part.value();
    width = sum(width, part.uncertainty());
    from += (from.empty() ? "" : " + ") + part.source();
  }
  switch (quality) {
    case Quality::measured:
      return Figure<Joules>::measured(value, width, from);
    case Quality::sampled:
      return Figure<Joules>::sampled(value, width, from);
    case Quality::modelled:
      return Figure<Joules>::modelled(value, width, from);
    default:
      return Figure<Joules>::attributed(value, width, from);
  }
}

}  // namespace

WindowSum no_windows(const MeterInfo& meter) {
  return {.meter = meter.name,
          .scope = meter.scope,
          .unit = meter.unit,
          .systematic = meter.systematic,
          .sampled = meter.integrates_power,
          .domain = meter.domain,
          .denied = meter.status == Status::denied};
}

WindowSum sum_of(const MeterInfo& meter, const Interval& window, const IdlePower& idle_power,
                 const std::string& place) {
  WindowSum s = no_windows(meter);
  const std::string problem = window.problem();
  if (!problem.empty()) {
    // What was never there is missing everywhere; what broke is missing from somewhere on.
    s.missing = meter.status == Status::ok ? str(place, ": ", problem) : problem;
    return s;
  }
  s.ticks = window.ticks();
  s.nanoseconds = window.end.monotonic_ns - window.begin.monotonic_ns;
  s.chain = chain_of(meter, window);
  if (!s.chain) s.edges.reset();
  s.between = count(meter, window).between;
  set_idle(s, idle_power);
  return s;
}

void add(WindowSum& to, const WindowSum& more) {
  to.ticks += more.ticks;
  to.nanoseconds += more.nanoseconds;
  to.edges = sum(to.edges, more.edges);
  if (more.chain && !(to.chain && to.chain->append(*more.chain))) {
    to.edges = all_edges(to);
    to.chain = more.chain;
  }
  to.between = sum(to.between, more.between);
  if (to.no_idle.empty()) to.no_idle = more.no_idle;
  if (to.no_idle.empty() && to.idle_stated != more.idle_stated) {
    to.no_idle = "it was measured for some windows and stated for others";
  }
  to.idle += more.idle;
  to.idle_width = sum(to.idle_width, more.idle_width);
  to.idle_sampling += more.idle_sampling;
  to.idle_noise += more.idle_noise;
  if (to.missing.empty()) to.missing = more.missing;
}

Measurement measure(const WindowSum& s) {
  const MeterInfo info{.name = s.meter,
                       .scope = s.scope,
                       .unit = s.unit,
                       .systematic = s.systematic,
                       .integrates_power = s.sampled};
  if (!s.missing.empty()) return no_measurement(info, s.missing);
  if (s.nanoseconds == 0) return no_measurement(info, "no time passed between the readings");
  if (s.ticks == 0) {
    return no_measurement(info, str("unresolved: the counter did not move in ", duration(s)));
  }
  const std::optional<Joules> open = all_edges(s);
  if (open && *open + s.systematic * gross(s) >= gross(s)) {
    return no_measurement(info, str("unresolved: ", duration(s), " is too short"));
  }
  return split_energy(info, gross(s), sum(open, s.between), duration(s),
                      idle_power(s, source(info)));
}

EnergySplit total(std::span<const WindowSum> meters) {
  require(!meters.empty(), "total energy: there is no meter");
  std::vector<Figure<Joules>> gross, idle, dynamic;
  for (const WindowSum& meter : meters) {
    if (!meter.beside.empty()) continue;
    const Measurement m = measure(meter);
    gross.push_back(m.gross);
    idle.push_back(m.idle);
    dynamic.push_back(m.dynamic);
  }
  if (gross.empty()) {
    const auto none = Figure<Joules>::unavailable(
        "no meter", "what the run computed on was measured by no meter");
    return {.gross = none, .idle = none, .dynamic = none};
  }
  return {.gross = sum_of(gross), .idle = sum_of(idle), .dynamic = sum_of(dynamic)};
}

}  // namespace joule::energy
