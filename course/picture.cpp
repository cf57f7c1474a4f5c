// SPDX-License-Identifier: MIT
#include "joule/course/picture.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/io/parse_number.h"

namespace joule::course {
namespace {

std::vector<std::string> cells_of(std::string_view row) {
  if (row.ends_with('\r')) row.remove_suffix(1);
  std::vector<std::string> cells;
  while (true) {
    const std::size_t comma = row.find(',');
    cells.emplace_back(row.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    row.remove_prefix(comma + 1);
  }
}

double number_in(const std::string& cell, const std::string& place) {
  try {
    return parse_number<double>(place, cell);
  } catch (const ArgumentError& error) {
    throw DataError(error.what());
  }
}

}  // namespace

report::LineChart chart_of(std::string_view csv, const std::string& path,
                           const PictureOptions& options) {
  std::vector<std::string> names;
  report::LineChart chart{.title = options.title,
                          .y_title = options.y_title,
                          .log_x = options.log_x,
                          .log_y = options.log_y};
  const auto is_apart = [&](const std::string& name) {
    return std::ranges::find(options.points, name) != options.points.end();
  };
  std::int64_t rows = 0;
  for (std::int64_t number = 1; !csv.empty(); ++number) {
    const std::size_t end = std::min(csv.find('\n'), csv.size());
    const std::vector<std::string> cells = cells_of(csv.substr(0, end));
    csv.remove_prefix(std::min(end + 1, csv.size()));
    const std::string place = str(path, ":", number);
    if (names.empty()) {
      names = cells;
      if (names.size() < 2) throw DataError(str(place, ": expected names of two columns or more"));
      chart.x_title = names.front();
      for (std::size_t i = 1; i < names.size(); ++i) {
        chart.lines.push_back(
            {.name = names[i], .marks = options.points.empty() || is_apart(names[i])});
      }
      continue;
    }
    if (cells.size() != names.size()) {
      throw DataError(str(place, ": expected ", names.size(), " cells, got ", cells.size()));
    }
    ++rows;
    const double x = number_in(cells.front(), place);
    for (std::size_t i = 1; i < cells.size(); ++i) {
      if (cells[i].empty()) continue;
      const double y = number_in(cells[i], place);
      const bool apart = is_apart(names[i]);
      chart.lines[i - 1].points.push_back({.x = x, .y = y, .low = y, .high = y, .apart = apart});
    }
  }
  if (rows == 0) throw DataError(str(path, ": expected names and at least one row of numbers"));
  for (const std::string& name : options.points) {
    require(std::find(names.begin() + 1, names.end(), name) != names.end(), "--points: ", path,
            " has no column named '", name, "'");
  }
  return chart;
}

}  // namespace joule::course
