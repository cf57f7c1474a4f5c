// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "joule/core/error.h"
#include "joule/energy/attribution/attribution.h"
#include "joule/energy/attribution/attribution_parts.h"
#include "joule/energy/models/least_squares.h"
#include "joule/energy/models/trials.h"

namespace joule::energy {
namespace {

using Eigen::Index;
using Eigen::VectorXd;
using Key = std::tuple<std::string_view, Phase, std::string_view, std::string_view>;

Key key(const OpRun& run) { return {run.scope.layer, run.scope.phase, run.op, run.implementation}; }

/// Lines that the pieces cannot tell apart.
struct Group {
  VectorXd calls;                  // in each piece, of one of them
  std::vector<std::size_t> lines;  // ascending by name
};

/// Dynamic energy of a piece, and a standard deviation of what is drawn anew in each: the phases of
/// its edges, and how the idle power fluctuates.  None if the counter cannot resolve it, or no
/// operation ran in it.
struct PieceEnergy {
  const Piece* piece;
  Joules dynamic, uncertainty;
};

std::vector<PieceEnergy> resolved(const MeterInfo& meter, std::span<const Piece> pieces,
                                  const IdlePower& idle_power) {
  std::vector<PieceEnergy> energies;
  for (const Piece& piece : pieces) {
    if (piece.lines.empty() || !unresolved(meter, piece.interval).empty()) continue;
    const Counted c = counted(meter, piece.interval);
    const Seconds duration = piece.interval.duration();
    // Two edges, each anywhere in its update period; half a 95 % interval.
    const double edges = c.edges->value() / std::sqrt(6.0);
    const double noise = idle_power.noise / 2 * std::sqrt(duration.value());
    energies.push_back({&piece, c.energy - idle_power.value() * duration,
                        Joules(std::sqrt(edges * edges + noise * noise))});
  }
  return energies;
}

bool proportional(const VectorXd& a, const VectorXd& b) {
  return (a.normalized() - b.normalized()).norm() < 1e-9;
}

/// By names, so that the order of the lines changes nothing; lines without calls are left out.
std::vector<Group> groups(std::span<const Ledger::Line> lines,
                          const std::vector<PieceEnergy>& energies) {
  std::map<Key, std::size_t> by_name;
  for (std::size_t i = 0; i < lines.size(); ++i) by_name[key(lines[i].run)] = i;
  std::map<Key, VectorXd> calls;
  for (std::size_t p = 0; p < energies.size(); ++p) {
    for (const Ledger::Line& line : energies[p].piece->lines) {
      VectorXd& column = calls[key(line.run)];
      if (column.size() == 0) column = VectorXd::Zero(static_cast<Index>(energies.size()));
      column(static_cast<Index>(p)) += static_cast<double>(line.calls);
    }
  }
  std::vector<Group> found;
  for (const auto& [name, column] : calls) {
    const auto line = by_name.find(name);
    require(line != by_name.end(), "attribution: the pieces have a line (", std::get<0>(name), ", ",
            std::get<2>(name), ") that the window has not");
    auto same = std::ranges::find_if(
        found, [&, &column = column](const Group& g) { return proportional(g.calls, column); });
    if (same == found.end()) same = found.insert(found.end(), {column, {}});
    same->lines.push_back(line->second);
  }
  return found;
}

LeastSquares weighted(const std::vector<Group>& columns, const std::vector<PieceEnergy>& energies) {
  const auto n = static_cast<Index>(energies.size());
  LeastSquares problem{{n, static_cast<Index>(columns.size())}, VectorXd(n)};
  for (Index p = 0; p < n; ++p) {
    const PieceEnergy& e = energies[static_cast<std::size_t>(p)];
    problem.values(p) = e.dynamic / e.uncertainty;
    for (std::size_t g = 0; g < columns.size(); ++g) {
      problem.rows(p, static_cast<Index>(g)) = columns[g].calls(p) / e.uncertainty.value();
    }
  }
  return problem;
}

/// An attribution, and what it is made from.
struct Regression {
  Attribution attribution;
  std::size_t pieces = 0, energies = 0;
  double condition = INFINITY;
  std::int64_t known_ns = 0;  // of lines whose energy is known to within half of itself
};

/// Why the pieces do not determine the energies; empty if they do.
std::string undetermined(const Regression& r, std::size_t lines) {
  if (r.energies == 1 && lines > 1) {
    return str("all ", r.pieces, " pieces ran the same: they tell no line from another");
  }
  if (r.pieces <= r.energies) {
    return str(r.energies, " energies need at least ", r.energies + 1,
               " pieces that the counter can resolve, got ", r.pieces);
  }
  if (r.condition <= kLargestConditionNumber) return {};
  return str("the calls of the lines depend on each other linearly (condition number ", r.condition,
             ")");
}

/// A group's energy is known to +- width; its lines share it by time, or equally if they took none.
void give_group(Attribution& a, const MeterInfo& meter, const Group& group,
                std::span<const Ledger::Line> lines, Joules energy, Joules width) {
  std::vector<double> weights;
  for (const std::size_t i : group.lines) {
    weights.push_back(static_cast<double>(lines[i].tally.nanoseconds));
  }
  const bool timeless = std::ranges::all_of(weights, [](double w) { return w == 0; });
  if (timeless) weights.assign(weights.size(), 1);
  const auto shares = apportion(std::llround(energy / meter.unit), weights);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const Joules share = static_cast<double>(shares[i]) * meter.unit;
    // The time tells one line of a group from another as little as the pieces do.
    const Joules own = shares.size() > 1 ? std::max(share, energy - share) : Joules(0);
    give(a, meter, group.lines[i], shares[i], width + own);
  }
  if (shares.size() > 1) {
    a.together.push_back({group.lines, width + static_cast<double>(shares.size()) * meter.unit});
  }
}

std::int64_t time_of(std::span<const Ledger::Line> lines, const std::vector<std::size_t>& at) {
  std::int64_t ns = 0;
  for (const std::size_t i : at) ns += lines[i].tally.nanoseconds;
  return ns;
}

Regression regress(const MeterInfo& meter, const Interval& window, const IdlePower& idle_power,
                   std::span<const Ledger::Line> lines, std::span<const Piece> pieces) {
  const auto none = [&](const std::string& why) {
    return nothing_attributed(Rule::regression, meter, window, idle_power, lines.size(), why);
  };
  Regression r{.attribution = none("no piece that the counter can resolve ran it")};
  Attribution& a = r.attribution;
  if (!a.whole.dynamic.available()) return r;
  if (!meter.update_period) {
    a = none("the meter's update period is not known");
    return r;
  }
  const std::vector<PieceEnergy> energies = resolved(meter, pieces, idle_power);
  const std::vector<Group> columns = groups(lines, energies);
  r.pieces = energies.size();
  r.energies = columns.size();
  if (columns.empty()) return r;
  const LeastSquares problem = weighted(columns, energies);
  if (r.pieces > r.energies) r.condition = conditioning(problem.rows).number;
  const std::string why = undetermined(r, lines.size());
  if (!why.empty()) {
    a = none(why);
    return r;
  }

  const NonNegativeSolution solution = non_negative_least_squares(problem);
  const VectorXd errors = standard_errors(problem, solution);
  const auto free = problem.rows.rows() - std::ssize(solution.positive);
  const Watts idle_width = std::max(Watts(0), idle_power.mean.uncertainty().value_or(Watts()) -
                                                  meter.systematic * idle_power.value());
  for (std::size_t g = 0; g < columns.size(); ++g) {
    const auto at = static_cast<Index>(g);
    if (solution.constants(at) == 0) {
      for (const std::size_t i : columns[g].lines) {
        a.lines[i] = Figure<Joules>::unavailable(
            source(meter, a.rule), "unresolved: no positive energy fits the pieces better");
      }
      continue;
    }
    const auto calls = static_cast<double>(lines[columns[g].lines.front()].calls);
    const Joules energy(solution.constants(at) * calls);
    // The idle power's error is the same in all pieces.
    const std::int64_t ns = time_of(lines, columns[g].lines);
    const Joules width = Joules(student_t95(free) * errors(at) * calls) +
                         idle_width * nanoseconds(ns) + meter.systematic * energy;
    if (width <= energy / 2) r.known_ns += ns;
    give_group(a, meter, columns[g], lines, energy, width);
  }
  settle(a, meter);
  return r;
}

constexpr double kGoodConditionNumber = 30;
constexpr double kEnoughTime = 0.95;

/// Why the regression does not suffice; empty if it does.
std::string insufficient(const Regression& r, std::span<const Ledger::Line> lines) {
  const auto unknown = [](const Figure<Joules>& f) { return !f.available(); };
  if (std::ranges::all_of(r.attribution.lines, unknown)) {
    return lines.empty() ? "nothing ran" : r.attribution.lines.front().reason();
  }
  if (r.pieces < 2 * r.energies) {
    return str(r.energies, " energies need ", 2 * r.energies,
               " windows that the counter can resolve, got ", r.pieces);
  }
  if (r.condition > kGoodConditionNumber) {
    return str("the calls in the windows are too much alike: their condition number is ",
               r.condition, ", above ", kGoodConditionNumber);
  }
  std::int64_t all_ns = 0;
  for (const Ledger::Line& line : lines) all_ns += line.tally.nanoseconds;
  if (static_cast<double>(r.known_ns) >= kEnoughTime * static_cast<double>(all_ns)) return {};
  const double share = static_cast<double>(r.known_ns) / static_cast<double>(all_ns);
  return str("it gives the energies of operations with ", std::llround(100 * share),
             " % of the time to within half of themselves, and ", 100 * kEnoughTime,
             " % are expected: longer windows tell more");
}

}  // namespace

Attribution attribute_by_regression(const MeterInfo& meter, const Interval& window,
                                    const IdlePower& idle_power,
                                    std::span<const Ledger::Line> lines,
                                    std::span<const Piece> pieces) {
  return regress(meter, window, idle_power, lines, pieces).attribution;
}

Attribution attribute_by_choice(const MeterInfo& meter, const Interval& window,
                                const IdlePower& idle_power, std::span<const Ledger::Line> lines,
                                std::span<const Piece> pieces) {
  Regression r = regress(meter, window, idle_power, lines, pieces);
  const bool choice = r.attribution.whole.dynamic.available();
  const std::string why = insufficient(r, lines);
  if (choice && why.empty()) {
    r.attribution.why = str(r.pieces, " windows tell ", r.energies,
                            " energies apart (condition number ", r.condition, ")");
    return r.attribution;
  }
  Attribution a = attribute_by_time(meter, window, idle_power, lines);
  if (choice) a.why = "regression does not suffice: " + why;
  return a;
}

}  // namespace joule::energy
