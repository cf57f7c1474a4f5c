// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "joule/nas/cell/cell.h"
#include "joule/search/space.h"

namespace joule::nas {

/// Cells as points of a search space for any sampler:
///   edge_i_j  0 or 1, for each i < j, row by row of the matrix
///   op_i      the operation of interior vertex i, from 1
///   epochs    if there are several budgets: a choice of them, ascending
/// A point is a matrix before pruning: a cell with fewer vertices has several points, and some
/// points are not in the cell space (the output is not reached, or too many edges are left).
class CellSpace {
 public:
  /// Errors    ArgumentError unless vertices are 3 to 7 and there are budgets, ascending and above
  ///           0.
  CellSpace(int vertices, std::span<const std::int64_t> budgets);

  const search::Space& space() const { return space_; }
  int vertices() const { return vertices_; }
  std::span<const std::int64_t> budgets() const { return budgets_; }

  /// The cell of a point; not pruned.
  Cell cell(const search::Point& point) const;
  std::int64_t epochs(const search::Point& point) const;
  /// A point of a cell: its output is the last vertex of the space; the vertices that the cell does
  /// not have get no edges and the first operation.
  ///
  /// Errors    ArgumentError if the cell has more vertices, or the budget does not exist.
  search::Point point(const Cell& cell, std::int64_t epochs) const;

 private:
  int vertices_;
  std::vector<std::int64_t> budgets_;
  std::vector<std::string> edges_, ops_;  // names of dimensions
  search::Space space_;
};

}  // namespace joule::nas
