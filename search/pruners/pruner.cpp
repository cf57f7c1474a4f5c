// SPDX-License-Identifier: MIT
#include "joule/search/pruners/pruner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/io/nearest.h"
#include "joule/search/draw.h"

namespace joule::search {
namespace {

/// So that smaller is better.
double cost(Direction direction, double value) {
  return direction == Direction::minimise ? value : -value;
}

bool never(const PrunerSettings& /*settings*/, Direction /*direction*/, const Curve& /*trial*/,
           std::span<const Curve> /*others*/) {
  return false;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

bool below_median(const PrunerSettings& settings, Direction direction, const Curve& trial,
                  std::span<const Curve> others) {
  const std::int64_t step = trial.values.rbegin()->first;
  if (std::ranges::count(others, true, &Curve::complete) < settings.startup_trials) return false;
  if (step < settings.warmup_steps) return false;
  std::vector<double> there;
  for (const Curve& other : others) {
    const auto found = other.values.find(step);
    if (other.complete && found != other.values.end()) {
      there.push_back(cost(direction, found->second));
    }
  }
  if (there.empty()) return false;
  double best = cost(direction, trial.values.begin()->second);
  for (const auto& [at, value] : trial.values) best = std::min(best, cost(direction, value));
  return best > median(std::move(there));
}

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t out = 1;
  for (std::int64_t i = 0; i < exponent; ++i) out *= base;
  return out;
}

/// What the trial reported when it had come to that step; null if it has not.
const double* value_at_rung(const Curve& trial, std::int64_t rung) {
  const auto found = trial.values.lower_bound(rung);
  return found == trial.values.end() ? nullptr : &found->second;
}

bool falls_at(std::int64_t rung, const PrunerSettings& settings, Direction direction,
              const Curve& trial, std::span<const Curve> others) {
  const std::int64_t bracket = bracket_of(settings, trial.number);
  std::vector<double> there{cost(direction, *value_at_rung(trial, rung))};
  const double own = there.front();
  for (const Curve& other : others) {
    const double* const value = value_at_rung(other, rung);
    if (value && bracket_of(settings, other.number) == bracket) {
      there.push_back(cost(direction, *value));
    }
  }
  const auto promoted = std::max<std::ptrdiff_t>(std::ssize(there) / settings.reduction, 1);
  std::ranges::nth_element(there, there.begin() + (promoted - 1));
  return own > there[static_cast<std::size_t>(promoted - 1)];
}

bool falls_in_bracket(const PrunerSettings& settings, Direction direction, const Curve& trial,
                      std::span<const Curve> others) {
  const std::int64_t step = trial.values.rbegin()->first;
  const std::int64_t before =
      trial.values.size() > 1 ? std::prev(trial.values.end(), 2)->first : std::int64_t{0};
  // The rungs that it has come to with this report.
  for (std::int64_t rung = power(settings.reduction, bracket_of(settings, trial.number));
       rung <= step; rung *= settings.reduction) {
    if (rung > before && falls_at(rung, settings, direction, trial, others)) return true;
  }
  return false;
}

struct PrunerRow {
  std::string_view name;
  bool (*prune)(const PrunerSettings&, Direction, const Curve&, std::span<const Curve>);
};

constexpr PrunerRow kPruners[] = {
    {"none", never}, {"median", below_median}, {"hyperband", falls_in_bracket}};

constexpr auto kPrunerNames = [] {
  std::array<std::string_view, std::size(kPruners)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kPruners[i].name;
  return names;
}();

void check_curve(const Curve& curve) {
  for (const auto& [step, value] : curve.values) {
    require(std::isfinite(value), "trial ", curve.number, " reported ", value, " at step ", step,
            "; expected a finite number");
  }
}

/// ceil(B reduction^s / (s + 1)), s = B - 1 - bracket.
std::int64_t allocation(const PrunerSettings& settings, std::int64_t brackets,
                        std::int64_t bracket) {
  const std::int64_t s = brackets - 1 - bracket;
  return (brackets * power(settings.reduction, s) + s) / (s + 1);
}

}  // namespace

std::span<const std::string_view> pruner_names() { return kPrunerNames; }

void check(const PrunerSettings& s) {
  require_one_of("pruner", s.name, {kPrunerNames.begin(), kPrunerNames.end()});
  require(s.startup_trials >= 0, "pruner: startup_trials: must not be negative, got ",
          s.startup_trials);
  require(s.warmup_steps >= 1, "pruner: warmup_steps: expected at least 1, got ", s.warmup_steps);
  constexpr std::int64_t kMostSteps = std::int64_t{1} << 40;  // its brackets can be counted
  require(s.most_steps >= 1 && s.most_steps <= kMostSteps, "pruner: most_steps: expected 1 to ",
          kMostSteps, ", got ", s.most_steps);
  constexpr std::int64_t kMostReduction = 1000;
  require(s.reduction >= 2 && s.reduction <= kMostReduction, "pruner: reduction: expected 2 to ",
          kMostReduction, ", got ", s.reduction);
}

bool prune(const PrunerSettings& settings, Direction direction, const Curve& trial,
           std::span<const Curve> others) {
  check(settings);
  require(!trial.values.empty(), "trial ", trial.number, " has reported nothing");
  check_curve(trial);
  std::ranges::for_each(others, check_curve);
  const auto* const row = std::ranges::find(kPruners, settings.name, &PrunerRow::name);
  return row->prune(settings, direction, trial, others);
}

std::int64_t bracket_count(const PrunerSettings& settings) {
  std::int64_t brackets = 1;
  for (std::int64_t steps = settings.reduction; steps <= settings.most_steps;
       steps *= settings.reduction) {
    ++brackets;
  }
  return brackets;
}

std::int64_t bracket_of(const PrunerSettings& settings, std::int64_t number) {
  const std::int64_t brackets = bracket_count(settings);
  std::int64_t all = 0;
  for (std::int64_t b = 0; b < brackets; ++b) all += allocation(settings, brackets, b);
  const auto words = philox(0, static_cast<std::uint64_t>(number), stream(Drawer::hyperband, 0));
  auto left = static_cast<std::int64_t>(unit(words[0], words[1]) * static_cast<double>(all));
  for (std::int64_t b = 0; b + 1 < brackets; ++b) {
    left -= allocation(settings, brackets, b);
    if (left < 0) return b;
  }
  return brackets - 1;
}

}  // namespace joule::search
