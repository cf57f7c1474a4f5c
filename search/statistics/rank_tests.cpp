// SPDX-License-Identifier: MIT
#include "joule/search/statistics/rank_tests.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "joule/core/error.h"
#include "joule/search/statistics/sample.h"

namespace joule::search {
namespace {

struct Ranks {
  std::vector<double> of;    // each value, from 1 on
  std::vector<double> ties;  // sizes of the sets of equal values, singles too
};

Ranks ranked(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  Ranks ranks{.of = std::vector<double>(values.size())};
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double shared = static_cast<double>(begin + 1 + end) / 2;
    for (std::size_t i = begin; i < end; ++i) ranks.of[order[i]] = shared;
    ranks.ties.push_back(static_cast<double>(end - begin));
  }
  return ranks;
}

/// sum of f(t) over the sets of equal values.
template <class F>
double over_ties(const Ranks& ranks, const F& f) {
  return std::accumulate(ranks.ties.begin(), ranks.ties.end(), 0.0,
                         [&](double sum, double t) { return sum + f(t); });
}
double cubes_of_ties(const Ranks& ranks) {
  return over_ties(ranks, [](double t) { return t * t * t - t; });
}

bool all_different(const Ranks& ranks) { return ranks.ties.size() == ranks.of.size(); }

/// The share of the orders of m + n different values whose U is at least `least`.
///
/// The orders with U = u are the partitions of u into at most n parts of at most m: the coefficient
/// of q^u in the Gaussian binomial prod (1 - q^(m+i)) / (1 - q^i), i = 1..n, which is a polynomial
/// after each i.
double share_of_orders(std::int64_t m, std::int64_t n, std::int64_t least) {
  using Count = __int128;  // C(10008, 8) has 92 bits
  std::vector<Count> counts(static_cast<std::size_t>(m * n + 1), 0);
  counts[0] = 1;
  const auto size = static_cast<std::int64_t>(counts.size());
  const auto at = [&](std::int64_t u) -> Count& { return counts[static_cast<std::size_t>(u)]; };
  for (std::int64_t i = 1; i <= n; ++i) {
    for (std::int64_t u = size - 1; u >= m + i; --u) at(u) -= at(u - m - i);
    for (std::int64_t u = i; u < size; ++u) at(u) += at(u - i);
  }
  double tail = 0, all = 0;
  for (std::int64_t u = size - 1; u >= 0; --u) {  // from the small ones on, for the tail's sake
    all += static_cast<double>(at(u));
    if (u >= least) tail = all;
  }
  return tail / all;
}

void check_pairs(std::string_view what, std::span<const double> x, std::span<const double> y) {
  require(x.size() == y.size(), what, ": ", x.size(), " values of x, ", y.size(), " of y");
  require(x.size() >= 2, what, ": expected at least two pairs, got ", x.size());
  check_sample(what, x);
  check_sample(what, y);
  for (const auto& [values, name] : {std::pair(x, "x"), std::pair(y, "y")}) {
    require(std::ranges::min(values) < std::ranges::max(values), what, ": all values of ", name,
            " are equal");
  }
}

/// The share of the orders of n different values with at most c pairs out of order (Mahonian
/// numbers), or with as few in order: both sides; at most 1, as in the middle they share an order.
double share_of_inversions(std::size_t n, std::size_t c) {
  std::vector<double> shares(c + 1, 0), next(c + 1);
  shares[0] = 1;
  for (std::size_t i = 2; i <= n; ++i) {  // value i goes before 0 to i - 1 of the others
    for (std::size_t k = 0; k <= c; ++k) {
      next[k] = 0;
      for (std::size_t before = 0; before < i && before <= k; ++before)
        next[k] += shares[k - before];
      next[k] /= static_cast<double>(i);
    }
    std::swap(shares, next);
  }
  return std::min(1.0, 2 * std::accumulate(shares.begin(), shares.end(), 0.0));
}

/// Of concordant - discordant, where neither order means anything.
double kendall_variance(const Ranks& x, const Ranks& y, double n) {
  const auto twos = [](double t) { return t * (t - 1); };
  const auto threes = [](double t) { return t * (t - 1) * (t - 2); };
  const auto weighted = [](double t) { return t * (t - 1) * (2 * t + 5); };
  double variance = (weighted(n) - over_ties(x, weighted) - over_ties(y, weighted)) / 18 +
                    over_ties(x, twos) * over_ties(y, twos) / (2 * twos(n));
  if (n > 2) variance += over_ties(x, threes) * over_ties(y, threes) / (9 * threes(n));
  return variance;
}

}  // namespace

KruskalWallis kruskal_wallis(std::span<const std::vector<double>> groups) {
  require(groups.size() >= 2, "kruskal_wallis: expected at least two groups, got ", groups.size());
  std::vector<double> all;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    check_sample(str("kruskal_wallis: group ", i), groups[i]);
    all.insert(all.end(), groups[i].begin(), groups[i].end());
  }
  const Ranks ranks = ranked(all);
  require(ranks.ties.size() > 1, "kruskal_wallis: all values are equal");
  const auto n = static_cast<double>(all.size()), k = static_cast<double>(groups.size());
  double squares = 0;
  auto rank = ranks.of.begin();
  for (const std::vector<double>& group : groups) {
    const auto end = rank + std::ssize(group);
    // About their mean, as a sum of squares that is then subtracted from would lose digits.
    const double mean = std::accumulate(rank, end, 0.0) / static_cast<double>(group.size());
    const double off = mean - (n + 1) / 2;
    squares += static_cast<double>(group.size()) * off * off;
    rank = end;
  }
  KruskalWallis result{.n = all.size(), .groups = groups.size()};
  result.h = 12 / (n * (n + 1)) * squares / (1 - cubes_of_ties(ranks) / (n * n * n - n));
  result.p = cdf(complement(boost::math::chi_squared(k - 1), result.h));
  if (n > k) result.eta_squared = (result.h - k + 1) / (n - k);
  return result;
}

MannWhitney mann_whitney(std::span<const double> a, std::span<const double> b) {
  check_sample("mann_whitney: a", a);
  check_sample("mann_whitney: b", b);
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  const Ranks ranks = ranked(all);
  require(ranks.ties.size() > 1, "mann_whitney: all values are equal");
  const auto n_a = static_cast<double>(a.size()), n_b = static_cast<double>(b.size());
  const double sum = std::accumulate(ranks.of.begin(), ranks.of.begin() + std::ssize(a), 0.0);
  MannWhitney result{.n_a = a.size(), .n_b = b.size(), .u = sum - n_a * (n_a + 1) / 2};
  const double larger = std::max(result.u, n_a * n_b - result.u);
  const std::size_t few = std::min(a.size(), b.size()), many = std::max(a.size(), b.size());
  constexpr std::size_t kFew = 8, kMany = 10000;
  result.exact = all_different(ranks) && few <= kFew && many <= kMany;
  if (result.exact) {
    result.p = std::min(
        1.0, 2 * share_of_orders(static_cast<std::int64_t>(many), static_cast<std::int64_t>(few),
                                 static_cast<std::int64_t>(larger)));
  } else {
    const double n = n_a + n_b;
    const double variance = n_a * n_b / 12 * (n + 1 - cubes_of_ties(ranks) / (n * (n - 1)));
    const double z = (larger - n_a * n_b / 2 - 0.5) / std::sqrt(variance);
    result.p = z <= 0 ? 1 : normal_p_value(z);
  }
  return result;
}

RankCorrelation kendall_tau(std::span<const double> x, std::span<const double> y) {
  check_pairs("kendall_tau", x, y);
  const Ranks ranks_x = ranked(x), ranks_y = ranked(y);
  std::int64_t concordant = 0, discordant = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const int order = ((x[i] > x[k]) - (x[i] < x[k])) * ((y[i] > y[k]) - (y[i] < y[k]));
      concordant += order > 0;
      discordant += order < 0;
    }
  }
  const auto n = static_cast<double>(x.size());
  const double pairs = n * (n - 1) / 2;
  const auto twos = [](double t) { return t * (t - 1) / 2; };
  const auto difference = static_cast<double>(concordant - discordant);
  RankCorrelation result{.n = x.size()};
  result.coefficient = std::clamp(difference / std::sqrt(pairs - over_ties(ranks_x, twos)) /
                                      std::sqrt(pairs - over_ties(ranks_y, twos)),
                                  -1.0, 1.0);
  constexpr std::size_t kMostExact = 33;
  const std::int64_t fewer = std::min(concordant, discordant);
  result.exact =
      all_different(ranks_x) && all_different(ranks_y) && (x.size() <= kMostExact || fewer <= 1);
  result.p = result.exact
                 ? share_of_inversions(x.size(), static_cast<std::size_t>(fewer))
                 : normal_p_value(difference / std::sqrt(kendall_variance(ranks_x, ranks_y, n)));
  return result;
}

RankCorrelation spearman_rho(std::span<const double> x, std::span<const double> y) {
  check_pairs("spearman_rho", x, y);
  const Ranks ranks_x = ranked(x), ranks_y = ranked(y);
  const auto n = static_cast<double>(x.size());
  double xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (ranks_x.of[i] - (n + 1) / 2) * (ranks_y.of[i] - (n + 1) / 2);
  }
  const double xx = squares_about(ranks_x.of, (n + 1) / 2);
  const double yy = squares_about(ranks_y.of, (n + 1) / 2);
  RankCorrelation result{.n = x.size()};
  const double rho = std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
  result.coefficient = rho;
  if (x.size() > 2) {
    const double t = std::abs(rho) * std::sqrt((n - 2) / ((1 - rho) * (1 + rho)));
    result.p = std::isinf(t) ? 0 : 2 * cdf(complement(boost::math::students_t(n - 2), t));
  }
  return result;
}

}  // namespace joule::search
