// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// The energy counters of AMD GPUs (MI100 and later) by ROCm SMI, in ticks of 2^-16 J: one meter
/// per card, or that of one, which is `named` by its PCI bus id (0000:c1:00.0).
///
/// The scope is the whole card.  One that is split into partitions is one meter, as they share its
/// counter; so are the two dies of an MI250X, where the second's counter stands at 0.  That of an
/// MI300A is its module's, with the processors.  A card without a counter says so: hwmon may sample
/// its power.
///
/// Errors    none: a meter that cannot be read says why; if that is so for all, it is the only one.
///           ArgumentError for an id that is a number, and if the library does not know `named`.
/// Numerics  the library rounds the tick to 15.3 uJ, which is .27 % too much: where it says that,
///           the tick is the driver's, 2^-16 J.  AMD states no error of the counter.
/// Source    AMD, ROCm SMI library; Linux, drivers/gpu/drm/amd/include/kgd_pp_interface.h
///           (gpu_metrics, energy_accumulator).
std::vector<std::unique_ptr<Meter>> open_rocm_smi(const Machine& machine = {},
                                                  const std::string& named = {});

}  // namespace joule::energy
