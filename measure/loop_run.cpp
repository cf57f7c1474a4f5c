// SPDX-License-Identifier: MIT
#include "joule/measure/loop_run.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "joule/core/backend/backend.h"
#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/energy/ledger.h"
#include "joule/energy/measurement.h"
#include "joule/energy/window.h"

namespace joule::measure {
namespace {

using Loopable = std::function<void()>;

std::int64_t in_ns(energy::Seconds time) { return std::llround(1e9 * time.value()); }

/// Accounted as in the profile's own window, since that costs energy, too.
void run_accounted(const Loopable& body, std::int64_t calls, energy::Ledger& ledger) {
  const ContextGuard guard;
  context().sink = &ledger;
  for (std::int64_t i = 0; i < calls; ++i) body();
}

std::vector<energy::Ledger::Line> lines_of_a_call(const Loopable& body) {
  energy::Ledger ledger;
  run_accounted(body, 1, ledger);
  return ledger.lines();
}

/// How many calls fill a time.
std::int64_t calls_in(energy::Seconds time, const Loopable& body, energy::Clock& clock) {
  energy::Ledger ledger;
  const std::int64_t begin = clock.now_ns();
  energy::Seconds passed;
  std::int64_t calls = 0;
  do {
    run_accounted(body, 1, ledger);
    synchronize_all();
    ++calls;
    passed = energy::nanoseconds(clock.now_ns() - begin);
  } while (passed < time / 10);
  return std::max<std::int64_t>(
      1, std::llround(std::ceil(time / passed * static_cast<double>(calls))));
}

class Loops {
 public:
  Loops(const LoopPlan& plan, energy::Meter& meter)
      : plan_(plan),
        meter_(meter),
        period_(*meter.info().update_period),
        phases_(plan.seed),
        length_(std::max(plan.shortest, static_cast<double>(plan.periods) * period_)) {}

  /// Nothing if it was stopped.
  std::optional<energy::Looped> run(const Loopable& body, std::vector<energy::Ledger::Line> lines,
                                    std::optional<std::int64_t> calls) {
    energy::Looped one{.lines = std::move(lines), .pauses = {}, .rested = false, .trials = {}};
    if (!calls) calls = calls_in(length_, body, meter_.clock());
    while (!one.rested && std::ssize(one.pauses) < plan_.pauses) {
      if (stopped()) return {};
      one.pauses.push_back(pause());
      one.rested = is_at_rest(one.pauses.back());
      if (!one.pauses.back().problem().empty()) break;  // it will not be known
    }
    for (int i = 0; i < plan_.trials; ++i) {
      if (stopped()) return {};
      one.trials.push_back(trial(body, *calls));
    }
    return one;
  }

 private:
  bool stopped() const { return plan_.stop && plan_.stop(); }

  energy::Interval pause() {
    energy::Window window(meter_, energy::Edges::aligned);
    meter_.clock().sleep_ns(in_ns(std::max(plan_.pause, 20 * period_)));
    return window.close();
  }

  bool is_at_rest(const energy::Interval& pause) const {
    if (!energy::unresolved(meter_.info(), pause).empty()) return false;
    return energy::counted(meter_.info(), pause).energy / pause.duration() <= plan_.level;
  }

  energy::Trials::Trial trial(const Loopable& body, std::int64_t calls) {
    float phase = 0;
    phases_.uniform({&phase, 1});
    meter_.clock().sleep_ns(in_ns(phase * period_));
    energy::Ledger ledger;
    energy::Window window(meter_, energy::Edges::aligned);
    run_accounted(body, calls, ledger);
    return {window.close(), calls};
  }

  const LoopPlan& plan_;
  energy::Meter& meter_;
  energy::Seconds period_;
  Generator phases_;
  energy::Seconds length_;
};

}  // namespace

std::optional<std::vector<energy::Looped>> run_loops(std::span<const std::function<void()>> bodies,
                                                     const LoopPlan& plan, energy::Meter& meter) {
  require(meter.info().update_period.has_value(), "loops: the meter ", meter.info().name,
          " does not know its update period");
  std::vector<std::pair<const Loopable*, std::vector<energy::Ledger::Line>>> operations;
  for (const Loopable& body : bodies) {
    auto lines = lines_of_a_call(body);
    if (!lines.empty()) operations.emplace_back(&body, std::move(lines));
  }
  require(plan.calls.empty() || plan.calls.size() == operations.size(), "loops: the recording has ",
          plan.calls.size(), " loops, and this net has ", operations.size(),
          " operations that run by themselves");
  Loops loops(plan, meter);
  std::vector<energy::Looped> all;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    auto& [body, lines] = operations[i];
    const auto calls = plan.calls.empty() ? std::nullopt : std::optional(plan.calls[i]);
    auto one = loops.run(*body, std::move(lines), calls);
    if (!one) return {};
    all.push_back(std::move(*one));
  }
  return all;
}

}  // namespace joule::measure
