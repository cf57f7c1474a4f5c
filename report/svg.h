// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/report/page.h"

// The charts of pages as separate files, for documents, web forges and papers.  Pages and documents
// use the same chart objects.
//
//   write_file_atomically("loss.svg", to_svg(chart));
namespace joule::report {

/// The chart as an SVG file of 700 by about 400 pixels, with its own white background and in the
/// light colours of the pages; it needs no script, style sheet or font.  The legend is above the
/// data.  A note below the axis says what is left out (see LineChart).
///
/// `<title>` is the title; `<desc>` lists the lines or bars and their ranges.
///
/// Errors    ArgumentError if the range of an axis is not a finite double.
/// Numerics  positions are rounded to 0.01 pixels; the same chart gives the same bytes.
std::string to_svg(const LineChart& chart);

/// A chart of horizontal bars is as high as its bars need.  A category's name that takes more than
/// a third of the width is cut off; its tooltip has the whole name.
///
/// Errors    as Page::add() of a BarChart, and as above.
std::string to_svg(const BarChart& chart);

/// Errors    as Page::add() of them.
std::string to_svg(const HeatMap& chart);
std::string to_svg(const RadarChart& chart);

}  // namespace joule::report
