// SPDX-License-Identifier: MIT
#pragma once

namespace joule::search {

/// A confidence interval, ends included.  An exact value has low = high.
struct Interval {
  double low = 0, high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

}  // namespace joule::search
