// SPDX-License-Identifier: MIT
#include "joule/search/statistics/anova.h"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/fisher_f.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "joule/core/error.h"
#include "joule/search/statistics/sample.h"

namespace joule::search {
namespace {

constexpr std::size_t kMostFactors = 10;

using Levels = std::vector<std::size_t>;

std::string text_of(std::span<const Factor> factors, const Levels& levels) {
  std::string text;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    text += str(i ? ", " : "", factors[i].name, " = ", factors[i].levels[levels[i]]);
  }
  return text;
}

void check_factors(std::span<const Factor> factors) {
  require(!factors.empty(), "anova: there are no factors");
  require(factors.size() <= kMostFactors, "anova: expected at most ", kMostFactors,
          " factors, got ", factors.size());
  for (const Factor& factor : factors) {
    require(!factor.name.empty(), "anova: a factor has no name");
    require(std::ranges::count(factors, factor.name, &Factor::name) == 1, "anova: factor '",
            factor.name, "' is there twice");
    require(factor.levels.size() >= 2, "anova: factor '", factor.name,
            "': expected at least two levels, got ", factor.levels.size());
  }
}

/// Every combination has as many runs as every other; returns how many.
std::size_t checked_replicates(std::span<const Factor> factors,
                               std::span<const FactorialRun> runs) {
  std::map<Levels, std::size_t> counts;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    require(runs[i].levels.size() == factors.size(), "anova: run ", i, " has ",
            runs[i].levels.size(), " levels, expected ", factors.size());
    for (std::size_t k = 0; k < factors.size(); ++k) {
      require(runs[i].levels[k] < factors[k].levels.size(), "anova: run ", i, ": '",
              factors[k].name, "' has no level ", runs[i].levels[k]);
    }
    require(std::isfinite(runs[i].value), "anova: run ", i, ": the value must be finite, got ",
            runs[i].value);
    ++counts[runs[i].levels];
  }
  Levels levels(factors.size(), 0);
  const std::size_t first = counts[levels];
  for (bool more = true; more;) {
    const std::size_t count = counts[levels];
    require(count == first && count > 0, "anova: not balanced: ", count, " runs with ",
            text_of(factors, levels), "; ", first, " with ",
            text_of(factors, Levels(factors.size(), 0)));
    more = false;  // unless a factor has a next level
    for (std::size_t k = factors.size(); k-- > 0 && !more;) {
      more = ++levels[k] < factors[k].levels.size();
      if (!more) levels[k] = 0;
    }
  }
  return first;
}

/// A term's combination of levels as a number: the last factor's level changes fastest.
std::size_t cell_of(std::span<const Factor> factors, const std::vector<std::size_t>& term,
                    const Levels& levels) {
  std::size_t cell = 0;
  for (const std::size_t factor : term) {
    cell = cell * factors[factor].levels.size() + levels[factor];
  }
  return cell;
}

/// The levels of that combination.
Levels levels_of(std::span<const Factor> factors, const std::vector<std::size_t>& term,
                 std::size_t cell) {
  Levels levels(term.size());
  for (std::size_t k = term.size(); k-- > 0;) {
    levels[k] = cell % factors[term[k]].levels.size();
    cell /= factors[term[k]].levels.size();
  }
  return levels;
}

/// The effects of one term are the means, per combination, of what the terms within it have left of
/// the values: the design is orthogonal, so it does not matter that others were taken off as well.
AnovaTerm term_of(std::span<const Factor> factors, std::span<const FactorialRun> runs,
                  std::vector<std::size_t> members, std::span<double> left, double grand_mean) {
  AnovaTerm term{.factors = std::move(members), .degrees = 1};
  std::size_t cells = 1;
  for (const std::size_t factor : term.factors) {
    term.name += (term.name.empty() ? "" : ":") + factors[factor].name;
    cells *= factors[factor].levels.size();
    term.degrees *= static_cast<std::int64_t>(factors[factor].levels.size()) - 1;
  }
  term.effects.resize(cells);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Effect& effect = term.effects[cell_of(factors, term.factors, runs[i].levels)];
    ++effect.n;
    effect.effect += left[i];
  }
  for (std::size_t cell = 0; cell < cells; ++cell) {
    Effect& effect = term.effects[cell];
    const auto n = static_cast<double>(effect.n);
    effect.levels = levels_of(factors, term.factors, cell);
    effect.effect /= n;
    if (grand_mean != 0) effect.percent = 100 * effect.effect / std::abs(grand_mean);
    term.sum_of_squares += n * effect.effect * effect.effect;
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    left[i] -= term.effects[cell_of(factors, term.factors, runs[i].levels)].effect;
  }
  return term;
}

/// 0 where it is no more than what rounding leaves of values that the terms explain.
double residual_of(std::span<const FactorialRun> runs, std::span<const double> left) {
  double rounding = 0;
  for (const FactorialRun& run : runs) {
    const double error = 4 * std::numeric_limits<double>::epsilon() * run.value;
    rounding += error * error;
  }
  const double residual = squares_about(left, 0);
  return residual > rounding ? residual : 0;
}

/// What compares the terms with the residual.
void set_tests(Anova& result) {
  for (AnovaTerm& term : result.terms) {
    term.eta_squared = term.sum_of_squares / result.total;
    if (result.residual_degrees == 0 || result.residual == 0) continue;
    term.partial_eta_squared = term.sum_of_squares / (term.sum_of_squares + result.residual);
    const auto degrees = static_cast<double>(term.degrees);
    const auto rest = static_cast<double>(result.residual_degrees);
    term.f = term.sum_of_squares / degrees / (result.residual / rest);
    term.p = cdf(complement(boost::math::fisher_f(degrees, rest), *term.f));
  }
}

}  // namespace

Anova anova(std::span<const Factor> factors, std::span<const FactorialRun> runs,
            std::size_t largest_interaction) {
  check_factors(factors);
  require(largest_interaction >= 1, "anova: expected an interaction of at least 1 factor");
  Anova result{.n = runs.size(), .replicates = checked_replicates(factors, runs)};
  std::vector<double> left;
  for (const FactorialRun& run : runs) left.push_back(run.value);
  result.grand_mean = mean_of(left);
  result.total = squares_about(left, result.grand_mean);
  require(result.total > 0, "anova: all values are equal");
  for (double& value : left) value -= result.grand_mean;
  result.residual_degrees = static_cast<std::int64_t>(runs.size()) - 1;
  const std::size_t largest = std::min(largest_interaction, factors.size());
  for (std::size_t size = 1; size <= largest; ++size) {
    // In the order of the factors: a:b, a:c, b:c.
    std::vector<std::vector<std::size_t>> terms;
    for (std::uint32_t chosen = 1; chosen < std::uint32_t{1} << factors.size(); ++chosen) {
      if (static_cast<std::size_t>(std::popcount(chosen)) != size) continue;
      std::vector<std::size_t>& members = terms.emplace_back();
      for (std::size_t k = 0; k < factors.size(); ++k) {
        if (chosen >> k & 1) members.push_back(k);
      }
    }
    std::ranges::sort(terms);
    for (std::vector<std::size_t>& members : terms) {
      result.terms.push_back(term_of(factors, runs, std::move(members), left, result.grand_mean));
      result.residual_degrees -= result.terms.back().degrees;
    }
  }
  if (result.residual_degrees > 0) result.residual = residual_of(runs, left);
  set_tests(result);
  return result;
}

}  // namespace joule::search
