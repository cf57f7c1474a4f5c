// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

// Two charts of pages and of files.
namespace joule::report {

/// A number for each row and column, as text and as a shade: one colour above 0, another below, the
/// stronger the nearer the number is to the largest.
///
/// Errors    Page::add, to_svg: ArgumentError if there is not a row of cells per row, a cell per
///           column, or a number is not finite.
struct HeatMap {
  struct Cell {
    std::optional<double> value;  // none: nothing is shown
    std::string text;
  };
  std::string title, row_title, column_title;
  std::vector<std::string> rows, columns;
  std::vector<std::vector<Cell>> cells;
};

/// A fraction from 0 to 1 for each thing and direction, as one polygon per thing.
///
/// Errors    Page::add, to_svg: ArgumentError if there are fewer than three directions, a thing has
///           not a share per direction, or one is not in [0, 1].
struct RadarChart {
  struct Thing {
    std::string name;
    std::vector<double> shares;
  };
  std::string title;
  std::vector<std::string> directions;
  std::vector<Thing> things;
};
void check(const HeatMap& chart);
void check(const RadarChart& chart);
/// The largest magnitude of a heat map's numbers: its strongest shade.
double largest_of(const HeatMap& chart);

}  // namespace joule::report
