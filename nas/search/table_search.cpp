// SPDX-License-Identifier: MIT
#include "joule/nas/search/table_search.h"

#include <algorithm>
#include <chrono>

#include "joule/core/error.h"
#include "joule/search/samplers/sampler_options.h"

namespace joule::nas {
namespace {

constexpr std::string_view kAlsoKept[] = {kValidationAccuracy, kTestAccuracy, kTrainingTime,
                                          kEnergy, kParameters};

bool has_metric(const Table& table, std::string_view name) {
  return std::ranges::any_of(table.metrics(), [&](const Metric& m) { return m.name == name; });
}

/// The finished trials as study::observations() has them: what failed has the worst that anything
/// complete has of each objective, and is left out while nothing is complete.
class Finished {
 public:
  explicit Finished(const std::vector<Objective>& objectives) : objectives_(objectives) {}

  void add(std::int64_t number, const SearchEvaluation& evaluation) {
    if (!evaluation.valid()) {
      if (worst_.empty()) {
        waiting_.push_back({number, evaluation.point, {}});
      } else {
        failed_.push_back(seen_.size());
        seen_.push_back({number, evaluation.point, worst_});
      }
      return;
    }
    std::vector<double> values = evaluation.objectives(objectives_);
    const std::vector<double> before = worst_;
    if (worst_.empty()) worst_ = values;
    for (std::size_t j = 0; j < values.size(); ++j) {
      worst_[j] = objectives_[j].direction == search::Direction::minimise
                      ? std::max(worst_[j], values[j])
                      : std::min(worst_[j], values[j]);
    }
    seen_.push_back({number, evaluation.point, std::move(values)});
    if (worst_ == before) return;
    for (search::Observation& o : waiting_) {
      failed_.push_back(seen_.size());
      seen_.push_back(std::move(o));
    }
    waiting_.clear();
    for (const std::size_t i : failed_) seen_[i].objectives = worst_;
  }

  std::span<const search::Observation> seen() const { return seen_; }

 private:
  const std::vector<Objective>& objectives_;
  std::vector<search::Observation> seen_, waiting_;
  std::vector<std::size_t> failed_;
  std::vector<double> worst_;
};

}  // namespace

std::string sampler_of(std::string_view strategy, const CellSpace& space,
                       std::int64_t evaluations) {
  search::NamedOptions named = search::parse_named_options(strategy);
  const std::string& name = named.name;
  std::map<std::string, std::string>& options = named.options;
  const bool ladder = space.budgets().size() > 1;
  const auto preset = [&](const char* option, const std::string& value) {
    options.emplace(option, value);
  };
  if (name == "semoa" || name == "semoa-code") {
    preset("changes", "edge_@2+op_@0.5");
    if (name == "semoa-code") preset("frozen", "op_1");
    if (ladder) preset("ladder", "epochs");
  }
  if (name == "sh-emoa" && ladder) {
    preset("ladder", "epochs");
    preset("evaluations", str(evaluations));
  }
  std::string text = name;
  for (const auto& [option, value] : options) text += str(":", option, "=", value);
  return text;
}

TableEvaluator::TableEvaluator(Table& table, const CellSpace& space,
                               const std::vector<Objective>& objectives)
    : table_(table), space_(space), objectives_(objectives) {
  require(!objectives.empty(), "a search needs an objective");
  std::vector<std::string> names;
  for (const Objective& objective : objectives) {
    require(std::ranges::count(names, objective.metric) == 0, "the objective ", objective.metric,
            " is there twice");
    names.push_back(objective.metric);
    columns_.push_back(table.column(objective.metric));
  }
  for (const std::string_view name : kAlsoKept) {
    if (std::ranges::count(names, name) == 0 && has_metric(table, name)) {
      columns_.push_back(table.column(name));
    }
  }
}

SearchEvaluation TableEvaluator::evaluate(const search::Point& point) const {
  SearchEvaluation evaluation{.point = point, .epochs = space_.epochs(point)};
  const Cell cell = space_.cell(point);
  std::optional<Answer> answer = table_.find(cell, evaluation.epochs);
  if (!answer) {
    evaluation.fault = fault_of(cell, table_.limits(), "this table");
    if (evaluation.fault.empty()) {
      evaluation.fault =
          str("the table has no ", to_text(pruned(cell)), " of ", evaluation.epochs, " epochs");
    }
    return evaluation;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::optional<Value> value = answer->value(columns_[i]);
    if (value && value->number) {
      evaluation.values.push_back(std::move(*value));
    } else if (i < objectives_.size()) {
      evaluation.values.clear();
      evaluation.fault = str("the table has no ", objectives_[i].metric, " of this cell");
      return evaluation;
    }
  }
  evaluation.joules = evaluation.number(kEnergy).value_or(0);
  evaluation.seconds = evaluation.number(kTrainingTime).value_or(0);
  return evaluation;
}

std::optional<double> TableEvaluator::objective(std::size_t number,
                                                const search::Point& point) const {
  const std::optional<Answer> answer = table_.find(space_.cell(point), space_.epochs(point));
  return answer ? answer->number(columns_[number]) : std::nullopt;
}

std::vector<search::Point> all_points(const Table& table, const CellSpace& space) {
  std::vector<search::Point> points;
  for (const Model& model : table.models()) {
    if (model.cell.vertices() > space.vertices()) continue;
    for (const std::int64_t budget : space.budgets()) {
      bool there = false;
      for (std::uint32_t at = model.first; at != kNoPoint; at = table.points()[at].next) {
        there = there || table.points()[at].epochs == budget;
      }
      if (there) points.push_back(space.point(model.cell, budget));
    }
  }
  return points;
}

SearchRun search_table(Table& table, const CellSpace& space, const TableSearch& s) {
  require(s.evaluations >= 1, "evaluations: expected at least 1, got ", s.evaluations);
  const auto began = std::chrono::steady_clock::now();
  SearchRun run{.strategy = s.strategy, .sampler = {}, .seed = s.seed};
  const TableEvaluator evaluator(table, space, s.objectives);
  const auto finish = [&] {
    run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return std::move(run);
  };
  if (s.strategy == kExhaustive) {
    for (const search::Point& point : all_points(table, space)) {
      run.evaluations.push_back(evaluator.evaluate(point));
    }
    return finish();
  }
  run.sampler = sampler_of(s.strategy, space, s.evaluations);
  search::SamplerSettings settings{.directions = directions_of(s.objectives)};
  for (std::size_t j = 0; j < s.objectives.size(); ++j) {
    const bool exact = std::ranges::count(s.exact, s.objectives[j].metric) > 0;
    settings.exact.push_back(exact ? search::ExactObjective([&evaluator, j](const auto& point) {
      return evaluator.objective(j, point);
    })
                                   : search::ExactObjective());
  }
  const auto sampler = search::make_sampler(run.sampler, settings);
  Finished finished(s.objectives);
  for (std::int64_t number = 0; number < s.evaluations; ++number) {
    const auto point = sampler->ask(space.space(), finished.seen(), number, s.seed);
    if (!point) break;
    run.evaluations.push_back(evaluator.evaluate(*point));
    finished.add(number, run.evaluations.back());
  }
  return finish();
}

}  // namespace joule::nas
