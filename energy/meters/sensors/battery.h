// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// What a laptop's batteries give, by <sysfs>/class/power_supply: all that the machine draws while
/// it runs on them.  Of each, the first that there is of
///
///   power_now                  microwatts of the moment, integrated
///   voltage_now * current_now  microvolts and microamperes of the moment, integrated
///   energy_now                 microwatt-hours that are left: a coarse counter
///
/// On mains power the batteries do not tell what the machine draws: a reading then fails, and says
/// so; what was drawn until a battery discharges again is lost.
///
/// Errors    none: a meter that cannot be read says why.
/// Source    Linux, Documentation/ABI/testing/sysfs-class-power.
std::unique_ptr<Meter> open_battery(const Machine& machine = {});

}  // namespace joule::energy
