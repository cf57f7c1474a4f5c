// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/report/heat_radar.h"

// Self-contained pages: one HTML file that opens without a network, in a light or dark browser, on
// a narrow or wide screen.  A page consists of text, charts and tables in the order in which they
// were added, and of the data that it was made from.
//
//   report::Page page("Convolutions", "Joule beside oneDNN");
//   page.heading("64x128x56").add(chart).add(table).data(json);
//   write_file_atomically("conv.html", page.html());
namespace joule::report {

struct Point {
  double x = 0, y = 0;
  double low = 0, high = 0;  // the ends of the bar of spread around y
  bool apart = false;        // no line from the previous point
};

struct Line {
  std::string name;
  std::vector<Point> points;
  bool dashed = false;  // for the reference of the others
  bool marks = true;    // a symbol at every point
  bool band = false;    // draw the spread as an area along the line, not as bars
  bool faint = false;   // grey and small: a background for the others
};

/// A position on an axis and its label.
using Tick = std::pair<double, std::string>;

/// y over x, with one line for each of several things.
///
/// Points, spreads and rules that are not finite, or not positive on a logarithmic axis, are left
/// out, and a warning below the chart gives their number.
struct LineChart {
  std::string title, x_title, y_title;
  std::vector<Line> lines;
  bool log_x = false, log_y = false;
  bool falling_x = false;             // the largest x on the left
  bool zero_y = false;                // the linear axis holds 0
  std::vector<Tick> x_ticks{};        // none: chosen by the chart
  std::optional<double> reference{};  // a horizontal rule across the chart
};

/// The ends of a bar of spread.
using Range = std::pair<double, double>;

struct BarGroup {
  std::string name;
  std::vector<std::optional<double>> values;    // one per category; empty: nothing is drawn
  std::vector<std::optional<Range>> spreads{};  // as many, or none at all
  std::optional<int>
      color{};  // 0 to 7, so that a thing has one colour in all charts; else by order
};

/// A bar for each category and group, side by side or stacked.  Numbers that are not finite are
/// left out, as in a LineChart.
struct BarChart {
  std::string title, value_title;
  std::vector<std::string> categories;
  std::vector<BarGroup> groups;
  std::string category_title{};
  bool lying = false;  // categories below each other, for many or long ones
  bool stacked = false;
};
/// Errors    ArgumentError if a group has not one value per category, and as many spreads or none.
void check(const BarChart& chart);

/// The first column names the row; the others are right-aligned.
///
/// Errors    Page::add: ArgumentError if a row does not have as many cells as the head.
struct Table {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
  bool folded = false;  // shows only its caption until clicked
  bool prose = false;   // cells are sentences: aligned to the left, and broken into lines
};

/// A figure to be seen at first glance.  Badges with the same text look the same in all pages.
struct Card {
  std::string name, value;
  std::string badge{};  // how the figure was obtained: "measured"
  std::string note{};   // its interval, its source, or why there is none
};

/// See above.  Text is plain text: HTML tags in it are shown as they are.
class Page {
 public:
  Page(std::string title, std::string lead) : title_(std::move(title)), lead_(std::move(lead)) {}

  Page& heading(std::string_view text);
  Page& paragraph(std::string_view text);
  /// What a reader must not miss.
  Page& warning(std::string_view text);
  /// A bulleted list of short lines.  Nothing if there are none.  With a caption, only that shows
  /// until it is clicked.
  Page& list(const std::vector<std::string>& items, std::string_view folded_under = {});
  Page& add(const LineChart& chart);
  /// Errors    as check().
  Page& add(const BarChart& chart);
  Page& add(const HeatMap& chart);
  Page& add(const RadarChart& chart);
  Page& add(const Table& table);
  /// An SVG file, unchanged, below its title.
  Page& svg(const std::string& title, std::string_view file);
  /// Side by side if there is room.
  Page& add(const std::vector<BarChart>& charts);
  Page& add(const std::vector<LineChart>& charts);
  Page& add(const std::vector<Card>& cards);
  /// What the page was made from.  A reader of the file finds it again, value for value, in the
  /// element <script type="application/json" id="data">.
  Page& data(const nlohmann::ordered_json& value);

  /// The whole file.  Its Content-Security-Policy forbids the browser to load anything.
  std::string html() const;

 private:
  template <class Chart>
  Page& beside(const std::vector<Chart>& charts);
  std::string contents() const;
  Page& canvas(const std::string& title, std::string configuration, const std::string& note,
               std::size_t lying_bars = 0);

  std::string title_, lead_;
  std::string body_;
  std::vector<std::string> headings_;
  std::vector<std::string> charts_;  // JSON, in the order of their canvases
  std::string data_ = "null";
};

}  // namespace joule::report
