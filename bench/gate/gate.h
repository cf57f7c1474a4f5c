// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Whether what was measured of a new state of something is worse than what was measured of an old
// one, so that a script can stop there.
namespace joule::bench {

enum class GateKind {
  count,   // work that was counted: MACs executed, bytes moved
  energy,  // measured or sampled joules; modelled ones are exact, as counts are
  ratio,   // speed relative to something else in the same run
  time,    // seconds, or images per second
  memory   // peak bytes
};
std::string_view name(GateKind kind);
/// The inverse.  Errors: ArgumentError with the names that there are.
GateKind gate_kind(std::string_view text);

/// Holds every count and every double.
using Exact = long double;

/// One figure of both sets.
struct GateFigure {
  std::string name{};  // "small-cnn (fresh), joule: images per second"
  GateKind kind = GateKind::count;
  std::string unit{};
  bool more_is_better = false;
  /// What was counted, summed over what both sets have (each seed); else `base` and `fresh`.
  std::optional<std::pair<Exact, Exact>> exact{};
  std::vector<double> base{}, fresh{};  // of each run or file, positive
  std::string problem{};                // why the sets cannot be compared by it
};

/// What was read of two sets.
struct GateSets {
  std::vector<std::string> base, fresh;  // the paths
  std::vector<GateFigure> figures{};
  std::vector<std::string> notes{};  // what differs otherwise, and what disturbed a measurement
};

/// Figures of training runs: MACs executed and bytes of all training steps and of the tests, energy
/// and time of the run.  Runs of a set may differ only in their seeds.
///
/// Counts and modelled energy are exact: they are compared over the seeds that both sets have.
/// Energies of meters need the same meters in all runs; they and times need the same machine, as
/// report.html records it, unless `same_machine` states it.
///
/// Errors    as report::read_runs(); ArgumentError if a run is not finished, or runs of a set
///           differ.
GateSets gate_runs(const std::vector<std::string>& base, const std::vector<std::string>& fresh,
                   bool same_machine);

/// Figures of reports that `joule bench train`, `infer` or `conv` wrote with --json: of what Joule
/// chose by itself, the median over the rounds of a file is one value.
///
/// Errors    DataError (the file, what is wrong) if one is no such report, or of another version;
///           ArgumentError if two are of different benchmarks or options, or one is given twice.
GateSets gate_reports(const std::vector<std::string>& base, const std::vector<std::string>& fresh,
                      bool same_machine);

enum class Verdict {
  better,
  same,  // the exact figure has not changed
  worse,
  within_tolerance,  // it has changed, by less than matters
  not_told_apart,    // the two sets look like one
  too_few,           // whatever their values, so few could not be told apart
  not_comparable
};
std::string_view name(Verdict verdict);

struct GateRow {
  GateFigure figure;
  Verdict verdict = Verdict::not_comparable;
  std::optional<double> ratio{};  // new over base: of the sums, or the median over all pairs
  std::optional<double> p{};      // of Mann and Whitney's test, two-sided
  std::string reason{};
};

struct GateOptions {
  double tolerance = 0.03;        // ratios from 1 / (1 + t) to 1 + t do not matter
  double level = 0.05;            // of a false alarm by any of the figures
  std::vector<GateKind> kinds{};  // that are judged; empty: all
};

struct Gate {
  GateSets sets;  // without the figures, which are in the rows
  GateOptions options;
  double threshold = 0;  // of p: the level divided by the number of tests
  std::vector<GateRow> rows{};

  enum class Outcome { passed, regressed, undecided };
  /// Regressed if a row is worse; else undecided if one has too few values or cannot be compared,
  /// or if there is none.
  Outcome outcome() const;
};
std::string_view name(Gate::Outcome outcome);

/// Exact figures are worse by any change for the worse.  Of the others, worse are those whose two
/// samples differ by Mann and Whitney's test, with Bonferroni's correction for their number, and
/// whose ratio is beyond the tolerance.
///
/// Errors    ArgumentError if the tolerance is negative or not finite, or the level is not in
///           (0, 1).
Gate gate(GateSets sets, GateOptions options);

/// How many values each set must have to be told apart at this p.
std::int64_t least_values(double p);

}  // namespace joule::bench
