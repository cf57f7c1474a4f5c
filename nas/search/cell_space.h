// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "joule/nas/cell/cell.h"
#include "joule/search/space.h"

namespace joule::nas {

/// Cells as points of a space that every sampler can search:
///   edge_i_j  0 or 1, of each i < j, row after row of the matrix
///   op_i      the operation of interior vertex i, from 1
///   epochs    with more than one budget: a choice of them, ascending
/// A point is a matrix before it is pruned: of a cell with fewer vertices there are several, and
/// some points are no cell of the space (the output is not reached; too many edges are left).
class CellSpace {
 public:
  /// Errors    ArgumentError unless vertices are 3 to 7 and there are budgets, ascending and above
  ///           0.
  CellSpace(int vertices, std::span<const std::int64_t> budgets);

  const search::Space& space() const { return space_; }
  int vertices() const { return vertices_; }
  std::span<const std::int64_t> budgets() const { return budgets_; }

  /// Of a point of the space; not pruned.
  Cell cell(const search::Point& point) const;
  std::int64_t epochs(const search::Point& point) const;
  /// A point of that cell: its output is the last vertex of the space, and the vertices that it has
  /// not have no edges and the first operation.
  ///
  /// Errors    ArgumentError if it has more vertices, or there is no such budget.
  search::Point point(const Cell& cell, std::int64_t epochs) const;

 private:
  int vertices_;
  std::vector<std::int64_t> budgets_;
  std::vector<std::string> edges_, ops_;  // names of dimensions
  search::Space space_;
};

}  // namespace joule::nas
