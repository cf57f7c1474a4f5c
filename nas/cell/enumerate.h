// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/random.h"
#include "joule/nas/cell/cell.h"
#include "joule/nas/cell/fingerprint.h"

namespace joule::nas {

/// Of the cells that are isomorphic to a pruned one (the ends stay where they are), that with the
/// smallest edge_bits(), and among those with the smallest operations, the first vertex's first.
///
/// Cost      a look at each order of the interior vertices, at most 120, that keeps edges upward.
Cell canonical(const Cell& cell);

/// A cell of a space with the name that the tables have for it.
struct NamedCell {
  Cell cell;
  Fingerprint fingerprint;
};

/// All cells of a space, each fingerprint once, as canonical() cells: by vertices, then
/// edge_bits(), then operations.  Cells of 2 vertices or more in which every vertex lies on a way
/// from input to output: 91 with at most 4 vertices, 2532 with 5, 423 624 with 7 (and 9 edges).
///
/// What counts as one cell is the authors': what has one fingerprint.  Of several that are not
/// isomorphic the first stays.
///
/// Cost      7 vertices: seconds, of which the fingerprints are most; 32 bytes a cell.
/// Errors    ArgumentError unless vertices are 2 to 7 and edges 1 to 21.
std::vector<NamedCell> enumerate(const CellLimits& limits = {});

/// The same without fingerprints: the cells of which no two are isomorphic.
std::vector<Cell> canonical_cells(const CellLimits& limits = {});

/// A random cell, pruned: each entry above the diagonal of a matrix of limits.vertices vertices is
/// 0 or 1, each operation one of three, all equally likely, drawn again until pruning leaves a cell
/// of the space.  So it is uniform over such matrices with operations that are valid, as
/// NAS-Bench-101 draws them, and not over cells: one that many matrices make comes up more often.
/// Uniform over cells is enumerate()[random.below(n)].
///
/// Errors    ArgumentError as enumerate().
Cell random_cell(const CellLimits& limits, Generator& random);

}  // namespace joule::nas
