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

/// The trial's one available value of that name.
const Value* goal_value(const Trial& trial, const std::string& name) {
  const auto found = std::ranges::find_if(trial.values, [&](const Value& value) {
    return value.name == name && value.number.has_value();
  });
  return found == trial.values.end() ? nullptr : &*found;
}

bool ends(const std::string& sampler) { return sampler.empty() || sampler == "grid"; }

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
    require(std::ranges::none_of(d.goals.begin(), goal,
                                 [&](const Goal& other) { return other.value == goal->value; }),
            "the study ", d.name, " has the goal ", goal->value, " twice");
  }
  for (std::size_t i = 0; i < d.fixed.size(); ++i) {
    try {
      d.space.check(d.fixed[i]);
    } catch (const ArgumentError& error) {
      throw ArgumentError(str("fixed point ", i, " of the study ", d.name, ": ", error.what()));
    }
  }
  require(!d.sampler.empty() || !d.fixed.empty(), "the study ", d.name,
          " has neither a sampler nor fixed points: there is nothing to try");
  if (!d.sampler.empty()) {
    search::SamplerSettings settings;
    for (const Goal& goal : d.goals) settings.directions.push_back(goal.direction);
    search::make_sampler(d.sampler, settings);  // is there one?
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
  }
  return first_difference("", a, b);
}

std::vector<search::Observation> observations(const Study& study,
                                              const std::vector<Trial>& trials) {
  const std::vector<Goal>& goals = study.definition.goals;
  std::vector<const Value*> first(goals.size());
  std::vector<search::Observation> out;
  for (const Trial& trial : trials) {
    if (trial.state != State::complete) continue;
    search::Observation observation{.number = trial.number, .point = trial.point};
    for (std::size_t i = 0; i < goals.size(); ++i) {
      const Value* const value = goal_value(trial, goals[i].value);
      const std::string where = str("study ", study.definition.name, ", trial ", trial.number);
      if (!value) throw DataError(str(where, ": it has no value ", goals[i].value));
      if (!first[i]) first[i] = value;
      if (first[i]->quality != value->quality || first[i]->unit != value->unit) {
        throw DataError(str(where, ": its ", goals[i].value, " is ", name(value->quality), " in '",
                            value->unit, "', that of other trials ", name(first[i]->quality),
                            " in '", first[i]->unit, "': they cannot be compared"));
      }
      observation.objectives.push_back(*value->number);
    }
    out.push_back(std::move(observation));
  }
  return out;
}

std::optional<search::Point> proposed(const Study& study, const std::vector<Trial>& trials,
                                      std::int64_t number) {
  const StudyDefinition& d = study.definition;
  const auto fixed = std::ssize(d.fixed);
  if (d.trials && number >= *d.trials) return {};
  if (number < fixed) return d.fixed[static_cast<std::size_t>(number)];
  if (d.sampler.empty()) return {};
  search::SamplerSettings settings;
  for (const Goal& goal : d.goals) settings.directions.push_back(goal.direction);
  return search::make_sampler(d.sampler, settings)
      ->ask(d.space, observations(study, trials), number - fixed, d.seed);
}

}  // namespace joule::study
