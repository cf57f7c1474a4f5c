// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/bench/conv/conv_report.h"

// Texts that the terminal's table and the page share.
namespace joule::bench {

/// "90 %": the fraction of zeros at a density.
std::string zeros(double density);

/// Rows: zeros; columns: ways; the first row is the head.  A cell is the speed-up over the best
/// direct peer, or without a peer the milliseconds; `*` marks the fastest, and a cell is empty if
/// it was left out.
std::vector<std::vector<std::string>> overview(const ConvCurve& curve);

/// "speed-up over the best direct kernel", or without a peer "milliseconds".
std::string unit_of_overview(const ConvCurve& curve);

/// Sentences: break-even of each way, where dense wins, where Joule's choice was not the fastest.
std::vector<std::string> findings(const ConvCurve& curve);

/// Sentences: what those that choose took, what Joule's choice passes over, what was left out, and
/// why.
std::vector<std::string> remarks(const ConvCurve& curve);

/// The names of all that ran, in the order in which they first ran.
std::vector<std::string> ways(const ConvCurve& curve);

/// The measurement of this name, or null.
const ConvMeasurement* find(const ConvPoint& point, const std::string& name);

}  // namespace joule::bench
