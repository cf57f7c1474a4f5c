// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/report/svg/axis.h"
#include "joule/report/svg/canvas.h"

// The axes around the data of a chart.
namespace joule::report::svg {

/// The area of the data.
struct Area {
  double left = 0, right = 0, top = 0, bottom = 0;
};

/// The width of the widest label.
double width_of(const std::vector<Tick>& ticks);

/// Draws grid lines and labels of a vertical axis of numbers, left of the area.
void draw_upright(Canvas& canvas, const Axis& axis, const Area& area);
/// Those of a horizontal axis, below the area; labels that would touch the previous one are left
/// out, their grid lines are not.
void draw_level(Canvas& canvas, const Axis& axis, const Area& area);

/// The title of the vertical axis, rotated, at the left edge of the file.
void draw_upright_title(Canvas& canvas, const std::string& title, const Area& area);
/// The title of the horizontal axis.  Returns   the top of what follows.
double draw_level_title(Canvas& canvas, const std::string& title, const Area& area, double top);

}  // namespace joule::report::svg
