// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "joule/report/page.h"

// The pictures of the lessons, of the points that their programs write.
namespace joule::course {

struct PictureOptions {
  std::string title, y_title;
  bool log_x = false, log_y = false;
  /// Columns whose points no line joins.  If there are any, the lines have no marks.
  std::vector<std::string> points{};
};

/// A chart of comma-separated values: the first row holds the names, the first column is x and
/// names its axis, every other column is a line.  An empty cell is no point.
///
/// Errors    DataError (path, line, what is wrong): fewer than two columns, no rows, a row with
///           another number of cells, a cell that is no number.  ArgumentError if a name in
///           `points` is no column.
report::LineChart chart_of(std::string_view csv, const std::string& path,
                           const PictureOptions& options);

}  // namespace joule::course
