// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "joule/core/device.h"
#include "joule/energy/figure.h"
#include "joule/energy/models/trials.h"
#include "joule/energy/run_meters.h"

namespace joule::energy {

struct CallOptions {
  Device device = Device::cpu;  // what the function computes on
  std::string meter = "auto";   // as open_meters()
  TrialOptions trials{.trials = 5, .periods = 20, .quiet = Seconds(0)};
};

/// What one call of a function costs.
struct CallCost {
  Figure<Joules> energy;     // measured: all that the meters' scopes drew; or unavailable, and why
  Figure<Seconds> duration;  // measured, with or without a meter
};

/// Repeats `function` in windows of this machine's meters that are long enough to be resolved:
///
///   const auto cost = energy::measure([&] { net(images); });
///   std::cout << cost.energy << " in " << cost.duration << '\n';
///   // 1.234 J +- 12 mJ (measured, rapl, package 0) in 5 ms (measured, monotonic clock)
///
/// Gross: idle power is in it (run_trials() takes it out).  Of several meters that make up the
/// energy (a GPU's, and the processors') each has trials of its own, and their figures and
/// uncertainties add up.  On a GPU a call ends when the device has done its work.
///
/// Cost      that of open_run_meters() and of run_trials() for each meter: 1 s for a counter that
/// moves
///           every millisecond, 15 s for one that moves every 100 ms; without a meter .25 s.
/// Numerics  as run_trials(); the duration is the mean of the meters' trials.
/// Errors    as open_meters() and run_trials(); what the function throws.
CallCost measure(const std::function<void()>& function, const CallOptions& options = {});

/// The same by meters that are open already.
CallCost measure(const std::function<void()>& function, RunMeters& meters,
                 const CallOptions& options = {});

}  // namespace joule::energy
