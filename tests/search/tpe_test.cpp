// SPDX-License-Identifier: MIT
#include "joule/search/samplers/tpe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/front/hypervolume.h"
#include "joule/search/samplers/parzen.h"

namespace joule::search {
namespace {

constexpr Direction kMin = Direction::minimise, kMax = Direction::maximise;
using Indices = std::vector<std::size_t>;

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

/// A valley in lr, width and the branch that has an argument of its own.
Space valley_space() {
  return Space(
      {{.name = "lr", .low = 1e-5, .high = 1, .log = true},
       {.name = "width", .kind = Kind::integer, .low = 8, .high = 512, .log = true},
       {.name = "optimizer", .kind = Kind::categorical, .choices = {"sgd", "adam", "rms"}},
       {.name = "beta", .low = 0, .high = 1, .active_if = Condition{"optimizer", {"adam"}}},
       {.name = "fixed", .kind = Kind::integer, .low = 3, .high = 3}});
}

double valley(const Point& point) {
  const double lr = std::log10(point.get<double>("lr")) + 2;
  const double width = std::log2(static_cast<double>(point.get<std::int64_t>("width"))) - 6;
  const double branch = point.contains("beta") ? std::abs(point.get<double>("beta") - 0.7) : 1;
  return lr * lr + width * width / 4 + branch;
}

std::vector<Observation> run(const Sampler& sampler, const Space& space, std::int64_t trials,
                             std::uint64_t seed,
                             const std::function<std::vector<double>(const Point&)>& objectives) {
  std::vector<Observation> observations;
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    Point point = sampler.ask(space, observations, trial, seed).value();
    space.check(point);
    std::vector<double> values = objectives(point);
    observations.push_back({trial, std::move(point), std::move(values)});
  }
  return observations;
}

double lowest(const std::vector<Observation>& observations) {
  double least = std::numeric_limits<double>::infinity();
  for (const Observation& o : observations) least = std::min(least, o.objectives[0]);
  return least;
}

TEST(Tpe, FindsTheValleyWhereRandomSearchDoesNot) {
  const auto objective = [](const Point& point) { return std::vector{valley(point)}; };
  double tpe = 0, random = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    tpe += lowest(run(*make_sampler("tpe", {{kMin}}), valley_space(), 80, seed, objective)) / 10;
    random += lowest(run(*make_sampler("random"), valley_space(), 80, seed, objective)) / 10;
  }
  EXPECT_LT(tpe, 0.1);
  EXPECT_GT(random, 0.2);
}

TEST(Tpe, MaximisesWhatIsToMaximise) {
  const auto less = run(*make_sampler("tpe", {{kMin}}), valley_space(), 30, 5,
                        [](const Point& point) { return std::vector{valley(point)}; });
  const auto more = run(*make_sampler("tpe", {{kMax}}), valley_space(), 30, 5,
                        [](const Point& point) { return std::vector{-valley(point)}; });
  for (std::size_t i = 0; i < less.size(); ++i) EXPECT_EQ(less[i].point, more[i].point) << i;
}

TEST(Tpe, OfTwoObjectivesItFindsTheFront) {
  const Space space({{.name = "x"}, {.name = "y"}, {.name = "z"}});
  // The front is x from 0 to 1 with y = z = 0.3.
  const auto objectives = [](const Point& p) {
    const double off = std::abs(p.get<double>("y") - 0.3) + std::abs(p.get<double>("z") - 0.3);
    const double x = p.get<double>("x");
    return std::vector{x + off, 1 - x * x - off};
  };
  const std::vector<Direction> directions{kMin, kMax};
  double tpe = 0, random = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const auto volume = [&](std::string_view name) {
      return hypervolume(objectives_of(directions, run(*make_sampler(name, {directions}), space,
                                                       120, seed, objectives)),
                         std::vector<double>{1, 0}) /
             5;
    };
    tpe += volume("tpe");
    random += volume("random");
  }
  EXPECT_GT(tpe, random + 0.05);
}

/// What is proposed depends on the observations, not on their order or on what was asked before.
TEST(Tpe, IsAPureFunctionOfTheObservations) {
  const Space space = valley_space();
  std::vector<Observation> observations =
      run(*make_sampler("random"), space, 40, 3,
          [](const Point& point) { return std::vector{valley(point)}; });
  const auto sampler = make_sampler("tpe", {{kMin}});
  const Point first = *sampler->ask(space, observations, 40, 3);
  sampler->ask(space, observations, 41, 3);
  std::ranges::reverse(observations);
  EXPECT_EQ(sampler->ask(space, observations, 40, 3), first);
  EXPECT_NE(sampler->ask(space, observations, 40, 4), first);
  EXPECT_EQ(to_json(first),
            R"({"lr":0.0404325707213,"width":44,"optimizer":"adam","beta":0.9032994662766214,)"
            R"("fixed":3})");
}

TEST(Tpe, BeginsAtRandom) {
  const Space space = valley_space();
  const auto random = make_sampler("random"), tpe = make_sampler("tpe", {{kMin}});
  std::vector<Observation> observations =
      run(*random, space, 9, 3, [](const Point& point) { return std::vector{valley(point)}; });
  EXPECT_EQ(tpe->ask(space, observations, 9, 3), random->ask(space, {}, 9, 3));
  observations.push_back({9, *random->ask(space, {}, 9, 3), {1}});
  EXPECT_NE(tpe->ask(space, observations, 10, 3), random->ask(space, {}, 10, 3));
}

TEST(Tpe, Errors) {
  const Space space(std::vector<Dimension>{{.name = "x"}});
  EXPECT_EQ(message_of([] { make_sampler("tpe"); }), "tpe: needs the directions of the objectives");
  std::vector<Observation> observations(10, {.point = {{"x", 0.5}}, .objectives = {1}});
  for (std::int64_t i = 0; i < 10; ++i) observations[static_cast<std::size_t>(i)].number = i;
  const auto ask = [&] { make_sampler("tpe", {{kMin}})->ask(space, observations, 10, 0); };
  EXPECT_EQ(message_of(ask), "no error");
  observations[4].point = {{"x", 1.5}};
  EXPECT_EQ(message_of(ask), "trial 4: dimension 'x': expected a real number from 0 to 1, got 1.5");
  observations[4].point = {{"x", 1.0}};
  observations[6].objectives = {NAN};
  EXPECT_EQ(message_of(ask), "trial 6: objective 0 must be a finite number, got nan");
}

TEST(Promising, OfOneObjectiveTheBestTenth) {
  std::vector<std::vector<double>> values;
  for (int i = 0; i < 21; ++i) values.push_back({std::abs(i - 12.25)});
  EXPECT_EQ(promising({{kMin}, values}), (Indices{11, 12, 13}));
  EXPECT_EQ(promising({{kMax}, values}), (Indices{0, 1, 2}));
  values.assign(300, {1});
  EXPECT_EQ(promising({{kMin}, values}).size(), 25u);  // at most, and the first of equal ones
  EXPECT_EQ(promising({{kMin}, values}).back(), 24u);
}

TEST(Promising, OfSeveralTheBestRanksAndWhatAddsVolume) {
  std::vector<std::vector<double>> values(20, {9, 9});
  values[7] = {1, 5};
  values[3] = {5, 1};
  values[11] = {4.9, 1.1};
  // Three of rank 0, of which two are promising: 11 with the largest box, and 7.
  EXPECT_EQ(promising({{kMin, kMin}, values}), (Indices{7, 11}));
  values[11] = {8, 8};
  EXPECT_EQ(promising({{kMin, kMin}, values}), (Indices{3, 7}));
  values[3] = {1, 4};  // rank 0 alone; then 7 of rank 1
  EXPECT_EQ(promising({{kMin, kMin}, values}), (Indices{3, 7}));
}

TEST(LargestSubset, IsTheGreedyOneOfTheDefinition) {
  Generator generator(8);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::vector<std::vector<double>> values(14, std::vector<double>(3));
    for (auto& row : values) {
      for (double& value : row) value = static_cast<double>(generator.below(6));
    }
    const Objectives all({kMin, kMin, kMin}, values);
    const std::vector<double> reference{6, 6, 6};
    Indices candidates(14);
    for (std::size_t i = 0; i < 14; ++i) candidates[i] = i;
    const Indices chosen = largest_subset(all, candidates, 6, reference);
    std::vector<std::vector<double>> taken;
    for (const std::size_t next : chosen) {
      double best = 0, own = 0;
      for (std::size_t i = 0; i < 14; ++i) {
        std::vector<std::vector<double>> with = taken;
        with.push_back(values[i]);
        const double volume = hypervolume({{kMin, kMin, kMin}, with}, reference);
        best = std::max(best, volume);
        if (i == next) own = volume;
      }
      EXPECT_EQ(own, best);
      taken.push_back(values[next]);
    }
  }
  EXPECT_EQ(message_of([] {
              largest_subset({{kMin}, {{1}}}, Indices{0}, 2, std::vector{2.0});
            }),
            "largest_subset: 2 of 1 candidates");
}

/// The densities of all values of a space of integers and choices have the sum 1.
TEST(ParzenEstimator, IsADistribution) {
  const Space space({{.name = "n", .kind = Kind::integer, .low = 2, .high = 17, .step = 3},
                     {.name = "m", .kind = Kind::integer, .low = 1, .high = 9, .log = true},
                     {.name = "c", .kind = Kind::categorical, .choices = {"a", "b", "c"}}});
  std::vector<Point> points;
  const auto random = make_sampler("random");
  for (std::int64_t i = 0; i < 40; ++i) points.push_back(*random->ask(space, {}, i, 1));
  std::vector<const Point*> seen;
  std::vector<const Dimension*> dimensions;
  for (const Point& point : points) seen.push_back(&point);
  for (const Dimension& d : space.dimensions()) dimensions.push_back(&d);
  for (const std::size_t n : {0, 1, 2, 26, 40}) {
    const ParzenEstimator parzen(dimensions, std::span(seen).first(n), true);
    double sum = 0;
    for (std::int64_t i = 0; i < space.grid_size(); ++i) {
      const Point point = *make_sampler("grid")->ask(space, {}, i, 0);
      std::vector<PointValue> values;
      for (const auto& [name, value] : point.entries()) values.push_back(value);
      sum += std::exp(parzen.log_density(values));
    }
    EXPECT_NEAR(sum, 1, 1e-12) << n;
  }
}

/// sample() draws what log_density() says.
TEST(ParzenEstimator, SamplesHaveItsDensity) {
  const Dimension x{.name = "x", .low = -2, .high = 6};
  const Point a{{"x", -1.9}}, b{{"x", 3.0}}, c{{"x", 3.4}};
  const std::vector<const Point*> points{&a, &b, &c};
  const ParzenEstimator parzen({&x}, points, true);
  constexpr std::size_t kBins = 16, kDraws = 20000;
  std::vector<double> counts(kBins, 0);
  Generator generator(2);
  std::vector<float> u(2 * kDraws);
  generator.uniform(u);
  for (std::size_t i = 0; i < kDraws; ++i) {
    const auto values = parzen.sample(u[2 * i], [&](std::size_t) { return u[2 * i + 1]; });
    const double at = (std::get<double>(values[0]) + 2) / 8;
    ++counts[std::min(static_cast<std::size_t>(at * kBins), kBins - 1)];
  }
  double chi_squared = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    double mass = 0;  // the density is that of u, by the midpoint rule
    for (int i = 0; i < 100; ++i) {
      const double at = (static_cast<double>(bin) + (i + 0.5) / 100) / kBins;
      mass += std::exp(parzen.log_density(std::vector<PointValue>{-2 + 8 * at})) / 100 / kBins;
    }
    const double expected = mass * kDraws;
    chi_squared += (counts[bin] - expected) * (counts[bin] - expected) / expected;
  }
  EXPECT_LT(chi_squared, 37.7);  // 15 degrees of freedom: 0.999
}

}  // namespace
}  // namespace joule::search
