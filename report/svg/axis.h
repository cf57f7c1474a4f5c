// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/report/page.h"

namespace joule::report::svg {

/// The range of an axis and its labels.
struct Ticks {
  double low = 0, high = 1;
  bool logarithmic = false;
  std::vector<Tick> ticks;  // from low to high
};

/// At most `most` (>= 2) multiples of 1, 2 or 5 times a power of ten.  The range is widened to the
/// outermost of them; an empty range is first widened by a tenth of its value.  All labels of an
/// axis have as many decimals as are needed to distinguish them.
///
/// Errors    ArgumentError (`title`) if high - low is not finite.
Ticks linear_ticks(double low, double high, std::size_t most, const std::string& title);

/// For a logarithmic axis, which extends a little beyond 0 < low <= high: 1, 2 and 5 times each
/// power of ten; only powers of ten, or every n-th, if those are more than `most`; multiples of a
/// step as on a linear axis if the range contains fewer than three.
Ticks log_ticks(double low, double high, std::size_t most, const std::string& title);

/// The given ticks, over a range that also contains [low, high].
Ticks given_ticks(const std::vector<Tick>& ticks, double low, double high, bool logarithmic);

/// Ticks mapped to pixels: `low` is at `from`, `high` at `to`.
struct Axis {
  Ticks ticks;
  double from = 0, to = 0;
  double operator()(double value) const;
};

}  // namespace joule::report::svg
