// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/energy/meters/reading.h"

namespace joule::energy {

/// Samples of power, integrated by the trapezoid rule.
///
/// Numerics  exact, in integers: half femtojoules that do not fill a microjoule are kept.
class PowerSum {
 public:
  void add(std::int64_t microwatts, std::int64_t now_ns);
  /// Goes on from a sample without what was drawn since the last one.
  void skip_to(std::int64_t microwatts, std::int64_t now_ns);

  const PowerIntegral& integral() const { return sum_; }
  std::int64_t last_ns() const { return last_ns_; }

 private:
  PowerIntegral sum_;
  std::int64_t half_femtojoules_ = 0;
  std::int64_t last_uw_ = 0, last_ns_ = 0;
};

}  // namespace joule::energy
