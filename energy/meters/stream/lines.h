// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/energy/quantity.h"

namespace joule::energy {

/// "seconds watts" or "seconds joules", a line each, as a program at a meter writes them:
///
///   seconds watts        may say so first: any line may, and must agree
///   0.0 41.7             times on any clock that runs in seconds and never goes back
///   1.0 42.1 W           the unit may stand behind each value: W, watts, J, joules
///   # anything           a comment
///
/// The first thing that is wrong ends it: `problem`, with the number of the line.
class StreamLines {
 public:
  struct Sample {
    double seconds = 0, value = 0;
  };
  StreamLines(bool joules, std::optional<Watts> limit) : joules_(joules), limit_(limit) {}

  /// The complete lines in what has come, with the rest of what came before.
  std::vector<Sample> take(std::string_view bytes);
  const std::string& problem() const { return problem_; }

 private:
  void parse(std::string_view line, std::vector<Sample>& samples);
  void check_unit(std::string_view unit);
  void fail(const std::string& what);

  bool joules_;
  std::optional<Watts> limit_;
  std::string rest_, problem_;
  std::int64_t line_ = 0;
  std::optional<Sample> last_;
};

}  // namespace joule::energy
