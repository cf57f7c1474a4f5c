// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/evolution/draws.h"
#include "joule/search/front/objectives.h"

// Selection of survivors and parents; pure functions.
namespace joule::evolution {

/// An individual as (1 + lambda) sees it.
struct Contender {
  std::int64_t id = 0;
  double fitness = 0;      // larger is better; for an invalid one, below all others
  std::int64_t slots = 1;  // of training time that it had
  bool parent = false;     // whether it is the parent of the others
};

/// An individual must train on until it has had so many slots.
struct Retraining {
  std::int64_t id = 0;
  std::int64_t slots = 0;
  friend bool operator==(const Retraining&, const Retraining&) = default;
};

/// The decision of (1 + lambda), from what is known.
struct Choice {
  std::int64_t winner = 0;              // the fittest; the first of equal ones
  std::vector<Retraining> rematches{};  // needed before that is final: see rematches()
  friend bool operator==(const Choice&, const Choice&) = default;
};

/// Returns the fittest.  If it had more training time than others, also those that must first train
/// as long: the parent, unless it is the fittest, if it had more than the least time but less than
/// the fittest; and the fittest of those with the least time.
///
/// Errors    ArgumentError if there are no contenders, an id is duplicate, or a fitness is NaN.
/// Source    Assuncao et al. 2019, "Fast DENSER: Efficient Deep NeuroEvolution".
Choice fittest(std::span<const Contender> contenders);

/// After the rematches: the fittest of the winner and those that were retrained, whose fitness is
/// now that of the rematch.  The winner stays unless another is fitter.
///
/// Errors    ArgumentError if a contender of the choice is missing.
std::int64_t after_rematches(const Choice& choice, std::span<const Contender> contenders);

/// Lexicase: takes the objectives in random order and keeps the points with the best value among
/// those left; if several are left at the end, draws one.
///
/// Returns   the index of a point.
/// Errors    ArgumentError if there are no points.
/// Source    Spector 2012, "Assessment of Problem Modality by Differential Performance of Lexicase
///           Selection in Genetic Programming".
std::size_t lexicase(const search::Objectives& objectives, Draws& draws);

/// The same, but keeps points within epsilon of the best value, the median absolute deviation of
/// that objective over all points: median(|x - median(x)|).
///
/// Source    La Cava et al. 2016, "Epsilon-Lexicase Selection for Regression" (static epsilon).
std::size_t epsilon_lexicase(const search::Objectives& objectives, Draws& draws);

/// The median of |x - median(x)|; of an even number of values a median is the mean of the middle
/// two.
double median_absolute_deviation(std::vector<double> values);

/// NSGA-II's survivors: whole ranks as long as they fit, then those of the next rank with the
/// largest crowding distance, the first of equal ones.
///
/// Returns   `count` points: by rank, then in input order; those of the last rank by distance.
/// Errors    ArgumentError if there are fewer points.
/// Source    Deb et al. 2002, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II".
std::vector<std::size_t> survivors(const search::Objectives& objectives, std::size_t count);

/// NSGA-II's parents: `count` times the better of two drawn points: the smaller rank, then the
/// larger crowding distance within the rank, then the first drawn.
///
/// Errors    ArgumentError if there is no point.
std::vector<std::size_t> tournaments(const search::Objectives& objectives, std::size_t count,
                                     Draws& draws);

}  // namespace joule::evolution
