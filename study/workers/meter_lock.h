// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "joule/io/descriptor.h"
#include "joule/training/energy/metering.h"

namespace joule::study {

/// Reserves meters of this machine for one trial at a time, with a lock (flock) on a file per
/// meter, /tmp/joule-meter-<machine>-<meter>.lock, across all users and studies.  The lock ends
/// with the process, however that ends; the empty files remain.  Child processes do not inherit it.
class MeterLock {
 public:
  /// Waits for all of them in the order of their names, so that two that want the same meters
  /// cannot deadlock.
  ///
  /// Returns   nothing if `stop` returned true meanwhile; it is called twenty times a second.
  /// Errors    ArgumentError if a name is empty; DataError if a file cannot be created or locked.
  static std::optional<MeterLock> wait(std::vector<std::string> meters,
                                       const std::function<bool()>& stop,
                                       const std::string& folder = "/tmp");

  MeterLock(MeterLock&&) = default;
  MeterLock& operator=(MeterLock&&) = default;

 private:
  MeterLock() = default;

  std::list<Descriptor> held_;
};

/// The lock names of the meters that can be read.  A replay has none: each trial reads its own copy
/// of the recording.
std::vector<std::string> locks_of(const training::Metering& metering);

}  // namespace joule::study
