// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/search/space.h"

// Samplers: they propose points.
namespace joule::search {

/// The direction in which an objective improves.
enum class Direction { minimise, maximise };
/// "minimise", "maximise".
std::string_view name(Direction direction);
/// The inverse of name().
/// Errors    ArgumentError (`what`, the text, both names) if it is neither.
Direction parse_direction(std::string_view what, std::string_view text);

/// A finished trial as samplers see it.
struct Observation {
  std::int64_t number = 0;  // of the trial
  Point point;
  std::vector<double> objectives;
  /// What the trial cost, in joules or seconds: one unit per study.
  std::optional<double> cost{};
};

/// The value of an objective that is known without a trial, as in a table; empty if the point
/// cannot be tried.
using ExactObjective = std::function<std::optional<double>(const Point&)>;

/// What samplers need to know besides the space.
struct SamplerSettings {
  std::vector<Direction>
      directions;  // of the objectives; samplers that read no observation need none
  /// Empty, or one per direction.  An objective with a limit is a constraint and is not optimised:
  /// a trial is feasible if the objective is not worse than the limit.
  std::vector<std::optional<double>> limits{};
  /// Empty, or one per direction, each of which may be empty: for ms-ehvi.
  std::vector<ExactObjective> exact{};
  std::map<std::string, std::string> options{};  // those in a sampler's name: make_sampler()
};

/// Proposes points.  ask() is a pure function, so a study that was killed proposes again what it
/// would have proposed.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// The point of the trial; empty if there are no more.
  ///
  /// Errors    ArgumentError if the trial's number is negative, or as documented for the sampler.
  virtual std::optional<Point> ask(const Space& space, std::span<const Observation> observations,
                                   std::int64_t trial_number, std::uint64_t seed) const = 0;
};

/// The samplers by name:
///   grid    each point of the grid once (grid.h): trial i gets point i
///   random  independent, uniform (value_of_unit())
///   sobol   a low-discrepancy sequence, uniform (sobol.h)
///   tpe     the tree-structured Parzen estimator: as random for the first 10 observations; then,
///           of 24 candidates drawn from a density of the promising observations (tpe.h), the one
///           with the largest ratio of that density to the density of the other points (parzen.h).
///           With one objective, unconditional dimensions are proposed together and the others one
///           by one; with several objectives, all are proposed one by one.
///   gp               as sobol for the first min(10, 2 d + 2) observations in d dimensions; then
///                    the point with the largest expected improvement, by a Gaussian process fitted
///                    to them (gaussian/fit.h), times the probability that the constraints hold, by
///                    processes of their own (gaussian/acquisition.h)
///   gp-pi            the probability of improvement instead
///   gp-ei-per-joule  expected improvement divided by predicted cost: exp of the mean of a process
///                    of the logarithm of the costs; every observation needs a cost
///   gp-ehvi          for up to 4 objectives, the expected improvement of the hypervolume
///   gp-pi-paper      as arXiv:2303.13972: random at first; then of 10000 uniform points the first
///                    with the largest Phi((m - best) / (s + 1e-9)), m and s of a process with mean
///                    0, rbf, signal 1, length scale 1 in the units of the space, noise 1e-10
///   ms-ehvi          as gp-ehvi, but without a process for objectives in SamplerSettings::exact:
///                    they are certain, and points with an empty one are not proposed
/// Evolutionary samplers take options with their name, "semoa:population=20:eta=1.9".  The points
/// of a generation depend on the trials of earlier generations.
///   nsga2       `population` (10) points survive, by rank and crowding (constraints first).  Two
///               winners of binary tournaments have two children, by crossover with probability
///               `crossover` (0.9), each dimension mutated with probability `mutation` (1 / d)
///   semoa       `population` (10) children per generation, of parents that no other point
///               dominates: the best point in each objective (`extremes`, yes), then by linear
///               ranking of what the hypervolume loses without the parent: the first is drawn `eta`
///               (2) times as often as the average, the last 2 - eta.  A child differs from its
///               parent: with `changes=edge_@2+op_@0.5`, on average two of the dimensions whose
///               names begin with edge_ change, half a dimension of those with op_, and one of
///               those in no group
///   semoa-code  as the authors' code: eta 1.9, extremes no, and `keep` distinct instead of front:
///               all points whose objectives differ remain parents, even dominated ones.
///               Both: `frozen` dimensions (a+b) never change; `ladder` is the dimension that is
///               the budget: generation g has its value g mod n, and begins with the points of the
///               population that were not yet tried with it
///   sh-emoa     one child at a time.  Of population (10) plus one, the point of the last front
///               that adds least to its hypervolume is removed.  Of winners of a `tournament` (3),
///               a child has `changes` (5) dimensions drawn anew with probability `mutation` (0.5),
///               else half of its dimensions come from another.  With a `ladder`, whose values are
///               numbers, budgets b, 2b, 4b, ... (the next that exists) get half as many of
///               `evaluations` (100) each, and begin with the population of the budget before
/// The order of the observations does not matter.  For the samplers by processes except
/// gp-pi-paper, each of the 16 trials before this one without an observation counts as running: as
/// if it had given what the processes expect at the point that they would now propose for it.
/// Evolutionary samplers use only finished trials.
///
/// Errors    ArgumentError for an unknown name (lists the names), an unknown option, or an invalid
///           value of one; if a sampler other than grid, random and sobol gets no directions, or
///           limits that are not one (or empty) per direction, finite, and for at most all
///           objectives but one; if gp* except gp-ehvi gets several objectives without a limit,
///           gp-ehvi and ms-ehvi more than 4, gp-pi-paper, semoa* or sh-emoa a limit.  ask(): if an
///           observation is not of the space (evolutionary samplers check the points that they
///           use), its objectives are not one finite number per direction, or its cost is not a
///           finite number above 0 (the message names the trial); for ms-ehvi if no objective is
///           exact, or a dimension is real.
std::unique_ptr<Sampler> make_sampler(std::string_view name, const SamplerSettings& settings = {});
/// In the order above.
std::span<const std::string_view> sampler_names();

}  // namespace joule::search
