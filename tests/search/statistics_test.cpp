// SPDX-License-Identifier: MIT
//
// Small cases that can be worked out by hand, and errors.  search_oracle_test.py compares with
// SciPy.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/statistics/anova.h"
#include "joule/search/statistics/bootstrap.h"
#include "joule/search/statistics/mean.h"
#include "joule/search/statistics/rank_tests.h"

namespace joule::search {
namespace {

using Sample = std::vector<double>;

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Mean, CarriesItsNumberOfRuns) {
  const Mean m = mean_interval(Sample{1, 2, 3, 4, 5});
  EXPECT_EQ(m.n, 5u);
  EXPECT_EQ(m.mean, 3);
  EXPECT_DOUBLE_EQ(*m.deviation, std::sqrt(2.5));
  // t(4) at 0.975, from a table
  EXPECT_NEAR(m.interval->high - 3, 2.776445 * std::sqrt(2.5 / 5), 1e-6);
  EXPECT_NEAR(3 - m.interval->low, 2.776445 * std::sqrt(2.5 / 5), 1e-6);
}

TEST(Mean, OfOneRunHasNoInterval) {
  const Mean m = mean_interval(Sample{7});
  EXPECT_EQ(m.n, 1u);
  EXPECT_EQ(m.mean, 7);
  EXPECT_FALSE(m.deviation);
  EXPECT_FALSE(m.interval);
  EXPECT_FALSE(difference_of_means(Sample{7}, Sample{1, 2}).interval);
  EXPECT_FALSE(difference_of_means(Sample{1, 2}, Sample{7}).p);
  EXPECT_EQ(difference_of_means(Sample{1, 2}, Sample{7}).difference, -5.5);
  EXPECT_FALSE(paired_difference(Sample{7}, Sample{1}).interval);
}

TEST(Mean, EqualValuesHaveAnIntervalOfNoWidth) {
  const Mean m = mean_interval(Sample{0.1, 0.1, 0.1});
  EXPECT_EQ(m.interval, (Interval{0.1, 0.1}));
  const Difference d = difference_of_means(Sample{2, 2}, Sample{1, 1, 1});
  EXPECT_EQ(d.interval, (Interval{1, 1}));
  EXPECT_FALSE(d.t);
  EXPECT_FALSE(d.p);
}

TEST(Mean, ALargeOffsetLosesNothing) {
  const Mean m = mean_interval(Sample{1e9 + 1, 1e9 + 2, 1e9 + 3});
  EXPECT_EQ(m.mean, 1e9 + 2);
  EXPECT_EQ(*m.deviation, 1);
}

TEST(Mean, PairsThatDifferAlike) {
  const Difference d = paired_difference(Sample{3, 5, 8}, Sample{2, 3, 5});
  EXPECT_EQ(d.difference, 2);
  EXPECT_EQ(d.degrees, 2);
  EXPECT_DOUBLE_EQ(*d.t, 2 / std::sqrt(1.0 / 3));
  EXPECT_EQ(d.n_a, 3u);
}

TEST(Mean, Errors) {
  EXPECT_EQ(message_of([] { mean_interval({}); }), "mean: the sample has no value");
  EXPECT_EQ(message_of([] {
              mean_interval(Sample{1, std::numeric_limits<double>::quiet_NaN()});
            }),
            "mean: value 1 must be finite, got nan");
  EXPECT_EQ(message_of([] { mean_interval(Sample{1}, 95); }),
            "mean: level must lie between 0 and 1, got 95");
  EXPECT_EQ(message_of([] {
              paired_difference(Sample{1, 2}, Sample{1});
            }),
            "paired_difference: 2 values in a, 1 in b");
  EXPECT_EQ(message_of([] { difference_of_means(Sample{1}, {}); }),
            "difference_of_means: b: the sample has no value");
}

double mean_of_sample(std::span<const double> sample) {
  double sum = 0;
  for (const double x : sample) sum += x;
  return sum / static_cast<double>(sample.size());
}

TEST(Bootstrap, IsAPureFunctionOfItsSeed) {
  const Sample sample{1, 2, 4, 8, 16, 32};
  const auto low = [&](std::uint64_t seed, BootstrapMethod method) {
    return bootstrap_interval(sample, mean_of_sample,
                              {.method = method, .resamples = 500, .seed = seed})
        .interval->low;
  };
  for (const auto method : {BootstrapMethod::percentile, BootstrapMethod::bca}) {
    EXPECT_EQ(low(1, method), low(1, method));
    EXPECT_NE(low(1, method), low(2, method));
  }
  EXPECT_NE(low(1, BootstrapMethod::percentile), low(1, BootstrapMethod::bca));
  EXPECT_EQ(resampled(5, 3, 11), (std::vector<std::size_t>{0, 1, 2, 2, 4}));
}

/// Of how many samples the interval holds the mean that they were drawn with.
TEST(Bootstrap, CoversTheTruthAsOftenAsItSays) {
  Generator generator(3);
  int covered = 0;
  constexpr int kSamples = 400;
  for (int i = 0; i < kSamples; ++i) {
    std::vector<float> drawn(30);
    generator.normal(drawn, 5, 2);
    const Sample sample(drawn.begin(), drawn.end());
    const Bootstrap b = bootstrap_interval(
        sample, mean_of_sample, {.level = 0.9, .resamples = 400, .seed = std::uint64_t(i)});
    covered += b.interval->low <= 5 && 5 <= b.interval->high;
  }
  // The bootstrap of 30 values is a little too narrow: 0.88; and 3 deviations of 400 draws.
  EXPECT_NEAR(covered / double{kSamples}, 0.88, 0.05);
}

/// Of a sample with a long tail to the right the corrected interval lies further to the right.
TEST(Bootstrap, BcaFollowsTheSkewOfTheSample) {
  const Sample sample{1, 1.2, 1.5, 1.7, 2, 2.2, 2.9, 4, 9, 17};
  const auto interval = [&](BootstrapMethod method) {
    return *bootstrap_interval(sample, mean_of_sample, {.method = method, .resamples = 2000})
                .interval;
  };
  const Interval plain = interval(BootstrapMethod::percentile),
                 bca = interval(BootstrapMethod::bca);
  EXPECT_GT(bca.low, plain.low + 0.1);
  EXPECT_GT(bca.high, plain.high + 0.5);
}

TEST(Bootstrap, WhatHasNoSpread) {
  const Bootstrap one = bootstrap_interval(Sample{3}, mean_of_sample);
  EXPECT_EQ(one.n, 1u);
  EXPECT_EQ(one.estimate, 3);
  EXPECT_FALSE(one.interval);
  EXPECT_EQ(bootstrap_interval(Sample{3, 3, 3}, mean_of_sample, {.resamples = 10}).interval,
            (Interval{3, 3}));
}

TEST(Bootstrap, Errors) {
  const Sample sample{1, 2, 3};
  EXPECT_EQ(message_of([&] { bootstrap_interval(sample, mean_of_sample, {.resamples = 0}); }),
            "bootstrap: expected at least 1 resample, got 0");
  EXPECT_EQ(message_of([&] {
              bootstrap_interval(sample, [](auto s) { return s[0] == s[1] ? NAN : 1.0; });
            }),
            "bootstrap: the statistic of a resample is nan");
  // Of distinct values: of the sample alone there are three.
  const Statistic distinct = [](std::span<const double> s) {
    Sample sorted(s.begin(), s.end());
    std::ranges::sort(sorted);
    const auto count = std::unique(sorted.begin(), sorted.end()) - sorted.begin();
    return count == 3 && std::ranges::equal(s, Sample{1, 2, 3}) ? 4.0 : double(count);
  };
  EXPECT_EQ(message_of([&] { bootstrap_interval(sample, distinct, {.resamples = 5}); }),
            "bootstrap: all resamples lie on one side of the estimate 4: the statistic is biased "
            "too much for bca");
}

TEST(KruskalWallis, OfGroupsThatDoNotOverlap) {
  const std::vector<Sample> groups{{1, 2}, {3, 4}, {5, 6}};
  const KruskalWallis k = kruskal_wallis(groups);
  // Rank sums 3, 7, 11: 12 / 42 (9 + 49 + 121) / 2 - 21
  EXPECT_DOUBLE_EQ(k.h, 12.0 / 42 * 179 / 2 - 21);
  EXPECT_DOUBLE_EQ(k.p, std::exp(-k.h / 2));  // two degrees of freedom
  EXPECT_DOUBLE_EQ(*k.eta_squared, (k.h - 2) / 3);
  EXPECT_EQ(k.n, 6u);
  EXPECT_EQ(k.groups, 3u);
  EXPECT_FALSE(kruskal_wallis(std::vector<Sample>{{1}, {2}}).eta_squared);
}

/// The values are SciPy's.
TEST(RankTests, CorrectForTies) {
  const Sample a{1, 2, 2, 3, 5}, b{2, 4, 4, 6, 7, 7};
  const KruskalWallis k = kruskal_wallis(std::vector<Sample>{a, b, {1, 1, 3}});
  EXPECT_NEAR(k.h, 6.097897897897895, 1e-13);
  EXPECT_NEAR(k.p, 0.04740872720646484, 1e-14);
  EXPECT_EQ(mann_whitney(a, b).u, 5);
  EXPECT_NEAR(mann_whitney(a, b).p, 0.07864522326072336, 1e-14);
  const Sample x{1, 2, 2, 3, 3, 3, 5}, y{1, 1, 2, 2, 4, 4, 3};
  EXPECT_NEAR(kendall_tau(x, y).coefficient, 0.6288281455225324, 1e-14);
  EXPECT_NEAR(kendall_tau(x, y).p, 0.0714513249654134, 1e-14);
  EXPECT_NEAR(spearman_rho(x, y).coefficient, 0.75013872191, 1e-11);
  EXPECT_NEAR(spearman_rho(x, y).p, 0.052113275528874306, 1e-13);
}

TEST(KruskalWallis, Errors) {
  EXPECT_EQ(message_of([] {
              kruskal_wallis(std::vector<Sample>{{1, 2}});
            }),
            "kruskal_wallis: expected at least two groups, got 1");
  EXPECT_EQ(message_of([] {
              kruskal_wallis(std::vector<Sample>{{1, 2}, {}});
            }),
            "kruskal_wallis: group 1: the sample has no value");
  EXPECT_EQ(message_of([] {
              kruskal_wallis(std::vector<Sample>{{1, 1}, {1}});
            }),
            "kruskal_wallis: all values are equal");
}

TEST(MannWhitney, ExactByCountingTheOrders) {
  // Of the 10 orders of 2 and 3 values U is 0 in one, and 6 in one.
  const MannWhitney m = mann_whitney(Sample{1, 2}, Sample{3, 4, 5});
  EXPECT_TRUE(m.exact);
  EXPECT_EQ(m.u, 0);
  EXPECT_DOUBLE_EQ(m.p, 0.2);
  EXPECT_EQ(mann_whitney(Sample{3, 4, 5}, Sample{1, 2}).u, 6);
  EXPECT_DOUBLE_EQ(mann_whitney(Sample{1, 4}, Sample{2, 3}).p, 1);  // in the middle
  EXPECT_FALSE(mann_whitney(Sample{1, 2}, Sample{2, 4, 5}).exact);  // a tie
  EXPECT_EQ(mann_whitney(Sample{1, 2}, Sample{2, 4}).u, 0.5);
}

TEST(MannWhitney, EveryShareOfOrdersIsThatOfTheirEnumeration) {
  // All subsets of 3 of 7 places.
  Sample counts(13, 0);
  for (unsigned chosen = 0; chosen < 128; ++chosen) {
    if (std::popcount(chosen) != 3) continue;
    Sample a, b;
    for (unsigned i = 0; i < 7; ++i) (chosen >> i & 1 ? a : b).push_back(i);
    ++counts[static_cast<std::size_t>(mann_whitney(a, b).u)];
  }
  for (unsigned chosen = 0; chosen < 128; ++chosen) {
    if (std::popcount(chosen) != 3) continue;
    Sample a, b;
    for (unsigned i = 0; i < 7; ++i) (chosen >> i & 1 ? a : b).push_back(i);
    const MannWhitney m = mann_whitney(a, b);
    double tail = 0;
    for (std::size_t u = 0; u < 13; ++u) {
      if (static_cast<double>(u) >= std::max(m.u, 12 - m.u)) tail += counts[u];
    }
    ASSERT_DOUBLE_EQ(m.p, std::min(1.0, 2 * tail / 35));
  }
}

TEST(RankCorrelation, OfAnOrderAndItsReverse) {
  const Sample x{1, 2, 3, 4}, y{8, 6, 4, 2};
  EXPECT_EQ(kendall_tau(x, x).coefficient, 1);
  EXPECT_EQ(kendall_tau(x, y).coefficient, -1);
  EXPECT_DOUBLE_EQ(kendall_tau(x, y).p, 2.0 / 24);
  EXPECT_EQ(spearman_rho(x, y).coefficient, -1);
  EXPECT_EQ(spearman_rho(x, y).p, 0);
  EXPECT_EQ(spearman_rho(Sample{1, 2}, Sample{1, 2}).p, 1);
  // Pairs: 1-2 1-3 2-3, of which one is out of order, and x has one tie.
  const RankCorrelation t = kendall_tau(Sample{1, 2, 2}, Sample{1, 2, 3});
  EXPECT_DOUBLE_EQ(t.coefficient, 2 / std::sqrt(2.0 * 3));
  EXPECT_FALSE(t.exact);
}

TEST(RankCorrelation, Errors) {
  EXPECT_EQ(message_of([] {
              kendall_tau(Sample{1, 2}, Sample{1});
            }),
            "kendall_tau: 2 values of x, 1 of y");
  EXPECT_EQ(message_of([] {
              kendall_tau(Sample{1, 2}, Sample{3, 3});
            }),
            "kendall_tau: all values of y are equal");
  EXPECT_EQ(message_of([] { spearman_rho(Sample{1}, Sample{1}); }),
            "spearman_rho: expected at least two pairs, got 1");
  EXPECT_EQ(message_of([] {
              spearman_rho(Sample{3, 3}, Sample{1, NAN});
            }),
            "spearman_rho: value 1 must be finite, got nan");
}

const std::vector<Factor> kFactors{{"lr", {"low", "high"}}, {"width", {"8", "16", "32"}}};

/// value = 10 + 2 (lr) + 0, 1, 5 (width) + 3 where both are the last + noise of each replicate.
std::vector<FactorialRun> factorial(std::initializer_list<double> noise) {
  std::vector<FactorialRun> runs;
  for (std::size_t lr = 0; lr < 2; ++lr) {
    for (std::size_t width = 0; width < 3; ++width) {
      for (const double e : noise) {
        const double widths[] = {0, 1, 5};
        runs.push_back({{lr, width},
                        10 + 2.0 * static_cast<double>(lr) + widths[width] +
                            (lr == 1 && width == 2 ? 3 : 0) + e});
      }
    }
  }
  return runs;
}

TEST(Anova, EffectsAreInTheUnitAndInPercentOfTheGrandMean) {
  const Anova a = anova(kFactors, factorial({-1, 1}));
  EXPECT_EQ(a.n, 12u);
  EXPECT_EQ(a.replicates, 2u);
  EXPECT_DOUBLE_EQ(a.grand_mean, 10 + 1 + 2 + 0.5);
  ASSERT_EQ(a.terms.size(), 3u);
  EXPECT_EQ(a.terms[0].name, "lr");
  EXPECT_EQ(a.terms[1].name, "width");
  EXPECT_EQ(a.terms[2].name, "lr:width");
  EXPECT_DOUBLE_EQ(a.terms[0].effects[1].effect, 1.5);
  EXPECT_DOUBLE_EQ(*a.terms[0].effects[1].percent, 100 * 1.5 / 13.5);
  EXPECT_EQ(a.terms[0].effects[1].n, 6u);
  EXPECT_DOUBLE_EQ(a.terms[1].effects[0].effect, 11 - 13.5);
  EXPECT_EQ(a.terms[2].effects[5].levels, (std::vector<std::size_t>{1, 2}));
  EXPECT_DOUBLE_EQ(a.terms[2].effects[5].effect, 20 - 13.5 - 1.5 - (17.5 - 13.5));
  EXPECT_DOUBLE_EQ(a.residual, 12);
  EXPECT_EQ(a.residual_degrees, 6);
  EXPECT_DOUBLE_EQ(a.terms[0].sum_of_squares, 12 * 1.5 * 1.5);
  EXPECT_DOUBLE_EQ(*a.terms[0].f, 27 / (12.0 / 6));
  EXPECT_DOUBLE_EQ(*a.terms[0].partial_eta_squared, 27.0 / 39);
  double sum = a.residual;
  for (const AnovaTerm& term : a.terms) sum += term.sum_of_squares;
  EXPECT_NEAR(sum, a.total, 1e-12 * a.total);
}

TEST(Anova, WithoutReplicatesTheLargestInteractionCanBeTheResidual) {
  const Anova all = anova(kFactors, factorial({0}));
  EXPECT_EQ(all.residual_degrees, 0);
  EXPECT_FALSE(all.terms[0].p);
  EXPECT_FALSE(all.terms[0].partial_eta_squared);
  const Anova mains = anova(kFactors, factorial({0}), 1);
  ASSERT_EQ(mains.terms.size(), 2u);
  EXPECT_DOUBLE_EQ(mains.residual, all.terms[2].sum_of_squares);
  EXPECT_EQ(mains.residual_degrees, 2);
  EXPECT_TRUE(mains.terms[0].p);
}

TEST(Anova, WhatRoundingLeavesIsNoResidual) {
  std::vector<FactorialRun> runs = factorial({0, 0, 0, 0, 0, 0, 0});  // 7 x / 7 is not always x
  for (FactorialRun& run : runs) run.value = run.value * 0.1 + 1.0 / 3;
  const Anova a = anova(kFactors, runs);
  EXPECT_EQ(a.residual, 0);
  EXPECT_FALSE(a.terms[0].f);
}

TEST(Anova, Errors) {
  std::vector<FactorialRun> runs = factorial({0, 1});
  runs.erase(runs.begin() + 7);
  EXPECT_EQ(message_of([&] { anova(kFactors, runs); }),
            "anova: not balanced: 1 runs with lr = high, width = 8; 2 with lr = low, width = 8");
  runs = factorial({0});
  runs.pop_back();
  EXPECT_EQ(message_of([&] { anova(kFactors, runs); }),
            "anova: not balanced: 0 runs with lr = high, width = 32; 1 with lr = low, width = 8");
  runs = factorial({0});
  runs[2].levels[1] = 3;
  EXPECT_EQ(message_of([&] { anova(kFactors, runs); }), "anova: run 2: 'width' has no level 3");
  runs[2] = {{0}, 1};
  EXPECT_EQ(message_of([&] { anova(kFactors, runs); }), "anova: run 2 has 1 levels, expected 2");
  runs = factorial({0});
  runs[4].value = INFINITY;
  EXPECT_EQ(message_of([&] { anova(kFactors, runs); }),
            "anova: run 4: the value must be finite, got inf");
  for (FactorialRun& run : runs) run.value = 1;
  EXPECT_EQ(message_of([&] { anova(kFactors, runs); }), "anova: all values are equal");
  EXPECT_EQ(message_of([&] { anova({}, runs); }), "anova: there are no factors");
  EXPECT_EQ(message_of([&] {
              anova(std::vector<Factor>{{"a", {"1"}}}, runs);
            }),
            "anova: factor 'a': expected at least two levels, got 1");
  EXPECT_EQ(message_of([&] {
              anova(std::vector<Factor>{kFactors[0], kFactors[0]}, runs);
            }),
            "anova: factor 'lr' is there twice");
  EXPECT_EQ(message_of([&] { anova(kFactors, runs, 0); }),
            "anova: expected an interaction of at least 1 factor");
}

}  // namespace
}  // namespace joule::search
