// SPDX-License-Identifier: MIT
#include "joule/parallel/launch.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string_view>

#include "joule/core/error.h"
#include "joule/core/system/processors.h"

namespace joule::parallel {
namespace {

std::vector<int> allowed_processors() {
  std::vector<int> processors;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return processors;  // more than the set holds
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) processors.push_back(i);
  }
  return processors;
}

/// A host's name has no spaces.
std::string text_of(const Place& place) {
  std::string text = place.host;
  for (const int processor : place.processors)
    text.append(1, ' ').append(std::to_string(processor));
  return text;
}

Place place_of(const std::string& text) {
  std::istringstream words(text);
  Place place;
  words >> place.host;
  for (int processor = 0; words >> processor;) place.processors.push_back(processor);
  return place;
}

}  // namespace

Launch launch_of_this_process() {
  struct Variables {
    const char *rank, *size;
  };
  const auto number = [](const char* variable) {
    const char* const value = std::getenv(variable);
    return value ? std::max(0, std::atoi(value)) : 0;
  };
  // Open MPI's mpirun; MPICH's, and srun --mpi=pmi2; srun --mpi=pmix, which leaves the number to
  // Slurm.
  for (const Variables& v :
       {Variables{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
        Variables{"PMI_RANK", "PMI_SIZE"}, Variables{"PMIX_RANK", "SLURM_STEP_NUM_TASKS"}}) {
    if (!std::getenv(v.rank)) continue;
    return {.launched = true,
            .rank = number(v.rank),
            .size = number(v.size),
            .told_by = str(v.rank, "=", std::getenv(v.rank))};
  }
  return {};
}

int fair_threads(std::span<const Place> places, std::size_t mine) {
  std::map<int, int> users;  // of each processor of my machine
  for (const Place& place : places) {
    if (place.host != places[mine].host) continue;
    for (const int processor : place.processors) ++users[processor];
  }
  double share = 0;
  for (const int processor : places[mine].processors) share += 1.0 / users.at(processor);
  return std::max(1, static_cast<int>(share + 1e-9));
}

int fair_threads(Communicator& ranks) {
  const Place here{ranks.host(), allowed_processors()};
  std::vector<Place> places;
  for (const std::string& text : ranks.gather(text_of(here))) places.push_back(place_of(text));
  return std::min(fair_threads(places, static_cast<std::size_t>(ranks.rank())),
                  usable_processors());
}

}  // namespace joule::parallel
