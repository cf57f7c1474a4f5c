// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "joule/report/svg.h"
#include "joule/report/svg/canvas.h"

namespace joule::report {
namespace {

using namespace svg;

constexpr double kCellHeight = 44, kRadius = 140;

/// A place around a centre: directions are evenly spread, the first is upwards.
struct Around {
  double x = 0, y = 0;
  std::size_t count = 0;

  std::pair<double, double> at(std::size_t direction, double share) const {
    const double angle =
        2 * std::numbers::pi * static_cast<double>(direction) / static_cast<double>(count);
    return {x + kRadius * share * std::sin(angle), y - kRadius * share * std::cos(angle)};
  }
  template <class Share>
  std::string polygon(Share&& share) const {
    std::string d;
    for (std::size_t i = 0; i < count; ++i) {
      const auto [px, py] = at(i, share(i));
      d += fmt::format("{}{} {}", i == 0 ? "M" : "L", number(px), number(py));
    }
    return d + "z";
  }
};

}  // namespace

std::string to_svg(const HeatMap& chart) {
  check(chart);
  Canvas canvas;
  const double top = draw_head(canvas, chart.title, {});
  double left = width_of(chart.row_title);
  for (const std::string& row : chart.rows) left = std::max(left, width_of(row));
  left = std::min(left, kWidth / 3) + kMargin + 12;
  const double width =
      (kWidth - kMargin - left) / std::max<double>(1, static_cast<double>(chart.columns.size()));
  canvas.text(left - 8, top + 14, chart.row_title, {.anchor = Anchor::end, .fill = color("faint")});
  canvas.text(left, top - 6, chart.column_title, {.fill = color("faint")});
  const double largest = largest_of(chart);
  for (std::size_t j = 0; j < chart.columns.size(); ++j) {
    canvas.text(left + width * (static_cast<double>(j) + 0.5), top + 14,
                shortened(chart.columns[j], width - 4),
                {.anchor = Anchor::middle, .whole = chart.columns[j]});
  }
  std::string described;
  for (std::size_t i = 0; i < chart.rows.size(); ++i) {
    const double y = top + 24 + kCellHeight * static_cast<double>(i);
    canvas.text(left - 8, y + kCellHeight / 2 + 5, shortened(chart.rows[i], left - kMargin - 8),
                {.anchor = Anchor::end, .whole = chart.rows[i]});
    for (std::size_t j = 0; j < chart.columns.size(); ++j) {
      const HeatMap::Cell& cell = chart.cells[i][j];
      const double x = left + width * static_cast<double>(j), value = cell.value.value_or(0);
      if (value != 0) {
        canvas.path(fmt::format("M{} {}h{}v{}h-{}z", number(x + 1), number(y + 1),
                                number(width - 2), number(kCellHeight - 2), number(width - 2)),
                    fmt::format("fill=\"{}\" fill-opacity=\"{:.3f}\"", series(value > 0 ? 1 : 2),
                                0.6 * std::abs(value) / largest));
      }
      canvas.text(x + width / 2, y + kCellHeight / 2 + 5, cell.text, {.anchor = Anchor::middle});
      if (cell.value) {
        described += fmt::format(" {}, {}: {}.", chart.rows[i], chart.columns[j], cell.text);
      }
    }
  }
  const double end = top + 24 + kCellHeight * static_cast<double>(chart.rows.size());
  return canvas.file(end + kMargin, chart.title,
                     chart.row_title + " by " + chart.column_title + "." + described);
}

std::string to_svg(const RadarChart& chart) {
  check(chart);
  std::vector<LegendEntry> legend;
  for (std::size_t i = 0; i < chart.things.size(); ++i) {
    legend.push_back({.name = chart.things[i].name, .color = i, .shape = i});
  }
  Canvas canvas;
  const double top = draw_head(canvas, chart.title, legend);
  const Around around{kWidth / 2, top + kRadius + 28, chart.directions.size()};
  const std::string rule = fmt::format("fill=\"none\" stroke=\"{}\"", color("rule"));
  for (const double share : {0.25, 0.5, 0.75, 1.0}) {
    canvas.path(around.polygon([&](std::size_t) { return share; }), rule);
  }
  for (std::size_t i = 0; i < around.count; ++i) {
    const auto [x, y] = around.at(i, 1);
    canvas.line(around.x, around.y, x, y, color("rule"));
    const auto [lx, ly] = around.at(i, 1.1);
    const Anchor anchor = lx > around.x + 1   ? Anchor::start
                          : lx < around.x - 1 ? Anchor::end
                                              : Anchor::middle;
    canvas.text(lx, ly + 5, chart.directions[i], {.anchor = anchor});
  }
  std::string described;
  for (std::size_t k = 0; k < chart.things.size(); ++k) {
    const RadarChart::Thing& thing = chart.things[k];
    const auto share = [&](std::size_t i) { return thing.shares[i]; };
    canvas.path(
        around.polygon(share),
        fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-linejoin=\"round\"",
                    series(k)));
    std::string marks;
    described += " " + thing.name + ":";
    for (std::size_t i = 0; i < around.count; ++i) {
      const auto [x, y] = around.at(i, share(i));
      marks += mark(k, x, y);
      described += fmt::format(" {} {:.3g}", chart.directions[i], share(i));
    }
    canvas.path(marks, "fill=\"" + series(k) + "\"");
    described += ".";
  }
  return canvas.file(around.y + kRadius + 36, chart.title, "Shares of the largest." + described);
}

}  // namespace joule::report
