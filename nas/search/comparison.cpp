// SPDX-License-Identifier: MIT
#include "joule/nas/search/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "joule/core/error.h"
#include "joule/search/front/attainment.h"
#include "joule/search/front/front.h"
#include "joule/search/front/hypervolume.h"

namespace joule::nas {
namespace {

using search::Direction;
using search::Objectives;

/// The valid evaluations of a run, and their numbers.
struct Valid {
  std::vector<std::size_t> numbers;
  std::vector<std::vector<double>> values;
};

Valid valid_of(const SearchRun& run, const std::vector<Objective>& objectives) {
  Valid valid;
  for (std::size_t i = 0; i < run.evaluations.size(); ++i) {
    if (!run.evaluations[i].valid()) continue;
    valid.numbers.push_back(i);
    valid.values.push_back(run.evaluations[i].objectives(objectives));
  }
  return valid;
}

std::vector<double> worst_of(const std::vector<std::vector<double>>& all,
                             const std::vector<Direction>& directions) {
  std::vector<double> worst = all.front();
  for (const std::vector<double>& values : all) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      worst[j] = directions[j] == Direction::minimise ? std::max(worst[j], values[j])
                                                      : std::min(worst[j], values[j]);
    }
  }
  return worst;
}

/// After each evaluation of a run, the hypervolume so far.
std::vector<double> volumes(const SearchRun& run, const std::vector<Objective>& objectives,
                            const std::vector<double>& reference) {
  const std::vector<Direction> directions = directions_of(objectives);
  std::vector<std::vector<double>> front;
  const auto covers = [&](const std::vector<double>& a, const std::vector<double>& b) {
    for (std::size_t j = 0; j < a.size(); ++j) {
      if (directions[j] == Direction::minimise ? a[j] > b[j] : a[j] < b[j]) return false;
    }
    return true;
  };
  std::vector<double> out;
  double volume = 0;
  for (const SearchEvaluation& evaluation : run.evaluations) {
    if (evaluation.valid()) {
      const std::vector<double> values = evaluation.objectives(objectives);
      const bool covered =
          std::ranges::any_of(front, [&](const auto& other) { return covers(other, values); });
      if (!covered) {
        std::erase_if(front, [&](const auto& other) { return covers(values, other); });
        front.push_back(values);
        volume = hypervolume(Objectives(directions, front), reference);
      }
    }
    out.push_back(volume);
  }
  return out;
}

Landmarks landmarks_of(const SearchRun& run, const std::vector<Objective>& objectives,
                       double volume) {
  Landmarks marks{.volume = volume};
  const Valid valid = valid_of(run, objectives);
  if (valid.values.empty()) return marks;
  const Objectives all(directions_of(objectives), valid.values);
  for (const std::size_t i : front(all)) marks.front.push_back(valid.numbers[i]);
  for (const std::size_t i : extrema(all)) marks.extrema.push_back(valid.numbers[i]);
  if (objectives.size() == 2) {
    if (const auto bend = largest_bend(all)) marks.bend = valid.numbers[bend->point];
    if (const auto bend = knee(all)) marks.knee = valid.numbers[bend->point];
  }
  return marks;
}

constexpr std::size_t kMostCurvePoints = 200;

std::vector<CurvePoint> curve_over_evaluations(const std::vector<std::vector<double>>& volumes) {
  std::size_t shortest = volumes.front().size();
  for (const std::vector<double>& run : volumes) shortest = std::min(shortest, run.size());
  const std::size_t step = std::max<std::size_t>(1, shortest / kMostCurvePoints);
  std::vector<CurvePoint> curve;
  for (std::size_t n = 1; n <= shortest;
       n += n + step > shortest && n < shortest ? shortest - n : step) {
    std::vector<double> at;
    for (const std::vector<double>& run : volumes) at.push_back(run[n - 1]);
    curve.push_back({static_cast<double>(n), spread_of(std::move(at))});
  }
  return curve;
}

/// Up to what the run that spent the least has spent: a median of fewer runs would jump.
std::vector<CurvePoint> curve_over_joules(const std::vector<const SearchRun*>& runs,
                                          const std::vector<std::vector<double>>& volumes) {
  std::vector<std::vector<double>> spent;
  double least = std::numeric_limits<double>::infinity();
  for (const SearchRun* const run : runs) {
    std::vector<double>& sums = spent.emplace_back();
    double sum = 0;
    for (const SearchEvaluation& evaluation : run->evaluations)
      sums.push_back(sum += evaluation.joules);
    least = std::min(least, sum);
  }
  if (!(least > 0)) return {};
  std::vector<CurvePoint> curve;
  for (std::size_t k = 1; k <= kMostCurvePoints; ++k) {
    const double x = least * static_cast<double>(k) / static_cast<double>(kMostCurvePoints);
    std::vector<double> at;
    for (std::size_t r = 0; r < runs.size(); ++r) {
      const auto done = std::ranges::upper_bound(spent[r], x) - spent[r].begin();
      at.push_back(done == 0 ? 0 : volumes[r][static_cast<std::size_t>(done - 1)]);
    }
    curve.push_back({x, spread_of(std::move(at))});
  }
  return curve;
}

std::optional<Attainment> attainment_of(const std::vector<const SearchRun*>& runs,
                                        const std::vector<Objective>& objectives) {
  if (objectives.size() != 2) return std::nullopt;
  std::vector<Objectives> all;
  for (const SearchRun* const run : runs) {
    all.emplace_back(directions_of(objectives), valid_of(*run, objectives).values);
  }
  const auto n = static_cast<double>(all.size());
  const auto of = [&](double share) {
    const auto k = static_cast<std::size_t>(std::ceil(share * n - 1e-9));
    return attainment_surface(all, std::max<std::size_t>(k, 1));
  };
  return Attainment{of(0.25), of(0.5), of(0.75)};
}

Method method_of(const Comparison& comparison, std::vector<std::size_t> numbers) {
  Method method{.strategy = comparison.runs[numbers[0]].strategy,
                .sampler = comparison.runs[numbers[0]].sampler,
                .runs = std::move(numbers)};
  std::vector<const SearchRun*> runs;
  std::vector<std::vector<double>> of_runs;
  std::vector<double> volume, joules, seconds, invalid;
  for (const std::size_t number : method.runs) {
    const SearchRun& run = comparison.runs[number];
    runs.push_back(&run);
    of_runs.push_back(volumes(run, comparison.objectives, comparison.reference));
    volume.push_back(of_runs.back().empty() ? 0 : of_runs.back().back());
    method.landmarks.push_back(landmarks_of(run, comparison.objectives, volume.back()));
    double sum = 0, faults = 0;
    for (const SearchEvaluation& evaluation : run.evaluations) {
      sum += evaluation.joules;
      faults += evaluation.valid() ? 0 : 1;
    }
    joules.push_back(sum);
    invalid.push_back(faults);
    seconds.push_back(run.seconds);
  }
  method.volume = spread_of(volume);
  method.joules = spread_of(joules);
  method.seconds = spread_of(seconds);
  method.invalid = spread_of(invalid);
  method.over_evaluations = curve_over_evaluations(of_runs);
  method.over_joules = curve_over_joules(runs, of_runs);
  method.attainment = attainment_of(runs, comparison.objectives);
  return method;
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  require(!values.empty(), "a spread of no values");
  std::ranges::sort(values);
  const auto quantile = [&](double share) {
    const double at = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], at - static_cast<double>(below));
  };
  return {quantile(0.25), quantile(0.5), quantile(0.75)};
}

Comparison compare(std::vector<SearchRun> runs, const std::vector<Objective>& objectives,
                   const std::vector<std::vector<double>>& everything) {
  require(!runs.empty(), "there is no search to compare");
  Comparison comparison{.objectives = objectives, .reference = {}, .runs = std::move(runs)};
  const std::vector<Direction> directions = directions_of(objectives);
  std::vector<std::vector<double>> all = everything;
  if (everything.empty()) {
    for (const SearchRun& run : comparison.runs) {
      const Valid valid = valid_of(run, objectives);
      all.insert(all.end(), valid.values.begin(), valid.values.end());
    }
  }
  require(!all.empty(), "no search has a valid evaluation: there is nothing to compare");
  comparison.reference = worst_of(all, directions);
  if (!everything.empty()) {
    const Objectives whole(directions, everything);
    std::vector<std::vector<double>> best;
    for (const std::size_t i : front(whole)) best.push_back(everything[i]);
    comparison.whole = hypervolume(Objectives(directions, best), comparison.reference);
  }
  std::vector<std::vector<std::size_t>> of_strategy;
  std::vector<std::string> strategies;
  for (std::size_t i = 0; i < comparison.runs.size(); ++i) {
    const std::string& strategy = comparison.runs[i].strategy;
    const auto found = std::ranges::find(strategies, strategy);
    if (found == strategies.end()) {
      strategies.push_back(strategy);
      of_strategy.push_back({i});
    } else {
      of_strategy[static_cast<std::size_t>(found - strategies.begin())].push_back(i);
    }
  }
  for (std::vector<std::size_t>& numbers : of_strategy) {
    comparison.methods.push_back(method_of(comparison, std::move(numbers)));
  }
  return comparison;
}

}  // namespace joule::nas
