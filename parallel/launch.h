// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "joule/parallel/communicator.h"

namespace joule::parallel {

/// What the environment says of how this process was started.
struct Launch {
  bool launched = false;  // by mpirun, or by srun with its MPI
  int rank = 0;
  int size = 0;           // how many processes; 0: it does not say
  std::string told_by{};  // the variable, with its value
};
Launch launch_of_this_process();

/// The name of this machine; "?" if it has none.
std::string this_host();

/// MPI's processes; null in a build without MPI.  Errors: DeviceError.
std::shared_ptr<Communicator> open_mpi();

/// The processors that a process may run on, and its machine.
struct Place {
  std::string host;
  std::vector<int> processors;
};

/// How many threads `mine` of these processes should have, so that those of one machine share its
/// processors: each processor counts as the part of it that is left for one of those that may use
/// it.  At least 1.
int fair_threads(std::span<const Place> places, std::size_t mine);

/// The same for the ranks of `ranks`, which all call it; at most usable_processors().
int fair_threads(Communicator& ranks);

}  // namespace joule::parallel
