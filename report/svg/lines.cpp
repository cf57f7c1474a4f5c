// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "joule/core/error.h"
#include "joule/report/markup.h"
#include "joule/report/svg.h"
#include "joule/report/svg/frame.h"

namespace joule::report {
namespace {

using namespace svg;

constexpr double kDataHeight = 300;  // of the data

/// From where to where values go.
struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  bool empty() const { return low > high; }
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

/// The chart without what cannot be drawn.
LineChart drawable(const LineChart& chart, Drawable& can_draw) {
  LineChart drawn = chart;
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    drawn.lines[i].points.clear();
    bool gap = false;
    for (Point p : chart.lines[i].points) {
      if (!can_draw(p.x, chart.log_x) || !can_draw(p.y, chart.log_y)) {
        gap = true;
        continue;
      }
      if (!can_draw(p.low, chart.log_y) || !can_draw(p.high, chart.log_y)) p.low = p.high = p.y;
      p.apart = p.apart || gap;
      gap = false;
      drawn.lines[i].points.push_back(p);
    }
  }
  std::erase_if(drawn.x_ticks, [&](const Tick& t) { return !can_draw(t.first, chart.log_x); });
  if (drawn.reference && !can_draw(*drawn.reference, chart.log_y)) drawn.reference.reset();
  return drawn;
}

Ticks x_ticks_of(const LineChart& chart) {
  Extent x;
  for (const Line& line : chart.lines) {
    for (const Point& p : line.points) x.take(p.x);
  }
  if (x.empty() && chart.x_ticks.empty()) return linear_ticks(0, 1, 6, chart.title);
  if (!chart.x_ticks.empty()) return given_ticks(chart.x_ticks, x.low, x.high, chart.log_x);
  return chart.log_x ? log_ticks(x.low, x.high, 9, chart.title)
                     : linear_ticks(x.low, x.high, 8, chart.title);
}

/// As far as the spread goes, but not so far that the points lie in a line: its bars then leave the
/// chart.  As page.js does.
Ticks y_ticks_of(const LineChart& chart) {
  constexpr std::size_t kMost = 8;
  Extent points, all;
  for (const Line& line : chart.lines) {
    for (const Point& p : line.points) {
      points.take(p.y);
      for (const double value : {p.low, p.y, p.high}) all.take(value);
    }
  }
  if (chart.reference) all.take(*chart.reference);
  if (all.empty()) return linear_ticks(0, 1, kMost, chart.title);
  if (chart.log_y) return log_ticks(all.low, all.high, kMost, chart.title);
  if (!points.empty()) {
    const double room = std::max(points.high - points.low, std::abs(points.high) / 2);
    all.low = std::max(points.low - room, all.low);
    all.high = std::min(points.high + room, all.high);
    if (chart.reference) all.take(*chart.reference);
  }
  if (chart.zero_y) all.take(0);
  return linear_ticks(all.low, all.high, kMost, chart.title);
}

void draw(Canvas& canvas, const Line& line, std::size_t index, const Axis& x, const Axis& y,
          const Area& area) {
  std::string d, marks, bars, area_low, area_high;
  const auto inside = [&](double pixel) { return std::clamp(pixel, area.top, area.bottom); };
  for (const Point& p : line.points) {
    const double at = x(p.x);
    const bool begins = d.empty() || p.apart;
    d += fmt::format("{}{} {}", begins ? "M" : "L", number(at), number(y(p.y)));
    if (line.marks && line.faint) {
      marks += fmt::format("M{} {}h1.5v1.5h-1.5z", number(at - 0.75), number(y(p.y) - 0.75));
    } else if (line.marks) {
      marks += mark(index, at, y(p.y));
    }
    if (line.band) {
      area_low += fmt::format("{}{} {}", area_low.empty() ? "M" : "L", number(at),
                              number(inside(y(p.low))));
      area_high = fmt::format("L{} {}", number(at), number(inside(y(p.high)))) + area_high;
    } else if (p.low != p.high) {
      bars +=
          fmt::format("M{} {}V{}", number(at), number(inside(y(p.low))), number(inside(y(p.high))));
    }
  }
  const std::string color_of = line.faint ? color("faint") : series(index);
  const std::string stroke = fmt::format("fill=\"none\" stroke=\"{}\"", color_of);
  if (line.band && !area_low.empty()) {
    canvas.path(area_low + area_high + "z",
                fmt::format("fill=\"{}\" fill-opacity=\"0.18\"", color_of));
  }
  canvas.path(bars, stroke + " stroke-width=\"1.5\"");
  canvas.path(d, stroke + " stroke-width=\"2\" stroke-linejoin=\"round\"" +
                     (line.dashed ? " stroke-dasharray=\"6 4\"" : ""));
  canvas.path(marks, "fill=\"" + color_of + "\"");
}

std::string described(const LineChart& chart) {
  std::string text = str(chart.y_title, " over ", chart.x_title, ".");
  for (const Line& line : chart.lines) {
    text += str(" ", line.name, ": ", line.points.size(),
                line.points.size() == 1 ? " point" : " points");
    if (!line.points.empty()) {
      const auto [low, high] = std::ranges::minmax(line.points, {}, &Point::y);
      text += fmt::format(" from {:.4g} to {:.4g}", low.y, high.y);
    }
    text += ".";
  }
  return text;
}

}  // namespace

std::string to_svg(const LineChart& chart) {
  Drawable can_draw;
  const LineChart drawn = drawable(chart, can_draw);
  std::vector<LegendEntry> legend;
  for (std::size_t i = 0; i < drawn.lines.size(); ++i) {
    const Line& line = drawn.lines[i];
    legend.push_back({.name = line.name,
                      .color = i,
                      .dashed = line.dashed,
                      .marks = line.marks,
                      .faint = line.faint,
                      .shape = i});
  }
  Canvas canvas;
  const double top = draw_head(canvas, drawn.title, legend);
  const Ticks y_ticks = y_ticks_of(drawn), x_ticks = x_ticks_of(drawn);
  const double last = x_ticks.ticks.empty() ? 0 : width_of(x_ticks.ticks.back().second) / 2;
  const Area area{.left = kMargin + 24 + width_of(y_ticks.ticks),
                  .right = kWidth - std::max(kMargin, last + 4),
                  .top = top,
                  .bottom = top + kDataHeight};
  const Axis y{y_ticks, area.bottom, area.top};
  const Axis x{x_ticks, chart.falling_x ? area.right : area.left,
               chart.falling_x ? area.left : area.right};
  draw_level(canvas, x, area);
  draw_upright(canvas, y, area);
  if (drawn.reference) {
    const double at = y(*drawn.reference);
    canvas.line(area.left, at, area.right, at, color("faint"), 1.5);
  }
  for (std::size_t i = drawn.lines.size(); i-- > 0;) {  // the first lies on top
    draw(canvas, drawn.lines[i], i, x, y, area);
  }
  draw_upright_title(canvas, drawn.y_title, area);
  const double below = draw_level_title(canvas, drawn.x_title, area, area.bottom + 22);
  const double end = draw_note(canvas, can_draw.note(), below);
  return canvas.file(end + 8, drawn.title, described(drawn));
}

}  // namespace joule::report
