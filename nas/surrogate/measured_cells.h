// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/nas/cell/cell.h"

namespace joule::nas {

/// A cell with a measured training.
struct MeasuredCell {
  Cell cell;  // its vertices in the order of the file
  double parameters = 0;
  double joules = 0;
};

/// Reads a CSV file, as it is or gzipped, with the columns
///   upper_triangle_28  the adjacency matrix padded to 7x7, its upper triangle with the diagonal,
///   row
///                      after row: 28 digits
///   node_codes_7       a digit per vertex: 1 input, 2 conv1x1, 3 conv3x3, 4 maxpool3x3, 5 output,
///   0
///                      none
///   parameters         of the net
///   energy_kwh         of its training
///
/// Errors    DataError (path, line, what is wrong): another header, a cell that is impossible or
///           not connected, parameters that are not those of the cell's net, an energy that is not
///           above 0, a duplicate cell, no row.
std::vector<MeasuredCell> read_measured_cells(const std::string& path);

}  // namespace joule::nas
