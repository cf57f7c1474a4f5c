// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/report/compare/comparison.h"
#include "joule/report/page.h"

// The charts of a comparison; a group has the same colour in all of them.
namespace joule::report {

/// Losses, accuracies and non-zero activations over the epochs, one line per group: the mean of the
/// runs that count, with its interval.  An unfinished run, which does not count, has its own dashed
/// line.  A quantity that no group has gets no chart.  At most kMostCurvePoints epochs.
std::vector<LineChart> curve_charts(const Comparison& comparison);
inline constexpr std::size_t kMostCurvePoints = 200;

/// Accuracy over energy with its front: a chart for each quality of energy.
std::vector<LineChart> front_charts(const Comparison& comparison);

/// The energy of each group with its interval: a chart for each quality.
std::vector<BarChart> energy_bars(const Comparison& comparison);

}  // namespace joule::report
