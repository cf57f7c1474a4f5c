// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/nas/search/cell_space.h"
#include "joule/nas/search/run.h"
#include "joule/nas/table/table.h"

// Searches that look up trainings in a table.
namespace joule::nas {

/// The strategies of joule nas search are the samplers and
inline constexpr std::string_view kExhaustive = "exhaustive";  // each cell and budget once

/// The sampler of a strategy, with defaults for options that were not given:
///   semoa*   changes=edge_@2+op_@0.5; with several budgets ladder=epochs
///   semoa-code  also frozen=op_1, as the authors' code never changes the first operation
///   sh-emoa  with several budgets ladder=epochs and evaluations=`evaluations`
///
/// Errors    ArgumentError as make_sampler(), without its settings.
std::string sampler_of(std::string_view strategy, const CellSpace& space, std::int64_t evaluations);

/// Evaluates points in a table.  Keeps the objectives, and accuracies, training time, energy and
/// parameters if the table has them.
class TableEvaluator {
 public:
  /// Keeps references to both.
  ///
  /// Errors    ArgumentError that names the metric if the table has none of that name.
  TableEvaluator(Table& table, const CellSpace& space, const std::vector<Objective>& objectives);

  /// Looks up a point; Table::spent() adds up the cost.  A point that is not a cell of the table,
  /// or lacks an objective, has a fault and costs nothing.
  SearchEvaluation evaluate(const search::Point& point) const;
  /// An objective of a point, if known, without cost.
  std::optional<double> objective(std::size_t number, const search::Point& point) const;

 private:
  Table& table_;
  const CellSpace& space_;
  std::vector<Objective> objectives_;
  std::vector<Column> columns_;  // those of the objectives first
};

struct TableSearch {
  std::string strategy;
  std::vector<Objective> objectives;
  std::int64_t evaluations = 100;
  std::uint64_t seed = 1;
  /// The metrics that ms-ehvi gets for any point without a training.
  std::vector<std::string> exact{std::string(kEnergy)};
};

/// A search in memory.  Its points are those that a study with the same space, sampler and seed
/// proposes with one worker; an evaluation with a fault corresponds to a failed trial.
///
/// Cost      semoa with 1000 evaluations in the table of 2532 cells: hundredths of a second.
/// Errors    as TableEvaluator(), sampler_of(), and Sampler::ask(); ArgumentError if evaluations
///           < 1.
SearchRun search_table(Table& table, const CellSpace& space, const TableSearch& search);

/// The points of `exhaustive`: each cell of the table that is in the space, with each of its
/// budgets in the table.
std::vector<search::Point> all_points(const Table& table, const CellSpace& space);

}  // namespace joule::nas
