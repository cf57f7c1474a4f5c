// SPDX-License-Identifier: MIT
#include "joule/study/budget.h"

#include <algorithm>
#include <span>

#include "joule/core/error.h"

namespace joule::study {
namespace {

/// "measured and modelled": the qualities in which all of them have their energy.
std::string common_qualities(std::span<const Trial> trials) {
  std::string text;
  for (const Quality quality : kEnergyQualities) {
    const auto has = [&](const Trial& t) { return joules(t, quality).has_value(); };
    if (!std::ranges::all_of(trials, has)) continue;
    text += str(text.empty() ? "" : " and ", name(quality));
  }
  return text;
}

/// Of the first trial that has its energy in no quality that those before it have.
std::string why_no_sum(std::span<const Trial> told) {
  std::size_t n = 0;
  while (energy_quality(told.first(n + 1)) != Quality::unavailable) ++n;
  const std::string its = common_qualities(told.subspan(n, 1));
  if (its.empty()) {
    return str("trial ", told[n].number,
               " has no energy, neither measured nor sampled nor modelled");
  }
  return str("trial ", told[n].number, " has its energy ", its, ", the trials before it ",
             common_qualities(told.first(n)));
}

}  // namespace

Spent spent(const std::vector<Trial>& trials) {
  Spent out;
  std::vector<Trial> told;
  for (const Trial& trial : trials) {
    if (has_told(trial)) {
      told.push_back(trial);
    } else {
      out.without += trial.state == State::failed;
    }
  }
  if (told.empty()) {
    out.reason = "no trial has told what it spent";
    return out;
  }
  out.quality = energy_quality(told);
  if (out.quality == Quality::unavailable) {
    out.reason = why_no_sum(told);
    return out;
  }
  double sum = 0;
  for (const Trial& trial : told) sum += *joules(trial, out.quality);
  out.energy = energy::Joules(sum);
  return out;
}

bool over_budget(const Study& study, const std::vector<Trial>& trials) {
  const auto& budget = study.definition.energy_budget;
  if (!budget) return false;
  const Spent sum = spent(trials);
  if (sum.energy) return *sum.energy > *budget;
  if (std::ranges::none_of(trials, has_told)) return false;
  throw DataError(str("study ", study.definition.name, ": its energy budget of ", *budget,
                      " cannot be kept: ", sum.reason));
}

}  // namespace joule::study
