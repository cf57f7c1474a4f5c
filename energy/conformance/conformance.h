// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/energy/conformance/case.h"

namespace joule::energy {

/// How a case went.
struct Verdict {
  std::string name, what;  // the case's
  bool passed = false;
  std::string got, expected;  // in words
};

/// Opens the meters that `auto` takes of the case's machine (or its stream, or its recording),
/// measures its window, and compares with the answer.  It passes if
///
///   the energy is unavailable, and the answer allows that; or
///   the true energy (of the seconds that were measured) lies in the interval, which is no wider
///   than the answer's widest_j (of a value without an interval: it is no farther off), and a
///   contradiction is flagged where there is one.
Verdict run_case(const Case& c);

/// All cases of a folder: each of its sub-folders is one, in the order of their names.
///
/// Errors    DataError if there is none, or one cannot be read.
std::vector<Verdict> run_conformance(const std::string& folder);

}  // namespace joule::energy
