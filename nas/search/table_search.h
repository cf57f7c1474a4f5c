// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/nas/search/cell_space.h"
#include "joule/nas/search/run.h"
#include "joule/nas/table/table.h"

// Searches whose trainings are looked up.
namespace joule::nas {

/// Strategies of joule nas search are samplers and
inline constexpr std::string_view kExhaustive = "exhaustive";  // each cell and budget once

/// The sampler of a strategy, with those of its options that were not given:
///   semoa*   changes=edge_@2+op_@0.5; with several budgets ladder=epochs
///   semoa-code  also frozen=op_1, as the authors' code never changes the first operation
///   sh-emoa  with several budgets ladder=epochs and evaluations=`evaluations`
///
/// Errors    ArgumentError as make_sampler(), without its settings.
std::string sampler_of(std::string_view strategy, const CellSpace& space, std::int64_t evaluations);

/// The values that a search keeps of an answer: the objectives, and accuracies, training time,
/// energy and parameters where the table has them.
class TableEvaluator {
 public:
  /// Refers to both.
  ///
  /// Errors    ArgumentError that names the metric if the table has none of that name.
  TableEvaluator(Table& table, const CellSpace& space, const std::vector<Objective>& objectives);

  /// What the table says of a point; its cost is in Table::spent(). A point that is no cell of the
  /// table, or of whose objectives one is missing, has a fault and costs nothing.
  SearchEvaluation evaluate(const search::Point& point) const;
  /// That objective of a point, where it is known; asks without cost.
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
  /// Those that ms-ehvi is told of any point without a training: their metrics.
  std::vector<std::string> exact{std::string(kEnergy)};
};

/// A search in memory.  The points are those that a study with the same space, sampler and seed
/// proposes when one worker runs it: an evaluation with a fault is a trial that failed.
///
/// Cost      semoa with 1000 evaluations in the table of 2532 cells: hundredths of a second.
/// Errors    as TableEvaluator(), sampler_of(), and Sampler::ask(); ArgumentError if evaluations
///           < 1.
SearchRun search_table(Table& table, const CellSpace& space, const TableSearch& search);

/// The points of `exhaustive`: each cell of the table that the space has, and each of its budgets
/// that was trained.
std::vector<search::Point> all_points(const Table& table, const CellSpace& space);

}  // namespace joule::nas
