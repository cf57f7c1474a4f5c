// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "joule/nas/search/run.h"
#include "joule/search/front/objectives.h"

// Compares searches with several strategies and several seeds each.
namespace joule::nas {

/// A number over the runs of a strategy; quartiles by Hyndman and Fan's type 7 (NumPy's).
struct Spread {
  double low = 0, median = 0, high = 0;
};
/// Errors    ArgumentError if there are none.
Spread spread_of(std::vector<double> values);

/// The hypervolume of all runs of a strategy after a number of evaluations, or of joules
/// spent.
struct CurvePoint {
  double x = 0;
  Spread volume;
};

/// The second objective attained for a value x of the first: at least half of the runs attained the
/// median, three quarters the low one, a quarter the high one.
using Surface = std::vector<std::array<double, 2>>;
struct Attainment {
  Surface quarter, median, three_quarters;
};

/// Landmarks of one run, as indices of evaluations where they exist.
struct Landmarks {
  std::vector<std::size_t> front;    // indices of evaluations
  std::vector<std::size_t> extrema;  // the best in each objective
  std::optional<std::size_t> bend;   // search::largest_bend()
  std::optional<std::size_t> knee;   // search::knee()
  double volume = 0;                 // of all its evaluations
};

struct Method {
  std::string strategy, sampler;
  std::vector<std::size_t> runs;     // their indices in the comparison
  std::vector<Landmarks> landmarks;  // per run
  std::vector<CurvePoint> over_evaluations, over_joules;
  std::optional<Attainment> attainment;     // with two objectives
  Spread volume, joules, seconds, invalid;  // at the end: of a whole search
};

struct Comparison {
  std::vector<Objective> objectives;
  std::vector<double> reference;  // shared by all
  /// The hypervolume of everything that exists, if known.
  std::optional<double> whole{};
  std::vector<SearchRun> runs;
  std::vector<Method> methods;  // in the order of their first runs
};

/// `everything`: the objectives of all points that exist, as in a table; or empty.  The reference
/// is the worst of each objective in it or, if it is empty, in all runs.
///
/// Cost      a hypervolume per evaluation that enters its run's front.
/// Errors    ArgumentError if there is no run, or none with a valid evaluation.
Comparison compare(std::vector<SearchRun> runs, const std::vector<Objective>& objectives,
                   const std::vector<std::vector<double>>& everything);

}  // namespace joule::nas
