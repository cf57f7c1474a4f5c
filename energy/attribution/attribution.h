// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/energy/figure.h"
#include "joule/energy/ledger.h"
#include "joule/energy/measurement.h"
#include "joule/energy/meter.h"
#include "joule/energy/models/cost_model.h"
#include "joule/energy/window.h"

namespace joule::energy {

/// How a window's dynamic energy is shared out over the lines of a ledger.
enum class Rule {
  time,       // by their nanoseconds; the time outside of all operations is unattributed
  model,      // by the energy that a profile models for them, executed; nothing is left over
  regression  // by least squares of the energies of several windows on the calls in them
};
std::string_view name(Rule rule);
/// What the shares rest on: "time: assumes that every operation draws the same power".
std::string_view assumption(Rule rule);

/// A counter's difference in its ticks: gross = idle + sum(lines) + unattributed, exactly.
struct Split {
  std::int64_t gross = 0;
  std::int64_t idle = 0;          // rounded to whole ticks; 0 if the idle power is not known
  std::int64_t unattributed = 0;  // negative if a regression gives more than there was
  std::vector<std::int64_t> lines;
};

/// Lines that nothing tells apart, and half the interval of what they took together.
struct Together {
  std::vector<std::size_t> lines;
  Joules width;
};

/// A window's energy, line by line.
struct Attribution {
  Rule rule = Rule::time;
  Measurement whole;
  std::optional<Split> ticks;  // none if the window has no energy
  /// Of each line, of quality attributed.  The interval is the window's, in proportion (of a
  /// regression the 95 % interval of the fit, the error of the idle power and the meter's
  /// systematic share), and a tick for the rounding.  It holds if the rule's assumption() does.
  std::vector<Figure<Joules>> lines;
  Figure<Joules> unattributed;  // the rest of the dynamic energy; of gross if that is not known
  std::vector<Together> together{};
  std::string why{};  // this rule was chosen; empty if it was asked for

  /// Half the interval of the sum of these lines, each with an energy; none if one states none.
  /// Intervals add up, as shares err together.
  std::optional<Joules> width_of(std::span<const std::size_t> lines) const;
};

/// The share of each weight in `ticks`: ticks * w / sum(w), rounded by largest remainder.
///
/// Numerics  integers: weights are taken in units of 2^-52 of the largest.  Where equal remainders
///           compete for too few ticks none of them gets one, so that the order of the weights
///           changes nothing but the order of the shares.  The shares therefore add up to `ticks`
///           less fewer ticks than there are weights; without any weight above 0, to 0.
/// Errors    ArgumentError if ticks or a weight is negative, or a weight not finite.
std::vector<std::int64_t> apportion(std::int64_t ticks, std::span<const double> weights);

/// dynamic * nanoseconds / max(duration, sum(nanoseconds)) for each line.
///
/// Errors    none because of the meter: whatever has no energy is unavailable, and says why.
///           ArgumentError as measure().
Attribution attribute_by_time(const MeterInfo& meter, const Interval& window,
                              const IdlePower& idle_power, std::span<const Ledger::Line> lines);

/// dynamic * modelled / sum(modelled) for each line.
///
/// Errors    as attribute_by_time(), and as CostModel::energy().
Attribution attribute_by_model(const MeterInfo& meter, const Interval& window,
                               const IdlePower& idle_power, std::span<const Ledger::Line> lines,
                               const CostModel& model);

/// A part of the window, and what ran in it.
struct Piece {
  Interval interval;
  std::vector<Ledger::Line> lines;
};

/// calls * e for each line, where the energies per call e >= 0 minimise
///
///   sum_pieces ((dynamic - sum_lines calls * e) / uncertainty)^2.
///
/// Lines whose calls are proportional in all pieces cannot be told apart: they have one e together,
/// and share it by time.  As any of them may have taken all of it, or nothing, their intervals are
/// that wide.  Pieces that the counter cannot resolve are left out.
///
/// Errors    as attribute_by_time().  The lines are unavailable if the pieces do not determine
/// them:
///           too few, all alike, or linearly dependent (condition number above 1e6).
/// Source    Lawson and Hanson, Solving Least Squares Problems, 1974, ch. 23.
Attribution attribute_by_regression(const MeterInfo& meter, const Interval& window,
                                    const IdlePower& idle_power,
                                    std::span<const Ledger::Line> lines,
                                    std::span<const Piece> pieces);

/// By regression if the pieces suffice for it, and otherwise by time.  They suffice if those that
/// the counter can resolve
///
///   are at least two for each energy,
///   have calls that tell the energies apart (condition number at most 30), and
///   give the energy of lines with at least 95 % of the operations' time to within half of itself
///   (of lines that cannot be told apart, together).
///
/// Returns   `why` is set: what did not hold, or that all did.  Without dynamic energy there is no
///           choice, and it is empty.
/// Errors    as attribute_by_time().
Attribution attribute_by_choice(const MeterInfo& meter, const Interval& window,
                                const IdlePower& idle_power, std::span<const Ledger::Line> lines,
                                std::span<const Piece> pieces);

}  // namespace joule::energy
