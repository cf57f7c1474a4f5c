// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// The sensors of power and energy in <sysfs>/class/hwmon, one meter each.  What each counts:
///
///   chip           file                    counts
///   amd_energy     energyN_input           the processors, by its label Esocket...; cores are left
///                                          out, as they are in them
///   power_meter    powerN_average          by its oem_info: "Grace Power Socket" the processors,
///     (ACPI, IPMI)                         "Module Power Socket" the module with its GPU; CPU and
///                                          SysIO rails are in them.  Anything else: not known
///   i915, xe       energy1_input, else     a GPU: the card, or its package where there is no other
///                  energy2_input
///   amdgpu         power1_average, else    a GPU; with the label fastPPT an APU: not known
///                  power1_input
///   ina3221        inN_input * currN_input a Jetson's module, on the channel VDD_IN, and then no
///                                          other, as the others are in it; else not known
///   others         energyN_input, else     not known
///                  powerN_average, else
///                  powerN_input
///
/// What is not known to be something is Domain::unknown, and in no run's sum.  An average is a mean
/// of the time since the one before, and misses nothing in between; an input is the power of a
/// moment.  Its limit (powerN_cap, _max, _crit) bounds what it can have missed.
///
/// Errors    none: a meter that cannot be read says why.  If there is no sensor, one that says so.
/// Source    Linux, Documentation/hwmon/sysfs-interface.rst, acpi_power_meter.rst, amd_energy.rst,
///           ina3221.rst, ABI/testing/sysfs-driver-intel-xe-hwmon.  Energy in microjoules, power in
///           microwatts, voltage in millivolts, current in milliamperes.
std::vector<std::unique_ptr<Meter>> open_hwmon(const Machine& machine = {});

}  // namespace joule::energy
