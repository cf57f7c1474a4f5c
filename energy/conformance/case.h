// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "joule/energy/domain.h"

namespace joule::energy {

/// A file of the simulated machine that counts: what it shows at t is the energy since `start`,
/// divided by `unit_j`, at the last time before t - late_s that is a multiple of every_s, modulo
/// wraps_at.
struct CaseCounter {
  std::string file;
  std::uint64_t start = 0;
  double watts = 0, unit_j = 1e-6, every_s = 0.001, late_s = 0;
  std::uint64_t wraps_at = 0;  // 0: never
};

/// What happens at a time, to a file or to the machine.
struct CaseEvent {
  enum class Kind {
    watts,    // the counter's power from now on
    reset,    // it begins at 0 again
    jump,     // by so many joules that were not drawn
    error,    // reading it fails, by this errno, for `for_s`
    text,     // it shows this, for `for_s`
    suspend,  // the machine sleeps for `value` seconds
  };
  double at_s = 0, for_s = 0, value = 0;
  Kind kind = Kind::watts;
  std::string file{}, text{};
};

/// What a tool is to say of the window.
struct CaseAnswer {
  Domain of = Domain::processors;
  std::optional<double> joules{};  // drawn in truth; none: it cannot be known
  double widest_j = 0;  // an interval is no wider, and a value without one no farther off
  bool may_be_unavailable = false;
  bool must_flag = false;  // sources contradict each other, and the tool must say so
};

/// One hostile machine, and the right answer.  The format is told in docs/energy.md.
struct Case {
  std::string name, what;
  std::map<std::string, std::string> files{};  // below /sys, with their contents
  std::vector<CaseCounter> counters{};
  std::vector<CaseEvent> events{};                      // in the order of their times
  std::string stream{};                                 // UNIT[,KEY=VALUE]... of its lines:
  std::vector<std::pair<double, std::string>> lines{};  // when, and what comes
  std::string trace{};                                  // the path of a recording, instead
  double begin_s = 0, end_s = 0;                        // the window
  CaseAnswer answer{};
};

/// The case in a folder: case.json and answer.json.
///
/// Errors    DataError: path, what is wrong.
Case read_case(const std::string& folder);

}  // namespace joule::energy
