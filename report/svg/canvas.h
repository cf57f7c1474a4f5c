// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace joule::report::svg {

// Pixels; a chart in a column of 400 pixels is still to be read.
inline constexpr double kWidth = 700, kFont = 14, kTitleFont = 16, kMargin = 16;

/// A colour of page.css, as it is in the light: color("text"), color("series-3").
std::string color(std::string_view name);
/// That of the index-th line or group.
std::string series(std::size_t index);

/// A position, or a length: "12.5".
std::string number(double pixels);

/// As XML may hold it: escaped, and what is no character of XML, or not UTF-8, as U+FFFD.
std::string xml(std::string_view text);

/// About, whatever font is there: wide ones are reckoned with.
double width_of(std::string_view text, double font = kFont);
/// Cut off at a character, and "…" behind it, if it is wider.
std::string shortened(const std::string& text, double width);

enum class Anchor { start, middle, end };

/// The shape at the points of the index-th line: circle, triangle, square, diamond.
std::string mark(std::size_t index, double x, double y);

struct TextStyle {
  Anchor anchor = Anchor::start;
  std::string fill{};  // empty: that of text
  bool title = false;
  double turned = 0;    // degrees, clockwise, around its place
  std::string whole{};  // its tooltip, if the text is another, as it was cut off
};

/// The elements of a file, in the order in which they are drawn.
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

/// One of the things that a chart shows.
struct LegendEntry {
  std::string name;
  std::size_t color = 0;
  bool bar = false;  // a box; else a line:
  bool dashed = false, marks = true, faint = false;
  std::size_t shape = 0;
};

/// Draws the title and, below it, the legend, in as many lines as they take.
///
/// Returns   where the chart may begin.
double draw_head(Canvas& canvas, const std::string& title, const std::vector<LegendEntry>& legend);

/// Draws text in lines as wide as the chart, below `top`.  Returns   where the next may begin.
double draw_note(Canvas& canvas, const std::string& text, double top);

}  // namespace joule::report::svg
