// SPDX-License-Identifier: MIT
//
// Heat maps and radar charts on pages.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/report/heat_radar.h"
#include "joule/report/markup.h"
#include "joule/report/page.h"

namespace joule::report {

double largest_of(const HeatMap& chart) {
  double largest = 0;
  for (const auto& row : chart.cells) {
    for (const HeatMap::Cell& cell : row) {
      largest = std::max(largest, std::abs(cell.value.value_or(0)));
    }
  }
  return largest;
}

void check(const HeatMap& chart) {
  require(chart.cells.size() == chart.rows.size(), "heat map '", chart.title,
          "': ", chart.cells.size(), " rows of cells for ", chart.rows.size(), " rows");
  for (const auto& row : chart.cells) {
    require(row.size() == chart.columns.size(), "heat map '", chart.title, "': a row has ",
            row.size(), " cells, there are ", chart.columns.size(), " columns");
    for (const HeatMap::Cell& cell : row) {
      require(std::isfinite(cell.value.value_or(0)), "heat map '", chart.title,
              "': expected finite numbers, got ", cell.value.value_or(0));
    }
  }
}

void check(const RadarChart& chart) {
  require(chart.directions.size() >= 3, "radar chart '", chart.title,
          "': expected three directions or more, got ", chart.directions.size());
  for (const RadarChart::Thing& thing : chart.things) {
    require(thing.shares.size() == chart.directions.size(), "radar chart '", chart.title, "': '",
            thing.name, "' has ", thing.shares.size(), " shares for ", chart.directions.size(),
            " directions");
    for (const double share : thing.shares) {
      require(share >= 0 && share <= 1, "radar chart '", chart.title, "': '", thing.name,
              "': expected a share from 0 to 1, got ", share);
    }
  }
}

Page& Page::add(const HeatMap& chart) {
  check(chart);
  const double largest = largest_of(chart);
  body_ +=
      "<figure><figcaption>" + escaped(chart.title) +
      "</figcaption><div class=\"scroll\" tabindex=\"0\"><table class=\"heat\">\n<thead><tr><th>" +
      escaped(chart.row_title + " \\ " + chart.column_title) + "</th>";
  for (const std::string& column : chart.columns) body_ += "<th>" + escaped(column) + "</th>";
  body_ += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < chart.rows.size(); ++i) {
    body_ += "<tr><td>" + escaped(chart.rows[i]) + "</td>";
    for (const HeatMap::Cell& cell : chart.cells[i]) {
      const double value = cell.value.value_or(0);
      if (value != 0) {
        body_ += fmt::format("<td data-sign=\"{}\" style=\"--share: {:.3f}\">",
                             value > 0 ? '+' : '-', std::abs(value) / largest);
      } else {
        body_ += "<td>";
      }
      body_ += escaped(cell.text) + "</td>";
    }
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div></figure>\n";
  return *this;
}

}  // namespace joule::report
