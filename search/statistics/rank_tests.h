// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

// Tests that use only the order of values.  Equal values share the mean of their ranks.
namespace joule::search {

/// Tests whether several samples lie at the same level, by ranks.
struct KruskalWallis {
  std::size_t n = 0, groups = 0;  // all values, samples
  double h = 0;
  double p = 1;
  /// The fraction of the variance of the ranks that the groups explain: (h - groups + 1) / (n -
  /// groups); negative if they explain less than chance would.  Empty if each group has one value.
  std::optional<double> eta_squared;
};

/// h = [12 / (n (n + 1)) sum R_i^2 / n_i - 3 (n + 1)] / [1 - sum (t^3 - t) / (n^3 - n)]
/// with R_i the rank sum of group i and t the sizes of the sets of equal values; p is that of
/// the chi-squared distribution with groups - 1 degrees of freedom.
///
/// Errors    ArgumentError if there are fewer than two groups, one is empty, a value is not finite,
///           or all values are equal.
/// Source    Kruskal and Wallis 1952, "Use of Ranks in One-Criterion Variance Analysis"; eta
///           squared: Tomczak and Tomczak 2014, "The need to report effect size estimates
///           revisited".
KruskalWallis kruskal_wallis(std::span<const std::vector<double>> groups);

/// Tests whether values of a are larger than values of b as often as smaller.
struct MannWhitney {
  std::size_t n_a = 0, n_b = 0;
  double u = 0;  // pairs in which the value of a is larger; ties count half
  double p = 1;  // two-sided
  bool exact = false;
};

/// p is exact if no two values are equal and the smaller sample has at most 8 (the larger at most
/// 10000): twice the fraction of orders whose U is at least max(u, n_a n_b - u), at most 1.
/// Otherwise it is that of the normal distribution, corrected for ties and continuity:
///   z = (max(u, n_a n_b - u) - n_a n_b / 2 - 1/2) / s
///   s^2 = n_a n_b / 12 (n + 1 - sum (t^3 - t) / (n (n - 1))),   n = n_a + n_b
///
/// Errors    ArgumentError if a sample is empty, a value is not finite, or all values are equal.
/// Source    Mann and Whitney 1947, "On a Test of Whether one of Two Random Variables is
///           Stochastically Larger than the Other".
MannWhitney mann_whitney(std::span<const double> a, std::span<const double> b);

/// How well the orders of x and y agree.
struct RankCorrelation {
  std::size_t n = 0;  // pairs
  double coefficient = 0;
  double p = 1;  // two-sided, of "there is no correlation"
  bool exact = false;
};

/// tau-b = (concordant - discordant) / sqrt((pairs - tied in x) (pairs - tied in y))
///
/// p is exact if no two values of x or of y are equal and there are at most 33 pairs, or at most
/// one is out of order.  Otherwise it is that of the normal distribution; with t and u the sizes of
/// the sets of equal values in x and y, concordant - discordant has the variance
///   (n (n-1) (2n+5) - sum t (t-1) (2t+5) - sum u (u-1) (2u+5)) / 18
///   + sum t (t-1) sum u (u-1) / (2 n (n-1))
///   + sum t (t-1) (t-2) sum u (u-1) (u-2) / (9 n (n-1) (n-2))
///
/// Cost      O(n^2).
/// Errors    ArgumentError if x and y differ in size, have fewer than two values, a value is not
///           finite, or all x or all y are equal.
/// Source    Kendall 1970, "Rank Correlation Methods", 4th edition.
RankCorrelation kendall_tau(std::span<const double> x, std::span<const double> y);

/// rho: Pearson's correlation of the ranks.  p is that of Student's distribution with n - 2 degrees
/// of freedom for rho sqrt((n - 2) / (1 - rho^2)); with two pairs it is 1.
///
/// Errors    as kendall_tau().
/// Source    Spearman 1904, "The Proof and Measurement of Association between Two Things".
RankCorrelation spearman_rho(std::span<const double> x, std::span<const double> y);

}  // namespace joule::search
