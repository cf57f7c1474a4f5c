// SPDX-License-Identifier: MIT
#include "joule/energy/models/idle_power.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "joule/core/error.h"
#include "joule/energy/measurement.h"
#include "joule/energy/models/calibration.h"
#include "joule/energy/models/noisy_series.h"
#include "joule/energy/models/trials.h"

namespace joule::energy {
namespace {

constexpr std::int64_t kSlices = 40;
constexpr std::size_t kLeastSlices = 8;  // of a spell that tells how the power fluctuates
constexpr Seconds kShortestSlice(0.05);
constexpr std::int64_t kNapNs = 50'000'000;  // how soon a stop is noticed

/// One meter, watched.
class Watch {
 public:
  explicit Watch(Meter& meter) : meter_(meter), sampler_(meter.keep_sampled()), last_(edge(true)) {}

  /// Ends a slice; what a replay has of the spell's end is the reading of a window.
  void slice(bool at_the_end) {
    const Reading now = edge(at_the_end);
    quiet_.slices.push_back({last_, now});
    last_ = now;
  }
  Quiet take() && { return std::move(quiet_); }

 private:
  Reading edge(bool of_the_spell) {
    const Purpose purpose = of_the_spell ? Purpose::window : Purpose::slice;
    // A sample of power that does not change has no tick to wait for.
    if (meter_.info().integrates_power) return meter_.read(purpose);
    return meter_.read(purpose, wait_for_tick(meter_));
  }

  Meter& meter_;
  std::shared_ptr<Sampler> sampler_;
  Reading last_;
  Quiet quiet_;
};

/// Whole periods of counters that move seldom, or slices would hold now more of them, now fewer.
Seconds slice_of(const std::vector<Meter*>& meters, Seconds time) {
  const Seconds even = std::max(kShortestSlice, time / static_cast<double>(kSlices));
  Seconds slice = even;
  for (const Meter* meter : meters) {
    const Seconds period = meter->info().update_period.value_or(Seconds(0));
    if (!meter->available() || period < kShortestSlice / 4) continue;
    slice = std::max(slice, std::ceil(even / period) * period);
  }
  return slice;
}

/// Time passes by a clock of this machine, if a meter has it, and not by a recording's.
Clock& clock_of(const std::vector<Meter*>& meters) {
  const auto live = std::ranges::find_if(
      meters, [](const Meter* meter) { return &meter->clock() == &monotonic_clock(); });
  return (live == meters.end() ? meters.front() : *live)->clock();
}

std::vector<Quiet> watch(const std::vector<Meter*>& meters, Seconds time,
                         const std::function<bool()>& stop) {
  const Seconds slice = slice_of(meters, time);
  const auto slices = std::max<std::int64_t>(1, std::llround(time / slice));
  const auto slice_ns = static_cast<std::int64_t>(1e9 * std::min(slice, time).value());
  Clock& clock = clock_of(meters);
  std::vector<Watch> watches;
  watches.reserve(meters.size());
  for (Meter* meter : meters) watches.emplace_back(*meter);
  const auto stopped = [&] { return stop && stop(); };
  const std::int64_t begin = clock.now_ns();
  for (std::int64_t i = 0; i < slices; ++i) {
    std::int64_t left = begin + (i + 1) * slice_ns - clock.now_ns();  // edges have waited, too
    for (; left > 0 && !stopped(); left -= kNapNs) {
      clock.sleep_ns(std::min(left, kNapNs));
    }
    const bool end = i + 1 == slices || stopped();
    for (Watch& one : watches) one.slice(end);
    if (end) break;
  }
  std::vector<Quiet> quiet;
  for (Watch& one : watches) quiet.push_back(std::move(one).take());
  return quiet;
}

/// The mean powers of as many equal parts of a spell as it has slices with an energy.
std::vector<double> even_powers(const Quiet& quiet) {
  const Reading& begin = quiet.slices.front().begin;
  std::vector<Reading> points = {begin};
  for (const Interval& slice : quiet.slices) {
    const Reading& end = slice.end;
    const bool goes_on = end.status == Status::ok && end.resets == begin.resets;
    if (goes_on && end.monotonic_ns > points.back().monotonic_ns) points.push_back(end);
  }
  const std::size_t n = points.size() - 1;
  if (n == 0) return {};
  const auto seconds = [&](const Reading& r) {
    return 1e-9 * static_cast<double>(r.monotonic_ns - begin.monotonic_ns);
  };
  const auto joules = [&](const Reading& r) {
    return static_cast<double>(r.ticks - begin.ticks) * begin.unit.value();
  };
  const double step = seconds(points.back()) / static_cast<double>(n);
  std::vector<double> powers;
  double before = 0;
  for (std::size_t i = 1, at = 1; i <= n; ++i) {
    const double time = step * static_cast<double>(i);
    while (at < n && seconds(points[at]) < time) ++at;
    const double from = seconds(points[at - 1]), to = seconds(points[at]);
    const double part = std::min(1.0, (time - from) / (to - from));
    const double until =
        joules(points[at - 1]) + part * (joules(points[at]) - joules(points[at - 1]));
    powers.push_back((until - before) / step);
    before = until;
  }
  return powers;
}

struct Spell {
  Watts power;
  Seconds duration;
  std::optional<Joules> open;  // what its edges leave
  std::vector<double> powers;  // of equal parts
};

/// Fills in what the spells say of the fluctuation: `sampling`, `noise`, and returns the drift.
Watts fluctuation(const std::vector<Spell>& spells, IdlePower& idle) {
  std::vector<std::vector<double>> records;
  Seconds duration, part;
  for (const Spell& spell : spells) {
    records.push_back(spell.powers);
    duration += spell.duration;
    part = spell.duration / static_cast<double>(spell.powers.size());
  }
  const NoisyLevel level(records);
  idle.sampling = Watts(level.half_width());
  const double whole = level.half_width_of_mean(duration / part);
  idle.noise = std::sqrt(std::max(0.0, whole * whole - level.half_width() * level.half_width()) *
                         duration.value());
  const Watts drift(level.drift());
  if (drift > Watts(0)) {
    idle.remark = str("the idle power was ", spells.front().power, " in the first spell and ",
                      spells.back().power,
                      " in the last, more than it fluctuates: meanwhile it is taken to lie between "
                      "them");
  }
  return drift;
}

/// Spells as draws: the idle power during the work is another one.
Watts spread_of(const std::vector<Spell>& spells, Watts mean) {
  double squares = 0;
  for (const Spell& spell : spells) {
    squares += (spell.power - mean).value() * (spell.power - mean).value();
  }
  const auto n = static_cast<double>(spells.size());
  return Watts(student_t95(std::ssize(spells) - 1) * std::sqrt(squares / (n - 1) * (1 + 1 / n)));
}

}  // namespace

std::optional<Watts> IdlePower::half_width(Seconds window) const {
  const std::optional<Watts> all = mean.uncertainty();
  if (!all || window <= Seconds(0)) return all;
  const double drawn = sampling.value() * sampling.value() + noise * noise / window.value();
  return std::max(Watts(0), *all - sampling) + Watts(std::sqrt(drawn));
}

std::vector<Quiet> watch_idle(std::span<const std::unique_ptr<Meter>> meters, Seconds time,
                              const std::function<bool()>& stop) {
  std::vector<Meter*> all;
  for (const auto& meter : meters) all.push_back(meter.get());
  return watch(all, time, stop);
}

Quiet watch_idle(Meter& meter, Seconds time, const std::function<bool()>& stop) {
  return std::move(watch({&meter}, time, stop).front());
}

IdlePower measured_idle_power(const MeterInfo& meter, std::span<const Quiet> quiet) {
  std::vector<Spell> spells;
  std::string why = "it was not measured";
  for (const Quiet& spell : quiet) {
    const Interval whole = spell.whole();
    const std::string problem = unresolved(meter, whole);
    if (!problem.empty()) {
      why = problem;
      continue;
    }
    const Counted c = counted(meter, whole);
    spells.push_back(
        {c.energy / whole.duration(), whole.duration(), c.width(), even_powers(spell)});
  }
  if (spells.empty()) return Figure<Watts>::unavailable(source(meter), why);
  const auto watched = [](const Spell& s) { return s.powers.size() >= kLeastSlices; };
  const bool sliced = std::ranges::any_of(spells, watched);
  if (sliced) std::erase_if(spells, std::not_fn(watched));
  Watts mean, open;
  bool known = sliced || spells.size() > 1;
  for (const Spell& spell : spells) {
    mean += spell.power / static_cast<double>(spells.size());
    open += spell.open.value_or(Joules(0)) / spell.duration / static_cast<double>(spells.size());
    known = known && spell.open;
  }
  const auto figure = [&](std::optional<Watts> width) {
    return meter.integrates_power ? Figure<Watts>::sampled(mean, width, source(meter))
                                  : Figure<Watts>::measured(mean, width, source(meter));
  };
  IdlePower idle(figure({}));
  if (!known) return idle;
  Watts width = open + meter.systematic * mean;
  if (sliced) {
    width += fluctuation(spells, idle);
  } else {
    idle.sampling = spread_of(spells, mean);
  }
  idle.mean = figure(width + idle.sampling);
  return idle;
}

IdlePower stated_idle_power(Watts power) {
  require(std::isfinite(power.value()) && power >= Watts(0),
          "idle power: expected a number of watts >= 0, got ", power.value());
  return Figure<Watts>::modelled(power, {}, "stated idle power");
}

IdlePower no_idle_power(std::string reason) {
  return Figure<Watts>::unavailable("idle power", std::move(reason));
}

}  // namespace joule::energy
