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

// Who of a generation goes on.  Pure functions of what they are given.
namespace joule::evolution {

/// An individual as (1 + lambda) sees it.
struct Contender {
  std::int64_t id = 0;
  double fitness = 0;      // the larger the better; of an invalid one what all others exceed
  std::int64_t slots = 1;  // of training time that it has had
  bool parent = false;     // whether it is the parent of the others
};

/// That an individual trains on, until it has had so many slots.
struct Retraining {
  std::int64_t id = 0;
  std::int64_t slots = 0;
  friend bool operator==(const Retraining&, const Retraining&) = default;
};

/// What (1 + lambda) decides from what is known.
struct Choice {
  std::int64_t winner = 0;              // the fittest, of equals the first
  std::vector<Retraining> rematches{};  // before that is final: see rematches()
  friend bool operator==(const Choice&, const Choice&) = default;
};

/// The fittest; and, where it has had more training time than others, who must have as much before
/// it has won: the parent, unless that is the fittest, if it has had more than the least time but
/// less than the fittest; and the fittest of those with the least time of all.
///
/// Errors    ArgumentError if there is nobody, two have one id, or a fitness is not a number.
/// Source    Assuncao et al. 2019, "Fast DENSER: Efficient Deep NeuroEvolution".
Choice fittest(std::span<const Contender> contenders);

/// After the rematches: the fittest of the winner and those that were retrained, whose fitness is
/// now that of the rematch.  The winner stays unless another is fitter.
///
/// Errors    ArgumentError if a contender of the choice is missing.
std::int64_t after_rematches(const Choice& choice, std::span<const Contender> contenders);

/// Lexicase: the objectives in a drawn order, of each those that have its best value among those
/// that are left; of several at the end one is drawn.
///
/// Returns   the index of a point.
/// Errors    ArgumentError if there is none.
/// Source    Spector 2012, "Assessment of Problem Modality by Differential Performance of Lexicase
///           Selection in Genetic Programming".
std::size_t lexicase(const search::Objectives& objectives, Draws& draws);

/// The same with those that are no further from the best value than epsilon, the median absolute
/// deviation of that objective over all points: median(|x - median(x)|).
///
/// Source    La Cava et al. 2016, "Epsilon-Lexicase Selection for Regression" (static epsilon).
std::size_t epsilon_lexicase(const search::Objectives& objectives, Draws& draws);

/// The median of |x - median(x)|; of an even number of values a median is the mean of the middle
/// two.
double median_absolute_deviation(std::vector<double> values);

/// NSGA-II's survivors: whole ranks while they fit, of the last one those with the largest crowding
/// distance, of equals the first.
///
/// Returns   `count` points: by rank, then as they were; of the last rank by distance.
/// Errors    ArgumentError if there are fewer points.
/// Source    Deb et al. 2002, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II".
std::vector<std::size_t> survivors(const search::Objectives& objectives, std::size_t count);

/// NSGA-II's parents: `count` times the better of two drawn points, that of the smaller rank, of
/// equal rank the one with the larger crowding distance within it, of equals the first drawn.
///
/// Errors    ArgumentError if there is no point.
std::vector<std::size_t> tournaments(const search::Objectives& objectives, std::size_t count,
                                     Draws& draws);

}  // namespace joule::evolution
