// SPDX-License-Identifier: MIT
#include "joule/study/study.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/study/study_json.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;

void require_name(const char* what, const std::string& text) {
  require(!text.empty(), "a study needs a ", what);
  require(std::ranges::none_of(
              text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
          "the ", what, " of a study has a control character: ", dumped(text));
}

/// "config.epochs is 3, got 5": the first place, in the order of `stored`, where the two differ.
std::string first_difference(const std::string& where, const ordered_json& stored,
                             const ordered_json& asked) {
  const auto at = [&](const std::string& key) { return where.empty() ? key : where + "." + key; };
  if (stored.is_object() && asked.is_object()) {
    for (const auto& [key, value] : stored.items()) {
      if (!asked.contains(key)) return at(key) + " is " + dumped(value) + ", got nothing";
      const std::string found = first_difference(at(key), value, asked[key]);
      if (!found.empty()) return found;
    }
    for (const auto& [key, value] : asked.items()) {
      if (!stored.contains(key)) return at(key) + " is not there, got " + dumped(value);
    }
    return "";
  }
  if (stored.is_array() && asked.is_array()) {
    for (std::size_t i = 0; i < std::min(stored.size(), asked.size()); ++i) {
      const std::string found = first_difference(str(where, "[", i, "]"), stored[i], asked[i]);
      if (!found.empty()) return found;
    }
    if (stored.size() == asked.size()) return "";
    return str(where, " has ", stored.size(), " entries, got ", asked.size());
  }
  return stored == asked ? "" : where + " is " + dumped(stored) + ", got " + dumped(asked);
}

/// The one available value of that name.
const Value* goal_value(const std::vector<Value>& values, const std::string& name) {
  const auto found = std::ranges::find_if(
      values, [&](const Value& value) { return value.name == name && value.number.has_value(); });
  return found == values.end() ? nullptr : &*found;
}

/// That all values of a goal are of one quality and unit.
class SameKind {
 public:
  SameKind(const Study& study, std::size_t goals) : study_(study), first_(goals) {}

  void check(std::size_t goal, const Trial& trial, const Value& value) {
    const Value*& first = first_[goal];
    if (!first) first = &value;
    if (first->quality == value.quality && first->unit == value.unit) return;
    throw DataError(str("study ", study_.definition.name, ", trial ", trial.number, ": its ",
                        value.name, " is ", name(value.quality), " in '", value.unit,
                        "', that of other trials ", name(first->quality), " in '", first->unit,
                        "': they cannot be compared"));
  }

 private:
  const Study& study_;
  std::vector<const Value*> first_;
};

/// Of each goal the worst value; empty if there is no observation.
std::vector<double> worst_of(const std::vector<Goal>& goals,
                             const std::vector<search::Observation>& complete) {
  std::vector<double> worst;
  for (const search::Observation& o : complete) {
    if (worst.empty()) worst = o.objectives;
    for (std::size_t i = 0; i < goals.size(); ++i) {
      worst[i] = goals[i].direction == search::Direction::minimise
                     ? std::max(worst[i], o.objectives[i])
                     : std::min(worst[i], o.objectives[i]);
    }
  }
  return worst;
}

/// Of one kind for all trials, see observations().
void add_costs(std::vector<search::Observation>& observations, const std::vector<Trial>& trials) {
  std::vector<Trial> seen;
  for (const Trial& trial : trials) {
    const auto is = [&](const search::Observation& o) { return o.number == trial.number; };
    if (std::ranges::any_of(observations, is)) seen.push_back(trial);
  }
  const Quality quality = energy_quality(seen);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const Trial& trial = seen[i];
    if (quality != Quality::unavailable) {
      observations[i].cost = joules(trial, quality);
    } else if (trial.started && trial.ended) {
      observations[i].cost = *trial.ended - *trial.started;
    }
  }
}

bool ends(const std::string& sampler) {
  return sampler.empty() || sampler == "grid" || sampler == kByKind;
}

}  // namespace

void check(const StudyDefinition& d) {
  require_name("name", d.name);
  require_name("kind", d.kind);
  const std::string fault = fault_of_json(d.config);
  require(fault.empty(), "the config of the study ", d.name, ": ", fault);
  require(ordered_json::parse(d.config).is_object(), "the config of the study ", d.name,
          " is no JSON object: ", d.config);
  for (auto goal = d.goals.begin(); goal != d.goals.end(); ++goal) {
    require(!goal->value.empty(), "a goal of the study ", d.name, " names no value");
    require(!goal->limit || std::isfinite(*goal->limit), "the limit of the goal ", goal->value,
            " of the study ", d.name, " is ", goal->limit.value_or(0),
            "; expected a finite number");
    require(std::ranges::none_of(d.goals.begin(), goal,
                                 [&](const Goal& other) { return other.value == goal->value; }),
            "the study ", d.name, " has the goal ", goal->value, " twice");
  }
  require(d.goals.empty() || std::ranges::any_of(d.goals, [](const Goal& g) { return !g.limit; }),
          "the study ", d.name, " has limits alone: there is nothing to make better");
  check(d.pruner);
  require(d.pruner.name == "none" || d.goals.size() == 1, "the pruner ", d.pruner.name,
          " goes by one goal, and the study ", d.name, " has ", d.goals.size());
  for (std::size_t i = 0; i < d.fixed.size(); ++i) {
    try {
      d.space.check(d.fixed[i]);
    } catch (const ArgumentError& error) {
      throw ArgumentError(str("fixed point ", i, " of the study ", d.name, ": ", error.what()));
    }
  }
  require(!d.sampler.empty() || !d.fixed.empty(), "the study ", d.name,
          " has neither a sampler nor fixed points: there is nothing to try");
  if (!d.sampler.empty() && d.sampler != kByKind) {
    search::make_sampler(d.sampler, sampler_settings(d));  // is there one?
  }
  require(!d.trials || *d.trials >= 1, "trials: expected at least 1, got ", d.trials.value_or(0));
  require(d.trials || ends(d.sampler), "the study ", d.name,
          " needs a number of trials: the sampler ", d.sampler, " has no end");
  require(
      !d.energy_budget || (std::isfinite(d.energy_budget->value()) && d.energy_budget->value() > 0),
      "the energy budget of the study ", d.name, " is ", d.energy_budget.value_or(energy::Joules()),
      "; expected a positive energy");
}

std::string difference(const StudyDefinition& stored, const StudyDefinition& asked) {
  ordered_json a = json_of(stored), b = json_of(asked);
  for (ordered_json* json : {&a, &b}) {
    json->erase("trials");
    json->erase("energy_budget");
    if ((*json)["config"].is_object()) (*json)["config"].erase("limits");
  }
  return first_difference("", a, b);
}

std::vector<search::Observation> observations(const Study& study,
                                              const std::vector<Trial>& trials) {
  const std::vector<Goal>& goals = study.definition.goals;
  std::vector<search::Observation> out;
  SameKind same(study, goals.size());
  for (const Trial& trial : trials) {
    if (trial.state != State::complete) continue;
    search::Observation observation{.number = trial.number, .point = trial.point};
    for (std::size_t i = 0; i < goals.size(); ++i) {
      const Value* const value = goal_value(trial.values, goals[i].value);
      if (!value) {
        throw DataError(str("study ", study.definition.name, ", trial ", trial.number,
                            ": it has no value ", goals[i].value));
      }
      same.check(i, trial, *value);
      observation.objectives.push_back(*value->number);
    }
    out.push_back(std::move(observation));
  }
  const std::vector<double> worst = worst_of(goals, out);
  for (const Trial& trial : trials) {
    if (trial.state != State::failed && trial.state != State::pruned) continue;
    std::vector<double> values = worst;
    if (trial.state == State::pruned && goals.size() == 1 && !trial.reports.empty()) {
      if (const Value* const last = goal_value(trial.reports.back().values, goals[0].value)) {
        same.check(0, trial, *last);
        values = {*last->number};
      }
    }
    if (!values.empty()) out.push_back({trial.number, trial.point, std::move(values)});
  }
  std::ranges::sort(out, {}, &search::Observation::number);
  add_costs(out, trials);
  return out;
}

search::SamplerSettings sampler_settings(const StudyDefinition& definition) {
  search::SamplerSettings settings;
  for (const Goal& goal : definition.goals) {
    settings.directions.push_back(goal.direction);
    settings.limits.push_back(goal.limit);
  }
  return settings;
}

search::Curve curve_of(const StudyDefinition& definition, const Trial& trial) {
  search::Curve curve{.number = trial.number, .complete = trial.state == State::complete};
  for (const Report& report : trial.reports) {
    const Value* const value = goal_value(report.values, definition.goals.at(0).value);
    if (value) curve.values[report.epoch] = *value->number;
  }
  return curve;
}

std::optional<search::Point> proposed(const Study& study, const std::vector<Trial>& trials,
                                      std::int64_t number) {
  const StudyDefinition& d = study.definition;
  const auto fixed = std::ssize(d.fixed);
  if (d.trials && number >= *d.trials) return {};
  if (number < fixed) return d.fixed[static_cast<std::size_t>(number)];
  if (d.sampler.empty()) return {};
  require(d.sampler != kByKind, "the points of the study ", d.name, " are proposed by its kind, ",
          d.kind);
  return search::make_sampler(d.sampler, sampler_settings(d))
      ->ask(d.space, observations(study, trials), number - fixed, d.seed);
}

}  // namespace joule::study
