// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/random.h"
#include "joule/nas/cell/cell.h"
#include "joule/nas/cell/fingerprint.h"

namespace joule::nas {

/// The canonical one among the cells isomorphic to a pruned cell (with fixed ends): that with the
/// smallest edge_bits(), then with the smallest operations, comparing the first vertex first.
///
/// Cost      tries every order of the interior vertices that keeps edges upward, at most 120.
Cell canonical(const Cell& cell);

/// A cell of a space with the name that tables use.
struct NamedCell {
  Cell cell;
  Fingerprint fingerprint;
};

/// All cells of a space, one per fingerprint, as canonical() cells: sorted by vertices, then
/// edge_bits(), then operations.  They have at least 2 vertices, all on a path from input to
/// output: 91 with at most 4 vertices, 2532 with 5, 423 624 with 7 (and 9 edges).
///
/// As for the authors, one fingerprint is one cell.  Of non-isomorphic cells with the same
/// fingerprint, the first is kept.
///
/// Cost      7 vertices: seconds, mostly for the fingerprints; 32 bytes per cell.
/// Errors    ArgumentError unless vertices are 2 to 7 and edges 1 to 21.
std::vector<NamedCell> enumerate(const CellLimits& limits = {});

/// The same without fingerprints: pairwise non-isomorphic cells.
std::vector<Cell> canonical_cells(const CellLimits& limits = {});

/// A random cell, pruned.  Each entry above the diagonal of a matrix with limits.vertices vertices
/// is 0 or 1, each operation one of three, all equally likely; drawn again until pruning leaves a
/// cell of the space.  As in NAS-Bench-101, this is uniform over valid matrices with operations,
/// not over cells: a cell that many matrices yield is more likely.  Uniform over cells is
/// enumerate()[random.below(n)].
///
/// Errors    ArgumentError as enumerate().
Cell random_cell(const CellLimits& limits, Generator& random);

}  // namespace joule::nas
