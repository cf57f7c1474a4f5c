// SPDX-License-Identifier: MIT
#include "joule/study/nas_search/nas_search_study.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/nas/search/table_search.h"
#include "joule/study/json_members.h"

namespace joule::study {
namespace {

/// What the sampler took; 0 for a point that was given, or of a table.
double proposal_seconds(const Trial& trial) {
  const auto found = std::ranges::find(trial.proposal, kProposalTime, &Value::name);
  return found == trial.proposal.end() ? 0 : found->number.value_or(0);
}

Value study_value(const nas::Value& value) {
  return {.name = value.metric.name,
          .number = value.number,
          .unit = value.metric.unit,
          .quality = value.origin.quality,
          .low = value.low,
          .high = value.high,
          .source = value.origin.source,
          .reason = value.origin.reason};
}

nas::Value nas_value(const Value& value) {
  return {.metric = {.name = value.name, .unit = value.unit},
          .number = value.number,
          .origin = {value.quality, value.source, value.reason},
          .low = value.low,
          .high = value.high};
}

/// Keeps what the evaluator refers to.
struct OpenTable {
  explicit OpenTable(const NasSearchConfig& config)
      : table(nas::Table::open(config.table)),
        space(config.vertices, config.budgets),
        evaluator(table, space, config.objectives) {}

  nas::Table table;
  nas::CellSpace space;
  nas::TableEvaluator evaluator;
};

}  // namespace

std::string to_json(const NasSearchConfig& config) {
  std::vector<std::string> objectives;
  for (const nas::Objective& objective : config.objectives) objectives.push_back(objective.metric);
  return dumped(nlohmann::ordered_json{{"table", config.table},
                                       {"vertices", config.vertices},
                                       {"budgets", config.budgets},
                                       {"objectives", objectives}});
}

NasSearchConfig parse_nas_search_config(std::string_view json, const std::string& path) {
  NasSearchConfig config;
  std::vector<std::string> objectives;
  JsonMembers members(json, path);
  members.read("table", config.table);
  members.read("vertices", config.vertices);
  members.read("budgets", config.budgets);
  members.read("objectives", objectives);
  members.require_no_other();
  config.objectives.clear();
  for (const std::string& objective : objectives) {
    config.objectives.push_back(nas::objective_of(objective));
  }
  return config;
}

StudyDefinition nas_search_study(const std::string& name, const NasSearchConfig& config,
                                 const nas::CellSpace& space, const std::string& strategy,
                                 std::int64_t evaluations, std::uint64_t seed,
                                 std::vector<search::Point> fixed) {
  StudyDefinition definition{.name = name,
                             .kind = "nas-search",
                             .config = to_json(config),
                             .space = space.space(),
                             .goals = {},
                             .sampler = {},
                             .seed = seed};
  for (const nas::Objective& objective : config.objectives) {
    definition.goals.push_back({objective.metric, objective.direction, {}});
  }
  if (strategy == nas::kExhaustive) {
    definition.fixed = std::move(fixed);
  } else {
    definition.sampler = nas::sampler_of(strategy, space, evaluations);
    definition.trials = evaluations;
  }
  check(definition);
  return definition;
}

std::vector<Trial> trials_of(const nas::SearchRun& run) {
  std::vector<Trial> trials;
  for (const nas::SearchEvaluation& evaluation : run.evaluations) {
    Trial trial{.number = std::ssize(trials), .point = evaluation.point};
    trial.state = evaluation.valid() ? State::complete : State::failed;
    trial.error = evaluation.fault;
    for (const nas::Value& value : evaluation.values) trial.values.push_back(study_value(value));
    trials.push_back(std::move(trial));
  }
  return trials;
}

nas::SearchRun run_of(const Study& study, const std::vector<Trial>& trials,
                      const std::vector<nas::Objective>& objectives, const std::string& strategy) {
  nas::SearchRun run{
      .strategy = strategy, .sampler = study.definition.sampler, .seed = study.definition.seed};
  for (const Trial& trial : trials) {
    if (!is_finished(trial.state)) continue;
    const std::string where = str("study ", study.definition.name, ", trial ", trial.number);
    nas::SearchEvaluation evaluation{.point = trial.point};
    if (trial.state == State::complete) {
      for (const Value& value : trial.values) {
        evaluation.values.push_back(nas_value(value));
      }
      for (const nas::Objective& objective : objectives) {
        if (!evaluation.number(objective.metric)) {
          throw DataError(where + ": it has no value " + objective.metric);
        }
      }
    } else {
      evaluation.fault = trial.error.empty() ? std::string(name(trial.state)) : trial.error;
    }
    evaluation.joules = joules(trial, energy_quality({&trial, 1})).value_or(0);
    evaluation.seconds = evaluation.number(nas::kTrainingTime).value_or(0);
    run.seconds += proposal_seconds(trial);
    run.evaluations.push_back(std::move(evaluation));
  }
  return run;
}

Kind nas_search_kind() {
  return {.name = "nas-search",
          .about = "a search among cells whose trainings are looked up in a table",
          .make = [](const StudyDefinition& definition) -> Objective {
            const auto open = std::make_shared<OpenTable>(
                parse_nas_search_config(definition.config, definition.name + ": config"));
            return [open](const Trial& trial, TrialContext&) {
              const nas::SearchEvaluation evaluation = open->evaluator.evaluate(trial.point);
              require(evaluation.valid(), evaluation.fault);
              std::vector<Value> values;
              for (const nas::Value& value : evaluation.values) {
                values.push_back(study_value(value));
              }
              return values;
            };
          }};
}

}  // namespace joule::study
