// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/report/page.h"

// The charts of pages as files of their own, for documents, web forges and papers: one that a page
// shows and one that a document shows are the same object.
//
//   write_file_atomically("loss.svg", to_svg(chart));
namespace joule::report {

/// The chart as an SVG file of 700 by about 400 pixels, with its own white background and in the
/// light colours of the pages; it needs no script, no style sheet and no font of its own.  The
/// legend stands above the data.  What is left out (see LineChart) is said below the axis.
///
/// `<title>` is the title; `<desc>` says which lines or bars there are, and how far they go.
///
/// Errors    ArgumentError if the values on an axis lie further apart than doubles reach.
/// Numerics  positions are rounded to 0.01 pixels; the same chart gives the same bytes.
std::string to_svg(const LineChart& chart);

/// A chart of lying bars is as high as its bars need.  A category's name that takes more than a
/// third of the width is cut off, and is whole in its tooltip.
///
/// Errors    as Page::add() of a BarChart, and as above.
std::string to_svg(const BarChart& chart);

/// Errors    as Page::add() of them.
std::string to_svg(const HeatMap& chart);
std::string to_svg(const RadarChart& chart);

}  // namespace joule::report
