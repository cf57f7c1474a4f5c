// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/nas/table/table.h"

namespace joule::nas {

/// The average effect of replacing one operation, over a table.
struct OpSwap {
  std::int64_t pairs = 0;  // of cells, one with each operation at one vertex
  double before = 0;       // the mean of those with `from`
  double after = 0;        // of those with `to`

  /// In % of before; none if that is 0.
  std::optional<double> percent() const;
  double difference() const { return after - before; }
};

/// One metric: swaps[from][to] by the numbers of CellOp; the diagonal has no pairs.
struct SwapTable {
  std::string metric, unit;
  std::array<std::array<OpSwap, kCellOps>, kCellOps> swaps{};
};

/// For each cell of the table and each of its interior vertices: compares it with the cell that has
/// another operation there, if the table has both with that budget and the metric.  For several
/// trainings of a cell, uses the mean.
///
/// Cost      2 queries per vertex of each cell.
/// Errors    ArgumentError as Table::column().
std::vector<SwapTable> op_swaps(Table& table, std::int64_t epochs,
                                const std::vector<std::string>& metrics);

}  // namespace joule::nas
