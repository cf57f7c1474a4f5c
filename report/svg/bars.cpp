// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/report/markup.h"
#include "joule/report/svg.h"
#include "joule/report/svg/frame.h"

namespace joule::report {
namespace {

using namespace svg;

constexpr double kBarsHeight = 300;  // of upright bars
constexpr double kThickness = 18;    // of a lying bar
constexpr double kMostThick = 60;    // of an upright one
constexpr double kShare = 0.8;       // of a category's place that its bars take

/// A bar from `base` (of a stack not 0), in the values of the axis.
struct Bar {
  std::size_t category = 0, group = 0;
  double base = 0, end = 0;
  std::optional<Range> spread{};
};

std::vector<Bar> bars_of(const BarChart& chart, Drawable& can_draw) {
  const std::size_t n = chart.categories.size();
  std::vector<Bar> bars;
  std::vector<double> above(n), below(n);  // where the stacks end
  for (std::size_t g = 0; g < chart.groups.size(); ++g) {
    const BarGroup& group = chart.groups[g];
    for (std::size_t c = 0; c < n; ++c) {
      const auto& value = group.values[c];
      Bar bar{.category = c, .group = g};
      if (!group.spreads.empty() && group.spreads[c]) {
        const Range& spread = *group.spreads[c];
        if (can_draw(spread.first) && can_draw(spread.second)) bar.spread = spread;
      }
      if (!value || !can_draw(*value)) continue;
      if (chart.stacked) {
        double& end = *value < 0 ? below[c] : above[c];
        bar.base = end;
        end += *value;
      }
      bar.end = bar.base + *value;
      bars.push_back(bar);
    }
  }
  return bars;
}

Ticks value_ticks(const BarChart& chart, const std::vector<Bar>& bars) {
  double low = 0, high = 0;
  for (const Bar& bar : bars) {
    const Range spread = bar.spread.value_or(Range{bar.end, bar.end});
    for (const double value : {bar.end, spread.first, spread.second}) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  return linear_ticks(low, high, 8, chart.title);
}

/// The places of the categories along their axis.
struct Places {
  double from = 0, step = 0, thickness = 0;
  std::size_t beside = 1;  // bars of one category beside each other

  Places(const BarChart& chart, double from, double to, double most)
      : from(from), beside(chart.stacked ? 1 : std::max<std::size_t>(chart.groups.size(), 1)) {
    step = (to - from) / static_cast<double>(std::max<std::size_t>(chart.categories.size(), 1));
    thickness = std::min(most, kShare * step / static_cast<double>(beside));
  }
  double middle(std::size_t category) const {
    return from + step * (static_cast<double>(category) + 0.5);
  }
  /// Where the bar begins.
  double begin(const Bar& bar) const {
    const double at = beside == 1 ? 0 : static_cast<double>(bar.group);
    return middle(bar.category) + thickness * (at - static_cast<double>(beside) / 2);
  }
};

void draw(Canvas& canvas, const BarChart& chart, const std::vector<Bar>& bars, const Axis& values,
          const Places& places) {
  for (const Bar& bar : bars) {
    const std::size_t shade = static_cast<std::size_t>(
        chart.groups[bar.group].color.value_or(static_cast<int>(bar.group)));
    const double a = values(bar.base), b = values(bar.end), at = places.begin(bar);
    const double low = std::min(a, b), length = std::abs(a - b);
    const double gap = places.beside > 1 ? std::min(1.0, places.thickness / 8) : 0;
    const double width = places.thickness - gap;
    if (chart.lying) {
      canvas.rectangle(low, at, length, width, series(shade));
    } else {
      canvas.rectangle(at, low, width, length, series(shade));
    }
  }
  std::string whiskers;
  for (const Bar& bar : bars) {
    if (!bar.spread) continue;
    const double at = places.begin(bar) + places.thickness / 2;
    const std::string from = number(values(bar.spread->first)),
                      to = number(values(bar.spread->second));
    whiskers += chart.lying ? fmt::format("M{} {}H{}", from, number(at), to)
                            : fmt::format("M{} {}V{}", number(at), from, to);
  }
  canvas.path(whiskers, fmt::format("stroke=\"{}\" stroke-width=\"1.5\"", color("text")));
}

/// The names below upright bars: level where they fit, else turned; some are left out where there
/// is no room for a line each.  Returns   where the next may begin.
double draw_names(Canvas& canvas, const BarChart& chart, const Places& places, const Area& area) {
  double widest = 0;
  for (const std::string& name : chart.categories) widest = std::max(widest, width_of(name));
  const bool level = widest + 8 <= places.step;
  constexpr double kLongest = 200, kLine = 17, kDegrees = -40;
  const auto every = level
                         ? std::size_t{1}
                         : static_cast<std::size_t>(std::max(std::ceil(kLine / places.step), 1.0));
  for (std::size_t c = 0; c < chart.categories.size(); c += every) {
    const std::string& name = chart.categories[c];
    if (level) {
      canvas.text(places.middle(c), area.bottom + 18, name, {.anchor = Anchor::middle});
      continue;
    }
    // A turned name must not leave the file on the left.
    const double room = std::min(kLongest, (places.middle(c) - 4) / 0.77);
    canvas.text(places.middle(c) + 4, area.bottom + 14, shortened(name, room),
                {.anchor = Anchor::end, .turned = kDegrees, .whole = name});
  }
  return area.bottom + (level ? 22 : 20 + 0.65 * std::min(widest, kLongest));
}

std::string described(const BarChart& chart) {
  std::string text = str(chart.value_title, " of ", chart.categories.size(), " ",
                         chart.categories.size() == 1 ? "category" : "categories", ".");
  for (const BarGroup& group : chart.groups) {
    std::vector<double> values;
    for (const auto& value : group.values) {
      if (value && std::isfinite(*value)) values.push_back(*value);
    }
    text += str(" ", group.name, ": ", values.size(), values.size() == 1 ? " bar" : " bars");
    if (!values.empty()) {
      const auto [low, high] = std::ranges::minmax(values);
      text += fmt::format(" from {:.4g} to {:.4g}", low, high);
    }
    text += ".";
  }
  return text;
}

}  // namespace

std::string to_svg(const BarChart& chart) {
  check(chart);
  Drawable can_draw;
  const std::vector<Bar> bars = bars_of(chart, can_draw);
  std::vector<LegendEntry> legend;
  for (std::size_t g = 0; g < chart.groups.size(); ++g) {
    const int shade = chart.groups[g].color.value_or(static_cast<int>(g));
    legend.push_back(
        {.name = chart.groups[g].name, .color = static_cast<std::size_t>(shade), .bar = true});
  }
  Canvas canvas;
  const Ticks ticks = value_ticks(chart, bars);
  Area area{.right = kWidth - std::max(kMargin, width_of(ticks.ticks.back().second) / 2 + 4),
            .top = draw_head(canvas, chart.title, legend)};
  double below = 0;
  if (chart.lying) {
    double widest = 0;
    for (const std::string& name : chart.categories) widest = std::max(widest, width_of(name));
    const double room = std::min(widest, kWidth / 3);
    area.left = kMargin + 8 + room + (chart.category_title.empty() ? 0 : 22);
    const double side_by_side = chart.stacked ? 1 : static_cast<double>(chart.groups.size());
    const double n = static_cast<double>(chart.categories.size());
    area.bottom = area.top + std::max(60.0, n * (kThickness * side_by_side / kShare));
    const Axis values{ticks, area.left, area.right};
    const Places places(chart, area.top, area.bottom, kThickness);
    draw_level(canvas, values, area);
    draw(canvas, chart, bars, values, places);
    for (std::size_t c = 0; c < chart.categories.size(); ++c) {
      const std::string& name = chart.categories[c];
      canvas.text(area.left - 8, places.middle(c) + 5, shortened(name, room),
                  {.anchor = Anchor::end, .whole = name});
    }
    if (!chart.category_title.empty()) draw_upright_title(canvas, chart.category_title, area);
    below = draw_level_title(canvas, chart.value_title, area, area.bottom + 22);
  } else {
    area.left = kMargin + 24 + width_of(ticks.ticks);
    area.bottom = area.top + kBarsHeight;
    const Axis values{ticks, area.bottom, area.top};
    const Places places(chart, area.left, area.right, kMostThick);
    draw_upright(canvas, values, area);
    draw(canvas, chart, bars, values, places);
    draw_upright_title(canvas, chart.value_title, area);
    below = draw_names(canvas, chart, places, area);
    below = draw_level_title(canvas, chart.category_title, area, below);
  }
  const double end = draw_note(canvas, can_draw.note(), below);
  return canvas.file(end + 8, chart.title, described(chart));
}

}  // namespace joule::report
