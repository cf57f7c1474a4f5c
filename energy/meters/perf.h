// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// The processors' own counters (RAPL) by perf_event_open(2), from the events energy-pkg and, where
/// there is one, energy-ram of <sysfs>/bus/event_source/devices/power, on each CPU of its cpumask
/// (one per package, or per die).  The unit is the events' scale, 2^-32 J; the kernel undoes wraps.
///
/// On AMD each package has one counter; where the cpumask names several CPUs of a package, the
/// first stands for it.
///
/// Errors    none: a meter that cannot be read says why.  `denied` without root, CAP_PERFMON or
///           kernel.perf_event_paranoid <= 0.
/// Source    Linux, arch/x86/events/rapl.c; perf_event_open(2).
std::unique_ptr<Meter> open_perf(const Machine& machine = {});

}  // namespace joule::energy
