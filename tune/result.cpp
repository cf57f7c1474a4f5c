// SPDX-License-Identifier: MIT
#include "joule/tune/result.h"

#include <algorithm>
#include <string_view>

namespace joule::tune {

const MeasuredRow& choice(const TuningEntry& entry, const TuningDensities& densities) {
  return *entry.choose(densities, [](std::string_view) { return true; });
}

TuningDensities densities_at(std::size_t operand, double density) {
  TuningDensities densities;
  densities.fill(1);
  densities[operand] = density;
  return densities;
}

TuneResult evaluate(const Candidate& candidate, const std::vector<std::string>& static_choices) {
  TuneResult result{
      .layer = candidate.layer, .entry = candidate.entry, .disturbance = candidate.disturbance};
  const TuningEntry& entry = result.entry;
  auto statically = static_choices.begin();
  const auto add = [&](const std::string& operand, std::size_t k, double density) {
    const MeasuredRow& best = choice(entry, densities_at(k, density));
    const auto row = std::ranges::find(entry.rows, *statically, &MeasuredRow::name);
    std::optional<double> gain;  // the reference is not timed
    if (row != entry.rows.end()) {
      gain = entry.milliseconds(*row, densities_at(k, density)) /
             entry.milliseconds(best, densities_at(k, density));
    }
    result.points.push_back({operand, density, best.name, *statically++, gain});
  };
  add("", 0, 1);
  for (std::size_t k = 0; k < candidate.sparse.size(); ++k) {
    result.operands.push_back(candidate.sparse[k].name);
    for (const double density : entry.densities) add(candidate.sparse[k].name, k, density);
  }
  return result;
}

}  // namespace joule::tune
