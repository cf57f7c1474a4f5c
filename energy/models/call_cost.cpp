// SPDX-License-Identifier: MIT
#include "joule/energy/models/call_cost.h"

#include <vector>

#include "joule/energy/models/noisy_series.h"

#include <optional>
#include <utility>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/core/error.h"

namespace joule::energy {
namespace {

/// Seconds of a call, by as many as take that long.
double timed(const std::function<void()>& function, Clock& clock, Seconds shortest) {
  const std::int64_t begin = clock.now_ns();
  const auto passed = [&] { return Seconds(1e-9 * static_cast<double>(clock.now_ns() - begin)); };
  std::int64_t calls = 0;
  do {
    function();
    ++calls;
  } while (passed() < shortest);
  return passed().value() / static_cast<double>(calls);
}

/// Where no meter is read, the clock is: the mean of the trials, and Student's interval.
Figure<Seconds> timed(const std::function<void()>& function, Clock& clock, const TrialOptions& o) {
  std::vector<double> trials;
  for (int i = 0; i < o.trials; ++i) trials.push_back(timed(function, clock, o.shortest));
  const NoisyLevel level({&trials, 1});
  return Figure<Seconds>::measured(Seconds(level.mean()), Seconds(level.half_width()),
                                   "monotonic clock");
}

/// Of disjoint scopes together.
Figure<Joules> sum_of(const std::vector<Figure<Joules>>& parts) {
  Joules value;
  std::optional<Joules> width = Joules(0);
  std::string from;
  bool sampled = false;
  for (const Figure<Joules>& part : parts) {
    if (!part.available()) return part;
    sampled = sampled || part.quality() == Quality::sampled;
    value += part.value();
    width =
        width && part.uncertainty() ? std::optional(*width + *part.uncertainty()) : std::nullopt;
    from += (from.empty() ? "" : " + ") + part.source();
  }
  return sampled ? Figure<Joules>::sampled(value, width, from)
                 : Figure<Joules>::measured(value, width, from);
}

}  // namespace

CallCost measure(const std::function<void()>& function, RunMeters& meters,
                 const CallOptions& options) {
  require(static_cast<bool>(function), "measure: there is no function");
  Backend& device = backend(options.device);
  const auto call = [&] {
    function();
    device.synchronize();
  };
  call();  // what only the first one does: memory, choices, packed weights
  std::vector<Figure<Joules>> energies;
  Seconds seconds, widths;
  double measured = 0;
  for (std::size_t i = 0; i < meters.meters.size(); ++i) {
    if (!meters.beside[i].empty()) continue;
    Meter& meter = *meters.meters[i];
    if (meter.available() && !meter.info().update_period) {
      energies.push_back(Figure<Joules>::unavailable(
          source(meter.info()), "it is not known how often the counter moves"));
      continue;
    }
    const Measurement cost = run_trials(meter, call, options.trials).per_call;
    energies.push_back(cost.gross);
    if (!cost.duration.available()) continue;
    seconds += cost.duration.value();
    widths += cost.duration.uncertainty().value_or(Seconds());
    ++measured;
  }
  require(!energies.empty(), "measure: there is no meter");
  if (measured == 0) {
    return {.energy = sum_of(energies),
            .duration = timed(call, meters.meters.front()->clock(), options.trials)};
  }
  return {.energy = sum_of(energies),
          .duration =
              Figure<Seconds>::measured(seconds / measured, widths / measured, "monotonic clock")};
}

CallCost measure(const std::function<void()>& function, const CallOptions& options) {
  const RunsOn where{.device = options.device, .gpu = backend(options.device).bus_id()};
  RunMeters meters = open_run_meters(options.meter, where);
  return measure(function, meters, options);
}

}  // namespace joule::energy
