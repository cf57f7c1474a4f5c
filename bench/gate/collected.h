// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "joule/bench/gate/gate.h"

namespace joule::bench {

/// The figures of two sets while they are read: set 0 is the base, set 1 the new one.
class Collected {
 public:
  /// What a figure is; its name tells it from the others.
  struct What {
    std::string name;
    GateKind kind = GateKind::count;
    std::string unit{};
    bool more_is_better = false;
    /// Nothing if it can be compared, else why not.
    std::string problem{};
  };

  /// A value of one run or file.  One that is not positive is a problem of the figure.
  void add(std::size_t set, const What& what, double value);
  /// A count, or what is computed from counts; of what has the same key it must be the same.
  void add_exact(std::size_t set, const What& what, const std::string& key, Exact value);

  /// In the order in which they came.
  std::vector<GateFigure> figures() const;

 private:
  struct Entry {
    What what;
    bool exact = false;
    std::array<std::vector<double>, 2> values{};
    std::array<std::map<std::string, Exact>, 2> exactly{};
  };
  Entry& entry(const What& what, bool exact);
  static GateFigure figure_of(const Entry& entry);

  std::vector<Entry> entries_;
};

}  // namespace joule::bench
