// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "joule/energy/figure.h"
#include "joule/energy/measurement.h"
#include "joule/energy/meter.h"
#include "joule/energy/window.h"

namespace joule::energy {

struct TrialOptions {
  int trials = 8;    // at least 5; eight phases bring a load that beats with the counter to 5 %
  int periods = 50;  // of the counter per trial, 20 to 50: with aligned edges 50 leave 1 %
  Seconds shortest{0.05};  // of a trial, whatever the period
  Seconds quiet{1};        // to measure the idle power, before and after; 0: not at all
  std::uint64_t seed = 0;  // of the phases
};

/// What one call of a body costs, from repeated windows.
struct Trials {
  struct Trial {
    Interval interval;
    std::int64_t calls = 0;  // of the body
  };
  std::vector<Trial> trials;
  IdlePower idle_power;  // before the first trial and after the last
  Measurement per_call;  // means over the trials
};

/// Repeats `body` in windows that begin and end when the counter moves, so that each holds whole
/// update periods in which nothing but the body ran.  Before each trial a random part of a period
/// is waited for, so that a body whose own rhythm beats with the counter's meets it at another
/// phase each time.  Before and after all trials the idle power is measured.
///
/// The body must have done its work when it returns (a GPU: synchronise).
///
/// Numerics  the uncertainty is the 95 % interval of NoisyLevel over the trials: Student's t, and
///           wider if trials resemble their neighbours; but not less than their edges' uncertainty
///           times 2 / sqrt(trials), plus the meter's systematic share, which repeating does not
///           reduce.  How the idle power fluctuates within the trials is in that interval; of the
///           idle power itself the sampling is on top.  The same seed gives the same phases.
/// Cost      trials * periods update periods, and the quiet time twice, or 40 periods if they are
///           longer: 50 s on a counter that moves every 100 ms.
/// Errors    ArgumentError for fewer than 5 trials, periods outside 20..50, a meter that was not
///           calibrated, a replay (its time does not pass).  What the body throws.
///           If the meter cannot be read, or dies, there are the trials up to then and no figures.
Trials run_trials(Meter& meter, const std::function<void()>& body,
                  const TrialOptions& options = {});

/// What one call costs by such trials: the `per_call` of run_trials().
///
/// Errors    none: of fewer than 3 trials, or of one that the counter cannot resolve, there are no
///           figures.
Measurement cost_of_call(const MeterInfo& meter, const std::vector<Trials::Trial>& trials,
                         IdlePower idle_power);

/// The t with P(|T| <= t) = .95 for Student's distribution of `degrees` degrees of freedom; beyond
/// 30 that of 30, which is at most 4 % too wide.
///
/// Errors    ArgumentError for degrees < 1.
/// Source    Student 1908; any table of the distribution.
double student_t95(std::int64_t degrees);

}  // namespace joule::energy
