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

// Who proposes points.
namespace joule::search {

/// Which way an objective is better.
enum class Direction { minimise, maximise };
/// "minimise", "maximise".
std::string_view name(Direction direction);
/// The inverse.
/// Errors    ArgumentError (`what`, the text, both names) if it is neither.
Direction parse_direction(std::string_view what, std::string_view text);

/// A finished trial as samplers see it.
struct Observation {
  std::int64_t number = 0;  // of the trial
  Point point;
  std::vector<double> objectives;
  /// What the trial spent, joules or seconds: in a study all in one unit.
  std::optional<double> cost{};
};

/// What a point has of an objective that is known without a trial, as in a table; none if the point
/// cannot be tried.
using ExactObjective = std::function<std::optional<double>(const Point&)>;

/// What samplers must know beyond the space.
struct SamplerSettings {
  std::vector<Direction>
      directions;  // of the objectives; samplers that read no observation need none
  /// Empty, or one per direction.  An objective that has one is a constraint: a trial is feasible
  /// if the objective is not worse than that, and it is not optimised.
  std::vector<std::optional<double>> limits{};
  /// Empty, or one per direction, which may be empty: for ms-ehvi.
  std::vector<ExactObjective> exact{};
  std::map<std::string, std::string> options{};  // those in a sampler's name: make_sampler()
};

/// Proposes points.  ask() is a pure function: a study that was killed proposes what it would have
/// proposed.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// The point of that trial; none if there are no more.
  ///
  /// Errors    ArgumentError if the trial's number is negative, or as the sampler says.
  virtual std::optional<Point> ask(const Space& space, std::span<const Observation> observations,
                                   std::int64_t trial_number, std::uint64_t seed) const = 0;
};

/// The samplers by name:
///   grid    each point of the grid once (grid.h): trial i has point i
///   random  independent, uniform (value_of_unit())
///   sobol   a low-discrepancy sequence, uniform (sobol.h)
///   tpe     the tree-structured Parzen estimator: while there are fewer than 10 observations as
///           random; then of 24 candidates, drawn from a density of the promising points (tpe.h)
///           among the observations, the one with the largest ratio of that density to the density
///           of the other points (parzen.h).  With one objective the dimensions without a condition
///           are proposed together, the others one by one; with several objectives all are.
///   gp               while there are fewer than min(10, 2 d + 2) observations of d dimensions as
///                    sobol; then the point with the largest expected improvement by a Gaussian
///                    process that was fitted to them (gaussian/fit.h), times the probability that
///                    the constraints hold, by processes of their own (gaussian/acquisition.h)
///   gp-pi            the probability of improvement instead
///   gp-ei-per-joule  expected improvement by predicted cost: exp of the mean of a process of the
///                    logarithm of the costs; every observation needs one
///   gp-ehvi          of up to 4 objectives the expected improvement of the hypervolume
///   gp-pi-paper      as arXiv:2303.13972: random at first; then of 10000 uniform points the first
///                    with the largest Phi((m - best) / (s + 1e-9)), m and s of a process of mean
///                    0, rbf, signal 1, length scale 1 in the units of the space, noise 1e-10
///   ms-ehvi          as gp-ehvi, but without a process for objectives that SamplerSettings::exact
///                    gives: they are certain, and points of which one is none are not proposed
/// Those that evolve take options with their name, "semoa:population=20:eta=1.9".  A generation's
/// points depend on the trials of the generations before it.
///   nsga2       population (10) points survive, by rank and crowding (constraints first); of two
///               that win a binary tournament, two children, by crossover with probability
///               `crossover` (0.9), each dimension mutated with probability `mutation` (1 / d)
///   semoa       `population` (10) children per generation, of what no other point dominates: of
///   the
///               best point in each objective (`extremes`, yes), else by linear ranking of what the
///               hypervolume loses without the parent: the first is drawn `eta` (2) times as often
///               as the average, the last 2 - eta.  A child differs from its parent: of dimensions
///               whose names begin with edge_ two are changed on the average, of op_ a half, with
///               `changes=edge_@2+op_@0.5`; of those that are in no group one
///   semoa-code  as the authors' code: eta 1.9, extremes no, and `keep` not front, but distinct:
///               all points whose objectives differ remain parents, dominated ones, too
///               of both: `frozen` dimensions (a+b) never change; `ladder` is the dimension that is
///               the budget: generation g has its value g mod n, and begins with the points of the
///               population that were not seen with it
///   sh-emoa     one child at a time: of population (10) and one more that of the last front goes
///               which adds least to its hypervolume; of winners of a `tournament` (3), a child has
///               `changes` (5) dimensions drawn anew with probability `mutation` (0.5), else half
///               of them from another.  With a `ladder`, whose values are numbers, budgets b, 2b,
///               4b,
///               ... (the next that there is) have half as many of `evaluations` (100) each, and
///               begin with the population of the one before
/// The order of the observations does not matter.  Those by processes but gp-pi-paper take each of
/// the 16 trials before this one that has no observation for one that runs: as if it had given what
/// the processes expect at the point that they would now propose for it.  Those that evolve go by
/// what is finished.
///
/// Errors    ArgumentError with the names if there is none of that name; an option that it has not,
///           or whose value it refuses; if any but grid, random and sobol is not given directions,
///           or limits that are not one (or none) for each, finite, and of not all objectives; if
///           gp* but gp-ehvi is given several objectives without a limit, gp-ehvi and ms-ehvi more
///           than 4, gp-pi-paper, semoa* or sh-emoa a limit.  Of their ask(): if an observation is
///           not of the space (those that evolve check the points that they use), its objectives
///           are not finite numbers, one per direction, or its cost is not a finite number above 0
///           (the trial is named); of ms-ehvi if no objective is exact, or a dimension is real.
std::unique_ptr<Sampler> make_sampler(std::string_view name, const SamplerSettings& settings = {});
/// In the order above.
std::span<const std::string_view> sampler_names();

}  // namespace joule::search
