// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "joule/energy/clock.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// What a sensor says is drawn, or why it says nothing.
struct PowerSample {
  std::int64_t microwatts = 0;
  std::string failure{};
  bool for_good = false;    // it will say nothing any more
  bool interrupts = false;  // what is drawn until the next sample is another's: it is lost
};

/// A meter, in microjoules, of a sensor of power: sampled once per update period while a window is
/// open, and integrated by the trapezoid rule.  Without a sample for a second and ten periods it
/// has lost its place (a reset): what was drawn meanwhile is not known.
///
/// `info` needs scope, domain and the like, and what is known of the sensor (update_period if it
/// need not be calibrated, samples_moments, most); what follows is filled in.
std::unique_ptr<Meter> power_meter(MeterInfo info, Clock& clock, std::function<PowerSample()> ask);

}  // namespace joule::energy
