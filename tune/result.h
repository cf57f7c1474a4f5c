// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "joule/tune/candidate.h"

namespace joule::tune {

/// The two choices where one operand has zeros.
struct Point {
  std::string operand;  // empty: no operand has zeros
  double density;
  std::string measured, statically;
  std::optional<double> gain;  // the static choice's time over that of the measured one
};

/// One operation that was measured.
struct TuneResult {
  std::string layer;
  TuningEntry entry;
  std::vector<std::string> operands;
  std::vector<Point> points;
  double disturbance;  // see Candidate
};

/// The choices by what was measured beside the static ones: see measure().
TuneResult evaluate(const Candidate& candidate, const std::vector<std::string>& static_choices);

/// The fastest of the implementations that were measured.
const MeasuredRow& choice(const TuningEntry& entry, const TuningDensities& densities);
/// All operands dense but one.
TuningDensities densities_at(std::size_t operand, double density);

}  // namespace joule::tune
