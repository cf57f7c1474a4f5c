// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "joule/cli/study/study.h"
#include "joule/cli/terminal/bar.h"
#include "joule/cli/terminal/study_progress.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/report/text_layout.h"
#include "joule/study/budget.h"
#include "joule/study/export.h"
#include "joule/study/progress.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule study show runs/eat
      what the study is, and a table of its trials
  joule study show runs/eat --trial 7
      everything that is known of one
  joule study show eat --storage postgresql://me@db.example/studies)";

void print_study(const study::Study& study, const std::vector<study::Trial>& trials) {
  const study::StudyDefinition& d = study.definition;
  fmt::print("study {} of the kind {}, made {} on {} by Joule {}\n", d.name, d.kind,
             study::utc(study.origin.created), study.origin.host, study.origin.joule);
  fmt::print("machine: {}\n", study.origin.machine);
  for (const study::Goal& goal : d.goals) {
    fmt::print("goal: {} {}{}\n", name(goal.direction), goal.value,
               goal.limit ? fmt::format(", to the limit of {}", *goal.limit) : "");
  }
  fmt::print("points: {} fixed{}, seed {}\n", d.fixed.size(),
             d.sampler.empty() ? "" : ", then sampler " + d.sampler, d.seed);
  if (d.pruner.name != "none") fmt::print("pruner: {}\n", d.pruner.name);
  const study::StudyProgress p = progress(study, trials, 1, 0);
  fmt::print("trials: {} complete or pruned, {} failed, {} running{}\n", p.done, p.failed,
             p.running.size(), p.of ? fmt::format(", of {}", *p.of) : "");
  const study::Spent sum = study::spent(trials);
  if (sum.energy) {
    fmt::print("energy: {}, {}\n", str(*sum.energy), name(sum.quality));
  } else {
    fmt::print("energy: unavailable ({})\n", sum.reason);
  }
}

const study::Value* value_of(const study::Trial& trial, const std::string& name) {
  const auto found = std::ranges::find(trial.values, name, &study::Value::name);
  return found == trial.values.end() ? nullptr : &*found;
}

/// Counts whole, all else to six digits.
std::string number_text(double number) {
  const bool whole = number == std::floor(number) && std::abs(number) < 1e15;
  return fmt::format(fmt::runtime(whole ? "{:.0f}" : "{:.6g}"), number);
}

/// The values of a goal.  Their unit and quality stand in the head, unless qualities differ.
void add_goal(report::TextTable& table, const std::vector<study::Trial>& trials,
              const std::string& name) {
  std::set<std::string> kinds;
  const auto kind_of = [](const study::Value& v) {
    return str(v.unit, v.unit.empty() ? "" : ", ", study::name(v.quality));
  };
  for (const study::Trial& trial : trials) {
    const study::Value* const value = value_of(trial, name);
    if (value && value->number) kinds.insert(kind_of(*value));
  }
  const bool one = kinds.size() == 1;
  table.head.push_back(one ? str(name, " [", *kinds.begin(), "]") : name);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const study::Value* const value = value_of(trials[i], name);
    std::string cell;
    if (value) {
      cell = value->number ? number_text(*value->number) : "unavailable";
      if (value->number && !one) cell += " [" + kind_of(*value) + "]";
    }
    table.rows[i].push_back(cell);
  }
}

/// Those dimensions that differ between trials; the others are said once, by the caller.
std::vector<std::string> varying_dimensions(const std::vector<study::Trial>& trials) {
  std::vector<std::string> names;
  for (const study::Trial& trial : trials) {
    for (const auto& [name, value] : trial.point.entries()) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  std::erase_if(names, [&](const std::string& name) {
    const search::PointValue* const first = trials[0].point.find(name);
    return trials.size() > 1 && first && std::ranges::all_of(trials, [&](const auto& trial) {
             const search::PointValue* const value = trial.point.find(name);
             return value && *value == *first;
           });
  });
  return names;
}

/// A line per trial: how it ended, the goals' values, and what is not the same for all.
void print_trials(const study::Study& study, const std::vector<study::Trial>& trials) {
  constexpr std::size_t kMostColumns = 8;  // of dimensions; more are one text
  if (trials.empty()) return;
  report::TextTable table{.head = {"trial", "state", "time"}, .names = 2};
  for (const study::Trial& trial : trials) {
    const auto seconds = trial.started && trial.ended
                             ? duration(std::max(0.0, *trial.ended - *trial.started))
                             : std::string();
    table.rows.push_back({std::to_string(trial.number), std::string(name(trial.state)), seconds});
  }
  for (const study::Goal& goal : study.definition.goals) add_goal(table, trials, goal.value);
  const std::vector<std::string> dimensions = varying_dimensions(trials);
  search::Point same;
  for (const auto& [name, value] : trials[0].point.entries()) {
    if (std::ranges::find(dimensions, name) == dimensions.end()) same.set(name, value);
  }
  if (same.size() > 0) fmt::print("all trials: {}\n", line_of(same));
  if (dimensions.size() > kMostColumns) {
    table.texts = 1;
    table.head.push_back("point");
    for (std::size_t i = 0; i < trials.size(); ++i) {
      table.rows[i].push_back(line_of(trials[i].point));
    }
  } else {
    table.head.insert(table.head.end(), dimensions.begin(), dimensions.end());
    for (std::size_t i = 0; i < trials.size(); ++i) {
      for (const std::string& dimension : dimensions) {
        const search::PointValue* const value = trials[i].point.find(dimension);
        table.rows[i].push_back(value ? shown_short(*value) : "");
      }
    }
  }
  fmt::print("\n{}", report::text_of(table, columns_of(STDOUT_FILENO)));
  for (const study::Trial& trial : trials) {
    if (trial.error.empty()) continue;
    fmt::print("\n{}\n", report::wrapped(
                             str("trial ", trial.number, " ", name(trial.state), ": ", trial.error),
                             columns_of(STDOUT_FILENO), 2));
  }
}

void print_trial(const study::Trial& trial) {
  fmt::print("trial {}: {}\n", trial.number, name(trial.state));
  if (!trial.error.empty()) fmt::print("error: {}\n", trial.error);
  fmt::print("point: {}\n", line_of(trial.point));
  fmt::print("seed: {}\n", trial.seed);
  if (trial.started) fmt::print("started: {}\n", study::utc(*trial.started));
  if (trial.ended) fmt::print("ended: {}\n", study::utc(*trial.ended));
  if (!trial.worker.empty()) fmt::print("worker: {}\n", trial.worker);
  fmt::print("attempts: {}, of which {} ended with the death of their worker\n", trial.token,
             trial.crashes);
  for (const study::Value& value : trial.proposal) {
    fmt::print("{}: {}\n", value.name, shown(value));
  }
  for (const study::Value& value : trial.values) {
    fmt::print("{}: {}{}\n", value.name, shown(value),
               value.source.empty() ? "" : ", " + value.source);
  }
  for (const study::Report& report : trial.reports) {
    fmt::print("epoch {}:", report.epoch);
    for (const study::Value& value : report.values) {
      fmt::print("  {} {}", value.name, shown(value));
    }
    fmt::print("\n");
  }
}

int show(const WhichStudy& which, std::optional<std::int64_t> trial) {
  study::Storage storage(which.location(), study::Storage::Missing::refuse);
  const study::Study study = which.find(storage);
  if (trial) {
    print_trial(storage.trial(study, *trial));
    return 0;
  }
  const std::vector<study::Trial> trials = storage.trials(study);
  print_study(study, trials);
  print_trials(study, trials);
  return 0;
}

}  // namespace

void add_study_show(Command& study, Run& run) {
  Command* const command = study.add_subcommand("show", "Show a study, or one of its trials");
  command->footer(kExamples);
  struct Options {
    WhichStudy which;
    std::optional<std::int64_t> trial;
  };
  const auto options = std::make_shared<Options>();
  options->which.add_to(*command, "show");
  add_option(*command, "--trial", options->trial, "Show everything recorded of this trial")
      ->type_name("N");
  command->callback(
      [options, &run] { run = [options] { return show(options->which, options->trial); }; });
}

}  // namespace joule::cli
