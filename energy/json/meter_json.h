// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/energy/measurement.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// A meter as a JSON object: name, scope, domain, status (ok, absent, denied, failed, off), reason,
/// remedy, joules_per_tick, update_period_s, systematic, quality (of its figures: measured,
/// sampled), most_watts, band_hz, remarks.  What there is not is null.
std::string to_json(const MeterInfo& meter);

/// A measurement as a JSON object: gross, idle, dynamic, power, duration (figures), remarks.
std::string to_json(const Measurement& measurement);

}  // namespace joule::energy
