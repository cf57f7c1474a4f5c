// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace joule::study {

/// A process that runs trials; other processes of its machine can tell from this whether it lives.
struct WorkerProcess {
  std::string host;  // the machine's name
  int pid = 0;
  std::string identity;  // boot, pid namespace, pid and start time: unique

  /// "4711 on machine"
  std::string shown() const;
  friend bool operator==(const WorkerProcess&, const WorkerProcess&) = default;
};

WorkerProcess this_process();
/// A child of this process that has not been waited for.
WorkerProcess process_of(int child);

/// Whether it is known to be dead: it ran in this boot of this machine and this pid namespace, and
/// is gone.  One whose parent has not yet waited for it does not count as dead: the parent will say
/// how it died.  Of a process elsewhere nothing is known.
bool is_dead(const WorkerProcess& process);

}  // namespace joule::study
