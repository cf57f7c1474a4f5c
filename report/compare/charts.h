// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/report/compare/comparison.h"
#include "joule/report/page.h"

// The charts of a comparison: a group has one colour in all of them.
namespace joule::report {

/// Losses, accuracies and non-zero activations over the epochs, a line for each group: the mean of
/// the runs that count, with its interval.  A run that does not, as it is not finished, has a
/// dashed line of its own.  What no group has, has no chart.  At most kMostCurvePoints epochs.
std::vector<LineChart> curve_charts(const Comparison& comparison);
inline constexpr std::size_t kMostCurvePoints = 200;

/// Accuracy over energy with its front: a chart for each quality of energy.
std::vector<LineChart> front_charts(const Comparison& comparison);

/// The energy of each group with its interval: a chart for each quality.
std::vector<BarChart> energy_bars(const Comparison& comparison);

}  // namespace joule::report
