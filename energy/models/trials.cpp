// SPDX-License-Identifier: MIT
#include "joule/energy/models/trials.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/energy/models/calibration.h"
#include "joule/energy/models/noisy_series.h"

namespace joule::energy {
namespace {

std::int64_t nanoseconds(Seconds time) { return static_cast<std::int64_t>(1e9 * time.value()); }

/// Calls the body until the counter moves, counts the calls, and returns the reading after that.
Reading call_until_tick(Meter& meter, const std::function<void()>& body, std::int64_t patience_ns,
                        std::int64_t& calls) {
  const Reading first = meter.read();
  Reading before = first, now = first;
  while (now.status == Status::ok && now.ticks == first.ticks &&
         now.monotonic_ns - first.monotonic_ns < patience_ns) {
    body();
    ++calls;
    before = now;
    now = meter.read();
  }
  // A body that takes long has passed the tick by an unknown part of its own duration.
  const Seconds gap(1e-9 * static_cast<double>(now.monotonic_ns - before.monotonic_ns));
  if (now.ticks != first.ticks && gap <= *meter.info().update_period / 4) {
    now.late_ns = now.monotonic_ns - before.monotonic_ns;
  }
  return now;
}

/// A window from a tick to a tick, in which the body runs without a pause.
Trials::Trial run_trial(Meter& meter, const std::function<void()>& body, Seconds length) {
  const std::int64_t length_ns = nanoseconds(length);
  std::int64_t warm_up = 0;
  Trials::Trial trial;
  trial.interval.begin = call_until_tick(meter, body, length_ns, warm_up);
  const std::int64_t begin = meter.clock().now_ns();
  while (meter.clock().now_ns() - begin < length_ns) {
    body();
    ++trial.calls;
  }
  trial.interval.end = call_until_tick(meter, body, length_ns, trial.calls);
  return trial;
}

Quiet run_quiet(Meter& meter, Seconds length) {
  const std::int64_t begin = meter.clock().now_ns();
  Quiet quiet = watch_idle(meter, length);
  require(meter.clock().now_ns() > begin, "trials: time stands still for the meter ",
          meter.info().name, ", so that no body can run in it");
  return quiet;
}

}  // namespace

Measurement cost_of_call(const MeterInfo& meter, const std::vector<Trials::Trial>& trials,
                         IdlePower idle_power) {
  if (trials.size() < 3) return no_measurement(meter, str("it ran ", trials.size(), " times"));
  idle_power.noise = 0;  // the trials' spread has what it fluctuates in them
  std::vector<double> joules, seconds;
  Joules edges;
  for (const Trials::Trial& trial : trials) {
    const std::string why = unresolved(meter, trial.interval);
    if (!why.empty()) return no_measurement(meter, why);
    const Counted c = counted(meter, trial.interval);
    const auto calls = static_cast<double>(trial.calls);
    joules.push_back(c.energy.value() / calls);
    seconds.push_back(trial.interval.duration().value() / calls);
    edges += *c.edges / calls;
  }
  const auto n = static_cast<double>(trials.size());
  const NoisyLevel energy({&joules, 1}), duration({&seconds, 1});
  // Errors of that size which are independent, as the phases are, add up to at most twice their
  // root of n in 95 % of the cases.
  const Joules floor = edges / n * std::min(1.0, 2 / std::sqrt(n));
  const Joules width = std::max(Joules(energy.half_width()), floor);
  Measurement m =
      split_energy(meter, Joules(energy.mean()), width, Seconds(duration.mean()), idle_power);
  m.duration = Figure<Seconds>::measured(Seconds(duration.mean()), Seconds(duration.half_width()),
                                         "monotonic clock");
  return m;
}

Trials run_trials(Meter& meter, const std::function<void()>& body, const TrialOptions& options) {
  require(options.trials >= 5, "trials: expected at least 5, got ", options.trials);
  require(options.periods >= 20 && options.periods <= 50,
          "trials: expected windows of 20 to 50 update periods, got ", options.periods);
  const MeterInfo& info = meter.info();
  Trials result{.trials = {},
                .idle_power = no_idle_power(info.reason),
                .per_call = no_measurement(info, info.reason)};
  if (!meter.available()) return result;
  require(info.update_period.has_value(), "trials: the meter ", info.name,
          " does not know its update period; calibrate() it first");

  const Seconds length = std::max(options.shortest, options.periods * *info.update_period);
  const std::shared_ptr<Sampler> sampler = meter.keep_sampled();
  Generator phases(options.seed);
  std::vector<Quiet> quiet;
  const auto rest = [&] {
    const Seconds enough = std::max(options.quiet, 40 * *info.update_period);
    if (options.quiet > Seconds(0)) quiet.push_back(run_quiet(meter, enough));
  };
  rest();
  for (int t = 0; t < options.trials; ++t) {
    float phase = 0;
    phases.uniform({&phase, 1});
    meter.clock().sleep_ns(nanoseconds(phase * *info.update_period));
    result.trials.push_back(run_trial(meter, body, length));
    const std::string problem = result.trials.back().interval.problem();
    if (!problem.empty()) {
      result.per_call = no_measurement(info, problem);
      return result;
    }
  }
  rest();
  result.idle_power = measured_idle_power(info, quiet);
  result.per_call = cost_of_call(info, result.trials, result.idle_power);
  return result;
}

double student_t95(std::int64_t degrees) {
  require(degrees >= 1, "student_t95: expected at least 1 degree of freedom, got ", degrees);
  static constexpr std::array kQuantiles = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                            2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                            2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                            2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
  return kQuantiles[static_cast<std::size_t>(std::min<std::int64_t>(degrees, 30) - 1)];
}

}  // namespace joule::energy
