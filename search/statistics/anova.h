// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The analysis of variance of a full factorial: which factors, and which together, move a value.
namespace joule::search {

struct Factor {
  std::string name;
  std::vector<std::string> levels;  // at least two
};

/// One run: the number of each factor's level, and what came out.
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
  std::optional<double> percent;    // of the grand mean; none where that is 0
};

/// A factor ("lr") or an interaction ("lr:width").
struct AnovaTerm {
  std::string name;
  std::vector<std::size_t> factors;
  double sum_of_squares = 0;
  std::int64_t degrees = 0;
  double eta_squared = 0;                     // sum_of_squares / total
  std::optional<double> partial_eta_squared;  // sum_of_squares / (sum_of_squares + residual)
  /// (sum_of_squares / degrees) / (residual / its degrees), and the p-value of Fisher's
  /// distribution. None where the residual has no degrees of freedom or is 0.
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
/// term is y(A) less the effects of all terms within it and the grand mean; its sum of squares is
/// that of its effects, each times its runs. As every combination of levels has as many runs as
/// every other, the terms are orthogonal: sums of squares of types I, II and III are the same.
///
/// `largest_interaction` is the number of factors of the largest interaction that is a term; the
/// others are part of the residual.  With one run per combination and all interactions there is no
/// residual, and so no test.
///
/// Cost      O(2^factors runs).
/// Errors    ArgumentError if there are no factors, one has fewer than two levels or no name of its
///           own, there are more than 10; a run has not a level per factor, a level there is not,
///           or a value that is not finite; a combination has other many runs than the first
///           (named); all values are equal; `largest_interaction` is below 1.
/// Numerics  The residual is summed up run by run, not subtracted; what rounding alone can leave
///           counts as 0.
/// Source    Fisher 1935, "The Design of Experiments"; Montgomery, "Design and Analysis of
///           Experiments", chapter 5.
Anova anova(std::span<const Factor> factors, std::span<const FactorialRun> runs,
            std::size_t largest_interaction = SIZE_MAX);

}  // namespace joule::search
