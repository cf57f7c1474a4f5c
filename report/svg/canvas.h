// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace joule::report::svg {

// Pixels; a chart must be readable in a column of 400 pixels.
inline constexpr double kWidth = 700, kFont = 14, kTitleFont = 16, kMargin = 16;

/// A colour of page.css in light mode: color("text"), color("series-3").
std::string color(std::string_view name);
/// The colour of the index-th line or group.
std::string series(std::size_t index);

/// A position, or a length: "12.5".
std::string number(double pixels);

/// Escapes text for XML; replaces characters that XML forbids, or that are not UTF-8, by U+FFFD.
std::string xml(std::string_view text);

/// The approximate width with any font; assumes a wide one.
double width_of(std::string_view text, double font = kFont);
/// Cut off at a character, with "…" appended, if it is wider.
std::string shortened(const std::string& text, double width);

enum class Anchor { start, middle, end };

/// The marker of the index-th line: circle, triangle, square, diamond.
std::string mark(std::size_t index, double x, double y);

struct TextStyle {
  Anchor anchor = Anchor::start;
  std::string fill{};  // empty: that of text
  bool title = false;
  double turned = 0;    // degrees, clockwise, around its position
  std::string whole{};  // the tooltip, if the text was cut off
};

/// The elements of a file, in drawing order.
class Canvas {
 public:
  void text(double x, double y, std::string_view text, const TextStyle& how = {});
  void path(const std::string& d, const std::string& attributes);
  void line(double x1, double y1, double x2, double y2, const std::string& stroke,
            double width = 1);
  void rectangle(double x, double y, double width, double height, const std::string& fill);

  std::string file(double height, std::string_view title, std::string_view description) const;

 private:
  std::string body_;
};

/// One entry of a legend.
struct LegendEntry {
  std::string name;
  std::size_t color = 0;
  bool bar = false;  // a box; else a line:
  bool dashed = false, marks = true, faint = false;
  std::size_t shape = 0;
};

/// Draws the title and, below it, the legend, on as many lines as needed.
///
/// Returns   the top of the chart.
double draw_head(Canvas& canvas, const std::string& title, const std::vector<LegendEntry>& legend);

/// Draws text in lines as wide as the chart, below `top`.  Returns   the top of what follows.
double draw_note(Canvas& canvas, const std::string& text, double top);

}  // namespace joule::report::svg
