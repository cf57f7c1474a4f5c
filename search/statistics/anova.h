// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// Analysis of variance of a full factorial: which factors and interactions affect a value.
namespace joule::search {

struct Factor {
  std::string name;
  std::vector<std::string> levels;  // at least two
};

/// One run: the index of each factor's level, and the result.
struct FactorialRun {
  std::vector<std::size_t> levels;
  double value = 0;
};

/// What one combination of levels of a term adds to the grand mean and to the effects of the terms
/// within it.
struct Effect {
  std::vector<std::size_t> levels;  // one per factor of the term
  std::size_t n = 0;                // runs with these levels
  double effect = 0;                // in the value's unit
  std::optional<double> percent;    // of the grand mean; empty if that is 0
};

/// A factor ("lr") or an interaction ("lr:width").
struct AnovaTerm {
  std::string name;
  std::vector<std::size_t> factors;
  double sum_of_squares = 0;
  std::int64_t degrees = 0;
  double eta_squared = 0;                     // sum_of_squares / total
  std::optional<double> partial_eta_squared;  // sum_of_squares / (sum_of_squares + residual)
  /// (sum_of_squares / degrees) / (residual / its degrees), and the p-value of the F distribution.
  /// Empty if the residual has no degrees of freedom or is 0.
  std::optional<double> f, p;
  std::vector<Effect> effects;  // the last factor's level changes fastest
};

struct Anova {
  std::size_t n = 0, replicates = 0;  // runs; runs per combination
  double grand_mean = 0;
  double total = 0, residual = 0;  // sums of squares about the grand mean
  std::int64_t residual_degrees = 0;
  std::vector<AnovaTerm> terms;  // the factors, then the interactions of two, ...
};

/// With y(A) the mean of the runs with a combination of levels of the factors A, the effect of a
/// term is y(A) minus the effects of all terms within it and the grand mean; its sum of squares is
/// that of its effects, each times its runs.  Since every combination of levels has the same number
/// of runs, the terms are orthogonal: sums of squares of types I, II and III are the same.
///
/// Interactions of more than `largest_interaction` factors are not terms but part of the residual.
/// With one run per combination and all interactions there is no residual, and so no test.
///
/// Cost      O(2^factors runs).
/// Errors    ArgumentError if there are no factors or more than 10; one has fewer than two levels
///           or no unique name; a run does not have one level per factor, has an unknown level, or
///           a value that is not finite; a combination (named) has another number of runs than the
///           first; all values are equal; `largest_interaction` is below 1.
/// Numerics  The residual is summed run by run, not computed by subtraction; values that rounding
///           alone can cause count as 0.
/// Source    Fisher 1935, "The Design of Experiments"; Montgomery, "Design and Analysis of
///           Experiments", chapter 5.
Anova anova(std::span<const Factor> factors, std::span<const FactorialRun> runs,
            std::size_t largest_interaction = SIZE_MAX);

}  // namespace joule::search
