// SPDX-License-Identifier: MIT
#include "joule/study/budget.h"

#include <algorithm>

#include "joule/core/error.h"

namespace joule::study {

Spent spent(const std::vector<Trial>& trials) {
  double measured = 0, modelled = 0;
  bool all_measured = true, all_modelled = true;
  Spent out;
  std::int64_t told = 0;
  for (const Trial& trial : trials) {
    if (trial.values.empty() && trial.reports.empty()) {
      out.without += trial.state == State::failed;
      continue;
    }
    ++told;
    const auto by_meter = joules(trial, Quality::measured);
    const auto by_model = joules(trial, Quality::modelled);
    measured += by_meter.value_or(0);
    modelled += by_model.value_or(0);
    all_measured = all_measured && by_meter;
    all_modelled = all_modelled && by_model;
    if (!all_measured && !all_modelled) {
      out.reason = str("trial ", trial.number,
                       by_meter   ? " has measured energy and no modelled"
                       : by_model ? " has modelled energy and no measured"
                                  : " has neither measured nor modelled energy");
      return out;
    }
  }
  if (told == 0) {
    out.reason = "no trial has told what it spent";
    return out;
  }
  out.energy = energy::Joules(all_measured ? measured : modelled);
  out.quality = all_measured ? Quality::measured : Quality::modelled;
  return out;
}

bool over_budget(const Study& study, const std::vector<Trial>& trials) {
  const auto& budget = study.definition.energy_budget;
  if (!budget) return false;
  const Spent sum = spent(trials);
  if (sum.energy) return *sum.energy > *budget;
  const auto told = [](const Trial& trial) {
    return !trial.values.empty() || !trial.reports.empty();
  };
  if (std::ranges::none_of(trials, told)) return false;
  throw DataError(str("study ", study.definition.name, ": its energy budget of ", *budget,
                      " cannot be kept: ", sum.reason));
}

}  // namespace joule::study
