// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/nas/table/table.h"

namespace joule::nas {

/// What replacing one operation does, on the average over a table.
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

/// Over each cell of the table and each of its interior vertices: the cell beside the one that has
/// another operation there, where the table has both with that budget and the metric.  Of several
/// trainings of a cell the mean counts.
///
/// Cost      2 queries per vertex of each cell.
/// Errors    ArgumentError as Table::column().
std::vector<SwapTable> op_swaps(Table& table, std::int64_t epochs,
                                const std::vector<std::string>& metrics);

}  // namespace joule::nas
