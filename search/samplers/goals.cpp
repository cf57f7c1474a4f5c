// SPDX-License-Identifier: MIT
//
// What samplers that read observations check.
#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/search/samplers/samplers.h"

namespace joule::search {

void check_trial_number(std::int64_t number) {
  require(number >= 0, "sampler: a trial's number must not be negative, got ", number);
}

std::vector<Observation> checked(const Space& space, std::span<const Observation> observations) {
  std::vector<Observation> sorted(observations.begin(), observations.end());
  std::ranges::sort(sorted, {}, &Observation::number);
  for (const Observation& observation : sorted) {
    try {
      space.check(observation.point);
    } catch (const ArgumentError& error) {
      throw ArgumentError(str("trial ", observation.number, ": ", error.what()));
    }
    if (!observation.cost) continue;
    require(std::isfinite(*observation.cost) && *observation.cost > 0, "trial ", observation.number,
            ": the cost must be a finite number above 0, got ", *observation.cost);
  }
  return sorted;
}

Goals::Goals(std::string_view sampler, const SamplerSettings& settings)
    : directions(settings.directions) {
  require(!directions.empty(), sampler, ": needs the directions of the objectives");
  require(settings.limits.empty() || settings.limits.size() == directions.size(), sampler,
          ": expected a limit or none for each of ", directions.size(), " objectives, got ",
          settings.limits.size());
  for (std::size_t j = 0; j < directions.size(); ++j) {
    if (settings.limits.empty() || !settings.limits[j]) {
      optimised.push_back(j);
      continue;
    }
    const double limit = *settings.limits[j];
    require(std::isfinite(limit), sampler, ": the limit of objective ", j,
            " must be a finite number, got ", limit);
    constraints.push_back(j);
    limits.push_back(directions[j] == Direction::minimise ? limit : -limit);
  }
  require(!optimised.empty(), sampler, ": all objectives have a limit: nothing is optimised");
}

}  // namespace joule::search
