// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// A whole number in a file of the kernel, or why there is none.
struct SysfsNumber {
  std::int64_t value = 0;
  std::string problem;
  int error = 0;  // an errno, if that is why

  bool denied() const;  // to this user
  bool gone() const;    // there is no such file or device (any more)
};

/// Reads a number that is not negative; `what` is for the message: "microjoules".
SysfsNumber read_sysfs_number(const Machine& machine, const std::string& path,
                              const std::string& what);

/// Why the number cannot be read, as the meter that it was to be: `denied` with `remedy`, else
/// failed.
std::unique_ptr<Meter> refused_meter(const Machine& machine, const std::string& name,
                                     const SysfsNumber& read, const std::string& why_denied,
                                     const std::string& remedy);

}  // namespace joule::energy
