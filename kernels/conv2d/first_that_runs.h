// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/core/error.h"

namespace joule {

/// What the search for an algorithm came to.
template <class Candidate>
struct Found {
  std::optional<Candidate> candidate;
  std::string why_not;  // if there is none: the reasons, each once
};

/// The first of a library's candidates that can be taken and then runs: what a library ranks first,
/// and has a size of memory for, it may still refuse or fail at.
///
/// `why_not(candidate)` is null if it may be taken, otherwise the reason.  `run(candidate)` throws
/// DeviceError if the candidate fails; none is run after the first that did not.
template <class Candidate, class WhyNot, class Run>
Found<Candidate> first_that_runs(std::span<const Candidate> ranked, WhyNot&& why_not, Run&& run) {
  std::vector<std::string> reasons;
  const auto note = [&](const char* reason) {
    if (std::ranges::find(reasons, reason) == reasons.end()) reasons.emplace_back(reason);
  };
  for (const Candidate& candidate : ranked) {
    if (const char* const reason = why_not(candidate)) {
      note(reason);
      continue;
    }
    try {
      run(candidate);
      return {candidate, {}};
    } catch (const DeviceError& error) {
      note(error.what());
    }
  }
  if (reasons.empty()) return {{}, "it has no algorithm for this"};
  std::string all;
  for (const std::string& reason : reasons) all += (all.empty() ? "" : "; ") + reason;
  return {{}, all};
}

}  // namespace joule
