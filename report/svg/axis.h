// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/report/page.h"

namespace joule::report::svg {

/// From where to where an axis goes, and what is written on it.
struct Ticks {
  double low = 0, high = 1;
  bool logarithmic = false;
  std::vector<Tick> ticks;  // from low to high
};

/// At most `most` (>= 2) multiples of 1, 2 or 5 times a power of ten; the range is widened to the
/// outermost of them, and one without length by a tenth of its value.  All labels of an axis have
/// as many decimals as tell them apart.
///
/// Errors    ArgumentError (`title`) if high - low is not finite.
Ticks linear_ticks(double low, double high, std::size_t most, const std::string& title);

/// Of a logarithmic axis, which goes a little further than 0 < low <= high: 1, 2 and 5 times each
/// power of ten; powers of ten alone, or every n-th, if those are more than `most`; multiples of a
/// step as on a linear axis where the range holds fewer than three.
Ticks log_ticks(double low, double high, std::size_t most, const std::string& title);

/// Ticks where they are asked for, over a range that also holds [low, high].
Ticks given_ticks(const std::vector<Tick>& ticks, double low, double high, bool logarithmic);

/// Ticks laid along pixels: `low` is at `from`, `high` at `to`.
struct Axis {
  Ticks ticks;
  double from = 0, to = 0;
  double operator()(double value) const;
};

}  // namespace joule::report::svg
