// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// The processors' own counters (RAPL) by the kernel's power capping files,
/// <sysfs>/class/powercap/intel-rapl:*: the sum of all packages and of their DRAM, in microjoules.
///
/// What is not added: `core` and `uncore`, which the package contains; `psys`, which contains the
/// packages; the zones of intel-rapl-mmio, which are the same counters by another way; and dies
/// that show the counter of their package again (AMD): of two zones of the same kind in the same
/// package, the second is a mirror if its value lies between two readings of the first, a second
/// long.  Where intel-rapl has no package, those of intel-rapl-mmio are read; where there is none
/// either, psys, of which it is not known what it counts (Domain::unknown).
///
/// Each zone wraps at max_energy_range_uj, within minutes under load, so windows read it in the
/// background, a thousand times per wrap.  A zone draws at most 1 kW, or four times the highest
/// limit of its that is enabled: if it was not read for as long as it takes to wrap at that power,
/// or if a step forwards, or a wrap, would mean more, the counter has lost its place (a reset).  A
/// wrap that is accepted may have been a reset: the reading is in doubt by what can be drawn
/// meanwhile.
///
/// Cost      opening: a second where a package has several zones of a kind.
/// Errors    none: a meter that cannot be read says why.  `denied`, not `absent`, if the zones are
///           there and their energy_uj is for root only, as since Linux 5.10.
/// Source    Linux, Documentation/power/powercap/powercap.rst; CVE-2020-8694.
std::unique_ptr<Meter> open_rapl(const Machine& machine = {});

}  // namespace joule::energy
