// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/tuning.h"

namespace joule::tune {

/// An operation that a net ran, and its implementations, to be timed.
struct Candidate {
  struct Sparse {
    std::string name;
    Tensor tensor;
  };
  std::string layer;  // which ran it first
  TuningEntry entry;  // the implementations are named, the times missing
  std::vector<Sparse> sparse{};
  std::function<void(std::string_view row)> run{};
  /// The implementation that the static predicates choose for the operands as they are; empty if
  /// none.
  std::function<std::string_view()> static_choice{};
  /// How much else the machine did: the largest ratio of an implementation's median time to its
  /// least.
  double disturbance = 1;
};

/// Every tunable operation that body() runs on this thread: the first of each operation and sizes,
/// with the implementations that can run it; without the reference, and only if there are two to
/// choose from. They hold the tensors that body() used.  `training`: each run finds its weights
/// changed, as after an update, so that what an implementation makes of them belongs to its time.
std::vector<Candidate> collect_candidates(bool training, const std::function<void()>& body);

/// Fills in the times, each the least of `rounds` rounds in which all take turns, so that the
/// machine's moods hit all alike.  Overwrites the operands.
///
/// A sparse operand is drawn anew for each density: values in [-1, 1), zeros anywhere alike.
/// Afterwards `static_choices` has the static choice for dense operands and then, per sparse
/// operand, for each density.
void measure(Candidate& candidate, const std::vector<double>& densities, int rounds,
             std::vector<std::string>& static_choices);

}  // namespace joule::tune
