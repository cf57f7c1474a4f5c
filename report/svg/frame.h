// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/report/svg/axis.h"
#include "joule/report/svg/canvas.h"

// The axes around the data of a chart.
namespace joule::report::svg {

/// Where the data are drawn.
struct Area {
  double left = 0, right = 0, top = 0, bottom = 0;
};

/// What the widest label takes.
double width_of(const std::vector<Tick>& ticks);

/// Draws grid lines and labels of an axis of numbers that goes up, left of the area.
void draw_upright(Canvas& canvas, const Axis& axis, const Area& area);
/// Of one that goes to the right, below the area; labels that would touch the one before are left
/// out, their grid lines are not.
void draw_level(Canvas& canvas, const Axis& axis, const Area& area);

/// The title of the axis on the left, upwards, at the edge of the file.
void draw_upright_title(Canvas& canvas, const std::string& title, const Area& area);
/// Of the axis below.  Returns   where the next may begin.
double draw_level_title(Canvas& canvas, const std::string& title, const Area& area, double top);

}  // namespace joule::report::svg
