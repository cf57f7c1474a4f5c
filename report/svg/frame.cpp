// SPDX-License-Identifier: MIT
#include "joule/report/svg/frame.h"

#include <algorithm>
#include <limits>

namespace joule::report::svg {

double width_of(const std::vector<Tick>& ticks) {
  double widest = 0;
  for (const auto& [at, label] : ticks) widest = std::max(widest, width_of(label));
  return widest;
}

void draw_upright(Canvas& canvas, const Axis& axis, const Area& area) {
  for (const auto& [at, label] : axis.ticks.ticks) {
    const double y = axis(at);
    canvas.line(area.left, y, area.right, y, color("rule"));
    canvas.text(area.left - 6, y + 5, label, {.anchor = Anchor::end, .fill = color("faint")});
  }
}

void draw_level(Canvas& canvas, const Axis& axis, const Area& area) {
  std::vector<std::pair<double, std::string>> placed;
  for (const auto& [at, label] : axis.ticks.ticks) placed.emplace_back(axis(at), label);
  std::ranges::stable_sort(placed, {}, &std::pair<double, std::string>::first);
  double taken = -std::numeric_limits<double>::infinity();
  for (const auto& [x, label] : placed) {
    canvas.line(x, area.top, x, area.bottom, color("rule"));
    const double half = width_of(label) / 2;
    if (x - half < taken + 8) continue;
    canvas.text(x, area.bottom + 18, label, {.anchor = Anchor::middle, .fill = color("faint")});
    taken = x + half;
  }
}

void draw_upright_title(Canvas& canvas, const std::string& title, const Area& area) {
  canvas.text(kMargin + 4, (area.top + area.bottom) / 2,
              shortened(title, area.bottom - area.top + 40),
              {.anchor = Anchor::middle, .turned = -90, .whole = title});
}

double draw_level_title(Canvas& canvas, const std::string& title, const Area& area, double top) {
  if (title.empty()) return top;
  canvas.text((area.left + area.right) / 2, top + 20, shortened(title, area.right - area.left),
              {.anchor = Anchor::middle, .whole = title});
  return top + 28;
}

}  // namespace joule::report::svg
