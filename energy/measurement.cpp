// SPDX-License-Identifier: MIT
#include "joule/energy/measurement.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "joule/core/error.h"
#include "joule/energy/chain.h"

namespace joule::energy {
namespace {

/// A power integral of fewer samples says too little to contradict a counter.
constexpr std::int64_t kMinSamples = 20;
constexpr double kDisagreement = 0.10;

/// A sample is up to a period old, and the power may change up to a period before the next one
/// shows it.  A counter may have stood still for a period, unless it was seen to move.
Chain::Edge edge_of(const MeterInfo& meter, const Reading& reading) {
  const Seconds period = *meter.update_period;
  const Seconds open = meter.integrates_power ? 2 * period
                       : reading.late_ns      ? nanoseconds(*reading.late_ns)
                                              : period;
  return {reading.monotonic_ns, reading.ticks, open};
}

template <class Q>
Figure<Q> figure_of(const MeterInfo& meter, Q value, std::optional<Q> width) {
  return meter.integrates_power ? Figure<Q>::sampled(value, width, source(meter))
                                : Figure<Q>::measured(value, width, source(meter));
}

void check_against_integral(const MeterInfo& meter, const Interval& interval, Measurement& m) {
  const auto& begin = interval.begin.integral;
  const auto& end = interval.end.integral;
  if (!begin || !end || end->samples - begin->samples < kMinSamples) return;
  const auto counter = static_cast<double>(interval.ticks()) * meter.unit;
  const Joules integral(1e-6 * static_cast<double>(end->microjoules - begin->microjoules));
  const Joules larger = std::max(counter, integral);
  if (std::abs((counter - integral) / larger) <= kDisagreement) return;
  m.remarks.push_back(str("the counter says ", counter, ", sampled power integrates to ", integral,
                          ": they differ by more than 10 %"));
}

/// Half the width of the interval around gross - idle.
std::optional<Joules> dynamic_width(const MeterInfo& meter, Joules gross,
                                    std::optional<Joules> width, Joules idle,
                                    std::optional<Joules> idle_width, bool idle_measured) {
  if (!width) return {};
  // The uncertainty of a measured idle power has the systematic share in it.
  const Joules shared = idle_measured ? meter.systematic * idle : Joules(0);
  const Joules scaled = idle_measured ? gross - idle : gross;
  return *width + std::max(Joules(0), idle_width.value_or(Joules(0)) - shared) +
         Joules(meter.systematic * std::abs(scaled.value()));
}

Figure<Joules> dynamic_figure(const std::string& from, Joules gross, Joules idle,
                              std::optional<Joules> width) {
  const Joules dynamic = gross - idle;
  if (width && std::abs(dynamic.value()) <= width->value()) {
    return Figure<Joules>::unavailable(
        from, str("unresolved: ", dynamic, " above idle is within its uncertainty of ", *width));
  }
  if (dynamic < Joules(0)) {
    return Figure<Joules>::unavailable(
        from, str("the window drew ", gross, ", less than ", idle,
                  " when idle: the idle power is not that of this window"));
  }
  return Figure<Joules>::attributed(dynamic, width, from);
}

}  // namespace

std::string source(const MeterInfo& meter) {
  return meter.scope.empty() ? meter.name : str(meter.name, ", ", meter.scope);
}

std::string unresolved(const MeterInfo& meter, const Interval& interval) {
  std::string problem = interval.problem();
  if (!problem.empty()) return problem;
  const Seconds duration = interval.duration();
  if (duration <= Seconds(0)) return "no time passed between the readings";
  const Counted c = count(meter, interval);
  const std::string moves = meter.update_period
                                ? str(meter.integrates_power ? " (the power is renewed every "
                                                             : " (the counter moves every ",
                                      *meter.update_period, ")")
                                : "";
  if (c.energy == Joules(0)) {
    return str("unresolved: the counter did not move in ", duration, moves);
  }
  if (c.edges && *c.edges + meter.systematic * c.energy >= c.energy) {
    return str("unresolved: ", duration, " is too short", moves);
  }
  return {};
}

Joules Chain::edges(Joules unit, bool sampled) const {
  const Joules rest = (1 + doubt) * unit;
  const Seconds duration = nanoseconds(end.ns - begin.ns) - gaps;
  if (duration <= Seconds(0)) return rest;
  const Joules energy = static_cast<double>(end.ticks - begin.ticks) * unit;
  // Both edges of sampled power may err to either side.
  if (sampled) return std::max(energy / duration, power) * (begin.open + end.open + gaps) + rest;
  // A counter misses what was drawn since it moved: at the beginning that is counted too much, at
  // the end too little.
  const Seconds open = std::max(begin.open, end.open);
  const Watts mean = energy / (duration > open ? duration - open : open);
  return std::max(mean, power) * (open + gaps) + rest;
}

bool Chain::append(const Chain& next) {
  const Seconds gap = nanoseconds(next.begin.ns - end.ns);
  const bool shorter =
      gap == Seconds(0) || (gap > Seconds(0) && gap < std::max(end.open, next.begin.open));
  if (next.begin.ticks != end.ticks || !shorter) return false;
  gaps += gap + next.gaps;
  end = next.end;
  power = std::max(power, next.power);
  doubt += next.doubt;
  return true;
}

std::optional<Chain> chain_of(const MeterInfo& meter, const Interval& window) {
  window.ticks();  // are there any?
  if (!meter.update_period) return {};
  const Watts seen = window.end.most_seen;
  return Chain{.begin = edge_of(meter, window.begin),
               .end = edge_of(meter, window.end),
               .power = meter.integrates_power ? seen : meter.limit.value_or(seen),
               .doubt = static_cast<double>(window.end.doubt - window.begin.doubt)};
}

Counted count(const MeterInfo& meter, const Interval& interval) {
  Counted c{.energy = static_cast<double>(interval.ticks()) * meter.unit};
  if (const auto chain = chain_of(meter, interval)) {
    c.edges = chain->edges(meter.unit, meter.integrates_power);
  }
  if (interval.duration() <= Seconds(0)) {
    c.between = Joules(0);
  } else if (const auto aliasing = meter.aliasing(c.energy / interval.duration())) {
    c.between = *aliasing * interval.duration();
  }
  return c;
}

Counted counted(const MeterInfo& meter, const Interval& interval) {
  const std::string why = unresolved(meter, interval);
  require(why.empty(), source(meter), ": ", why);
  return count(meter, interval);
}

Measurement no_measurement(const MeterInfo& meter, const std::string& why) {
  const auto energy = Figure<Joules>::unavailable(source(meter), why);
  return {.gross = energy,
          .idle = energy,
          .dynamic = energy,
          .power = Figure<Watts>::unavailable(source(meter), why),
          .duration = Figure<Seconds>::unavailable(source(meter), why)};
}

Measurement split_energy(const MeterInfo& meter, Joules energy, std::optional<Joules> width,
                         Seconds duration, const IdlePower& idle_power) {
  const std::string from = source(meter);
  const auto whole = width ? std::optional(*width + meter.systematic * energy) : std::nullopt;
  const auto power_width = whole ? std::optional(*whole / duration) : std::nullopt;
  Measurement m = no_measurement(meter, "no idle power: " + idle_power.reason());
  m.gross = figure_of(meter, energy, whole);
  m.power = figure_of(meter, energy / duration, power_width);
  m.duration = Figure<Seconds>::measured(duration, {}, "monotonic clock");
  if (!idle_power.available()) return m;

  const bool idle_measured = idle_power.quality() != Quality::modelled;
  const Joules idle = idle_power.value() * duration;
  std::optional<Joules> idle_width;
  if (const auto power = idle_power.half_width(duration)) idle_width = *power * duration;
  m.idle = idle_measured ? Figure<Joules>::attributed(idle, idle_width, from)
                         : Figure<Joules>::modelled(idle, idle_width, idle_power.mean.source());
  if (idle_measured && width && !idle_width) {
    m.dynamic = Figure<Joules>::unavailable(
        from, "how much the idle power fluctuates is not known, as it was read as one window");
    return m;
  }
  m.dynamic = dynamic_figure(from, energy, idle,
                             dynamic_width(meter, energy, width, idle, idle_width, idle_measured));
  return m;
}

Measurement measure(const MeterInfo& meter, const Interval& interval, const IdlePower& idle_power) {
  const Seconds duration = interval.duration();
  require(duration >= Seconds(0), "measure: the end lies ", -duration, " before the beginning");
  const std::string why = unresolved(meter, interval);
  if (!why.empty()) {
    Measurement none = no_measurement(meter, why);
    if (duration > Seconds(0)) {
      none.duration = Figure<Seconds>::measured(duration, {}, "monotonic clock");
    }
    return none;
  }
  const Counted gross = count(meter, interval);
  Measurement m = split_energy(meter, gross.energy, gross.width(), duration, idle_power);
  check_against_integral(meter, interval, m);
  if (!idle_power.remark.empty()) m.remarks.push_back(idle_power.remark);
  return m;
}

}  // namespace joule::energy
