// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// A meter that cannot be read: each of its readings says why.
std::unique_ptr<Meter> unreadable_meter(const Machine& machine, std::string name, Status status,
                                        std::string reason, std::string remedy);
/// The same, of which it is known what it would count.
std::unique_ptr<Meter> unreadable_meter(const Machine& machine, MeterInfo info, Status status,
                                        std::string reason, std::string remedy);

/// The meter of somebody who wants none.
std::unique_ptr<Meter> no_meter(const Machine& machine = {});

}  // namespace joule::energy
