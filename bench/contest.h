// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/bench/conv/conv_operands.h"
#include "joule/bench/statistics.h"

namespace joule::bench {

/// What runs.
enum class Kind {
  joule,     // Joule, as it chooses
  row,       // one implementation of Joule's, pinned by its name
  direct,    // a direct kernel of another library
  automatic  // another library, as it chooses
};

/// "joule", "row", "direct", "automatic".
std::string_view name(Kind kind);

/// One way to compute a pass.
struct Contestant {
  std::string name;
  Kind kind = Kind::row;
  std::string ran;  // the implementation or the library's kernel; of a step three
  /// For an implementation: why Joule would choose another one here ("conv2d: cpu.direct is
  /// faster").  It runs nevertheless: a rule is judged by what it passes over.
  std::string passed_over{};
  std::function<void()> run;
  /// Called before every run, untimed: drops what earlier runs derived from x and grad_y, which are
  /// new each time in a net, but keeps their zero masks.  Empty for a peer, which caches nothing.
  std::function<void()> prepare{};
  /// What the last run wrote; for a masked pass only the wanted elements, and 0 elsewhere.
  std::function<std::vector<Tensor>()> results;
  /// Runs it once and returns the multiply-accumulates executed.  Empty if nothing is
  /// counted.
  std::function<std::int64_t()> count_macs{};
};

/// An implementation that does not run, and why.
struct Omitted {
  std::string name, reason;
  friend bool operator==(const Omitted&, const Omitted&) = default;
};

/// Everything that can compute a pass on the same tensors.
struct Contest {
  Work work;  // of the dense algorithm
  std::vector<Contestant> contestants;
  std::vector<Omitted> omitted;
};

/// Joule's own choice, every implementation that can run the tensors (for a step: all three
/// passes), whether or not Joule would choose it, and the peers.  The reference is left out,
/// because it is the definition, not a kernel.
///
/// Errors    as onednn_peers().
Contest contest(Pass pass, const ConvOperands& operands);

/// What race() times, with its preparation.
struct Turn {
  std::function<void()> run;
  std::function<void()> prepare{};  // not timed; may be empty
};

/// Seconds per run: `rounds` of each, in an order drawn anew for every round, so that other work on
/// the machine, and what one run leaves in the caches for the next, affect all alike.
/// `before_round` may be empty.
std::vector<std::vector<double>> race(std::span<const Turn> turns, int rounds, Generator& generator,
                                      const std::function<void()>& before_round = {});

/// The largest |a - b| over the largest |b|, over all the tensors; 0 if both are 0 everywhere.
///
/// Errors    ArgumentError if shapes differ.
/// Numerics  infinite if a or b holds a value that is not finite.
double relative_difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b);

}  // namespace joule::bench
