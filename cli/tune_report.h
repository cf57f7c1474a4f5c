// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/candidate.h"

// What `joule tune` found out, and its two forms.
namespace joule::cli {

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

void print(const TuneResult& result);
nlohmann::ordered_json to_json(const TuneResult& result);

}  // namespace joule::cli
