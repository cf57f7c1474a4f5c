// SPDX-License-Identifier: MIT
#include "joule/training/run/history.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "joule/training/energy/run_energy.h"

namespace joule::training {
namespace {

/// Which epochs have the largest or the smallest of a number; the first if there are several, as
/// best_epoch() takes it.
std::vector<bool> extremes(std::span<const EpochMetrics> epochs) {
  std::vector<std::vector<double>> all;
  for (const EpochMetrics& m : epochs) all.push_back(numbers(m));
  std::vector<bool> extreme(epochs.size(), false);
  for (std::size_t n = 0; n < all.front().size(); ++n) {
    const auto number = [n](const auto& epoch) { return epoch[n]; };
    const auto least = std::ranges::min_element(all, {}, number);
    const auto most = std::ranges::max_element(all, {}, number);
    extreme[static_cast<std::size_t>(least - all.begin())] = true;
    extreme[static_cast<std::size_t>(most - all.begin())] = true;
  }
  return extreme;
}

/// The energies of both, by one source.
EnergySpread spent_in(const EpochMetrics& a, const EpochMetrics& b, const EpochFigures& spent,
                      const std::string& source) {
  EnergySpread both = spread_of(spent[0], a.merged, source);
  both += spread_of(spent[1], b.merged, source);
  return both;
}

/// `before` goes into the epoch behind it.
void merge(const EpochMetrics& before, EpochMetrics& to) {
  const std::array both{before, to};
  MergedEpochs merged{.count = before.merged.count + 1 + to.merged.count};
  merged.spent[kMeasured] = spent_in(before, to, measured_energies(both), kMeasured);
  for (const energy::CostModel& profile : energy::built_in_cost_models()) {
    merged.spent[profile.name] =
        spent_in(before, to, modelled_energies(both, profile), profile.name);
  }
  EpochEnergy energy = before.energy;
  energy += to.energy;
  to.energy = std::move(energy);
  to.seconds += before.seconds;
  to.merged = std::move(merged);
}

}  // namespace

void thin_out(std::vector<EpochMetrics>& epochs) {
  if (epochs.size() <= kMostPoints) return;
  std::vector<bool> stays = extremes(epochs);
  stays.front() = stays.back() = true;
  stays[epochs.size() - 2] = true;  // nothing is merged into the last
  for (std::size_t i = 0; i < epochs.size(); i += 2) stays[i] = true;
  std::vector<EpochMetrics> left;
  left.reserve(kMostPoints + 1);
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (i > 0 && !stays[i - 1]) merge(epochs[i - 1], epochs[i]);
    if (stays[i]) left.push_back(std::move(epochs[i]));
  }
  epochs = std::move(left);
}

std::vector<EpochMetrics> thinned(std::span<const EpochMetrics> epochs) {
  std::vector<EpochMetrics> points;
  for (const EpochMetrics& m : epochs) {
    points.push_back(m);
    thin_out(points);
  }
  return points;
}

std::int64_t count_epochs(std::span<const EpochMetrics> epochs) {
  std::int64_t count = 0;
  for (const EpochMetrics& m : epochs) count += 1 + m.merged.count;
  return count;
}

}  // namespace joule::training
