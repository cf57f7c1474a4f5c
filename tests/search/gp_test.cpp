// SPDX-License-Identifier: MIT
//
// The samplers by Gaussian processes.
#include "joule/search/samplers/gp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "joule/core/error.h"
#include "joule/search/front/hypervolume.h"
#include "joule/search/samplers/tpe.h"

namespace joule::search {
namespace {

constexpr Direction kMin = Direction::minimise, kMax = Direction::maximise;
using Given = std::vector<double>;

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

Space square() { return Space({{.name = "x"}, {.name = "y"}}); }

std::vector<Observation> run(std::string_view name, const SamplerSettings& settings,
                             const Space& space, std::int64_t trials, std::uint64_t seed,
                             const std::function<Given(const Point&)>& objectives,
                             const std::function<double(const Point&)>& cost = nullptr) {
  const auto sampler = make_sampler(name, settings);
  std::vector<Observation> seen;
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    Point point = sampler->ask(space, seen, trial, seed).value();
    space.check(point);
    Given values = objectives(point);
    std::optional<double> spent;
    if (cost) spent = cost(point);
    seen.push_back({trial, std::move(point), std::move(values), spent});
  }
  return seen;
}

double lowest(const std::vector<Observation>& observations) {
  double least = std::numeric_limits<double>::infinity();
  for (const Observation& o : observations) least = std::min(least, o.objectives[0]);
  return least;
}

TEST(Gp, FindsTheValleySoonerThanTpe) {
  const auto objective = [](const Point& point) { return Given{valley(point)}; };
  for (const std::string_view name : {"gp", "gp-pi", "gp-ehvi"}) {
    double found = 0;
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      found += lowest(run(name, {{kMin}}, valley_space(), 30, seed, objective)) / 3;
    }
    EXPECT_LT(found, 0.06) << name;
  }
  EXPECT_GT(lowest(run("tpe", {{kMin}}, valley_space(), 30, 0, objective)), 0.06);
}

TEST(Gp, MaximisesWhatIsToMaximise) {
  for (const std::string_view name : {"gp", "gp-pi-paper"}) {
    const auto less = run(name, {{kMin}}, square(), 12, 5,
                          [](const Point& p) { return Given{p.get<double>("x")}; });
    const auto more = run(name, {{kMax}}, square(), 12, 5,
                          [](const Point& p) { return Given{-p.get<double>("x")}; });
    for (std::size_t i = 0; i < less.size(); ++i) EXPECT_EQ(less[i].point, more[i].point) << i;
  }
}

/// What is proposed depends on the observations, not on their order or on what was asked before.
TEST(Gp, IsAPureFunctionOfTheObservations) {
  const Space space = valley_space();
  std::vector<Observation> seen =
      run("random", {}, space, 15, 3, [](const Point& p) { return Given{valley(p)}; });
  for (Observation& o : seen) o.cost = 1 + static_cast<double>(o.number);
  for (const std::string_view name : {"gp", "gp-pi", "gp-ei-per-joule", "gp-ehvi", "gp-pi-paper"}) {
    const auto sampler = make_sampler(name, {{kMin}});
    const Point first = *sampler->ask(space, seen, 15, 3);
    sampler->ask(space, seen, 16, 3);
    std::vector<Observation> reversed(seen.rbegin(), seen.rend());
    EXPECT_EQ(sampler->ask(space, reversed, 15, 3), first) << name;
  }
}

TEST(Gp, BeginsWithTheSobolSequence) {
  EXPECT_EQ(initial_trials(valley_space()), 10);
  EXPECT_EQ(initial_trials(square()), 6);
  EXPECT_EQ(initial_trials(Space()), 2);
  const auto sum = [](const Point& p) { return Given{p.get<double>("x") + p.get<double>("y")}; };
  const auto gp = run("gp", {{kMin}}, square(), 7, 2, sum);
  const auto sobol = run("sobol", {{kMin}}, square(), 7, 2, sum);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(gp[i].point, sobol[i].point) << i;
  EXPECT_NE(gp[6].point, sobol[6].point);
  EXPECT_LT(gp[6].objectives[0], sobol[6].objectives[0]);
}

/// Trials that run are not proposed again, nor is one that failed.
TEST(Gp, KeepsAwayFromTrialsThatRun) {
  const std::vector<Observation> seen = run("sobol", {}, square(), 12, 4, [](const Point& p) {
    return Given{std::sin(9 * p.get<double>("x")) + std::cos(7 * p.get<double>("y"))};
  });
  const auto gp = make_sampler("gp", {{kMin}});
  std::vector<Point> proposed;
  for (std::int64_t trial = 12; trial < 16; ++trial) {
    const Point point = *gp->ask(square(), seen, trial, 4);
    for (const Point& other : proposed) {
      EXPECT_GT(std::hypot(point.get<double>("x") - other.get<double>("x"),
                           point.get<double>("y") - other.get<double>("y")),
                1e-3);
    }
    proposed.push_back(point);
  }
}

/// The lowest x + y outside of a disc around the origin.
Given outside(const Point& p) {
  const double x = p.get<double>("x"), y = p.get<double>("y");
  return {x + 2 * y, std::hypot(x, y)};
}

TEST(Limits, WhatIsFeasibleIsFoundNearTheLimit) {
  const SamplerSettings settings{{kMin, kMax}, {std::nullopt, 0.6}};
  const auto best = [&](std::string_view name, std::int64_t trials) {
    double least = 10;
    for (const Observation& o : run(name, settings, square(), trials, 1, outside)) {
      if (o.objectives[1] >= 0.6) least = std::min(least, o.objectives[0]);
    }
    return least;  // 0.6, at (0.6, 0)
  };
  EXPECT_LT(best("gp", 25), 0.63);
  EXPECT_LT(best("gp-pi", 25), 0.7);
  EXPECT_LT(best("gp-ehvi", 25), 0.63);
  EXPECT_LT(best("tpe", 60), 0.9);
}

TEST(Limits, ConstraintsAreNotOptimised) {
  // All is feasible: the second objective must not draw the points away from 0.
  const auto of_x = [](const Point& p) {
    return Given{p.get<double>("x"), p.get<double>("x") + p.get<double>("y")};
  };
  const SamplerSettings settings{{kMin, kMax}, {std::nullopt, -1.0}};
  for (const std::string_view name : {"gp", "gp-ehvi"}) {
    EXPECT_LT(lowest(run(name, settings, square(), 12, 1, of_x)), 1e-3) << name;
  }
}

TEST(Limits, TpeTakesTheFeasibleFirst) {
  const Goals goals("tpe", {{kMin, kMin}, {std::nullopt, 5.0}});
  std::vector<Given> values;
  for (int i = 0; i < 20; ++i) values.push_back({static_cast<double>(i), i < 15 ? 6.0 + i : 4.0});
  EXPECT_EQ(promising({{kMin, kMin}, values}, goals), (std::vector<std::size_t>{15, 16}));
  for (int i = 16; i < 20; ++i) values[static_cast<std::size_t>(i)][1] = 5.5;
  // One is feasible; of the others the first of those that are the least beyond.
  EXPECT_EQ(promising({{kMin, kMin}, values}, goals), (std::vector<std::size_t>{15, 16}));
  values[9][1] = 5.25;
  EXPECT_EQ(promising({{kMin, kMin}, values}, goals), (std::vector<std::size_t>{9, 15}));
}

TEST(GpEiPerJoule, SpendsLess) {
  // Two equal minima; around one of them trials cost a hundred times as much.
  const auto two = [](const Point& p) {
    const double x = p.get<double>("x");
    return Given{-std::exp(-50 * std::pow(x - 0.2, 2)) - std::exp(-50 * std::pow(x - 0.8, 2))};
  };
  const auto cost = [](const Point& p) { return std::pow(10, 3 * p.get<double>("x")); };
  const auto spent = [&](std::string_view name) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      const auto all = run(name, {{kMin}}, square(), 25, seed, two, cost);
      EXPECT_LT(lowest(all), -0.95) << name;
      for (const Observation& o : all) sum += *o.cost;
    }
    return sum;
  };
  EXPECT_LT(spent("gp-ei-per-joule"), 0.7 * spent("gp"));
}

TEST(GpEhvi, FindsTheFrontSoonerThanTpe) {
  const Space space({{.name = "x"}, {.name = "y"}, {.name = "z"}});
  // The front is x from 0 to 1 with y = z = 0.3.
  const auto objectives = [](const Point& p) {
    const double off = std::abs(p.get<double>("y") - 0.3) + std::abs(p.get<double>("z") - 0.3);
    const double x = p.get<double>("x");
    return Given{x + off, 1 - x * x - off};
  };
  const std::vector<Direction> directions{kMin, kMax};
  const auto volume = [&](std::string_view name) {
    return hypervolume(objectives_of(directions, run(name, {directions}, space, 40, 1, objectives)),
                       Given{1, 0});
  };
  EXPECT_GT(volume("gp-ehvi"), volume("tpe") + 0.05);
}

TEST(Gp, OfAThirdObjectiveToo) {
  const auto three = [](const Point& p) {
    const double x = p.get<double>("x"), y = p.get<double>("y");
    return Given{x, y, (1 - x) * (1 - y)};
  };
  const auto all = run("gp-ehvi", {{kMin, kMin, kMin}}, square(), 14, 1, three);
  EXPECT_EQ(all.size(), 14u);
}

/// Points that are there twice, objectives that are all alike, one that went wrong by far, a space
/// of a single point.
TEST(Gp, WorksWithWhatIsDegenerate) {
  std::vector<Observation> seen;
  for (std::int64_t i = 0; i < 12; ++i) {
    seen.push_back({i, {{"x", 0.25}, {"y", 0.5}}, {1}, 2.0});
  }
  for (const std::string_view name : {"gp", "gp-pi", "gp-ei-per-joule", "gp-ehvi", "gp-pi-paper"}) {
    const auto sampler = make_sampler(name, {{kMin}});
    square().check(*sampler->ask(square(), seen, 12, 1));
    for (Observation& o : seen) o.objectives = {1e300};
    seen[3].objectives = {-1e300};
    square().check(*sampler->ask(square(), seen, 12, 1));
    const Space point({{.name = "n", .kind = Kind::integer, .low = 2, .high = 2}});
    const std::vector<Observation> one(3, {0, {{"n", std::int64_t{2}}}, {1}, 1.0});
    EXPECT_EQ(sampler->ask(point, one, 3, 1), one[0].point) << name;
  }
}

TEST(Gp, ErrorsOfSettings) {
  const auto make = [](std::string_view name, SamplerSettings settings) {
    return message_of([&] { make_sampler(name, settings); });
  };
  EXPECT_EQ(make("gp", {}), "gp: needs the directions of the objectives");
  EXPECT_EQ(make("gp", {{kMin, kMin}}),
            "gp: expected one objective without a limit, got 2; gp-ehvi takes several");
  EXPECT_EQ(make("gp-ehvi", {std::vector<Direction>(5, kMin)}),
            "gp-ehvi: expected at most 4 objectives without a limit, got 5");
  EXPECT_EQ(make("gp-pi", {{kMin}, {1.0, 2.0}}),
            "gp-pi: expected a limit or none for each of 1 objectives, got 2");
  EXPECT_EQ(make("tpe", {{kMin, kMax}, {std::nullopt, NAN}}),
            "tpe: the limit of objective 1 must be a finite number, got nan");
  EXPECT_EQ(make("gp", {{kMin}, {1.0}}), "gp: all objectives have a limit: nothing is optimised");
  EXPECT_EQ(make("gp-pi-paper", {{kMin, kMin}, {std::nullopt, 1.0}}),
            "gp-pi-paper: expected one objective, without a limit, got 2");
}

TEST(Gp, ErrorsOfObservations) {
  const Space space(std::vector<Dimension>{{.name = "x"}});
  const auto ask = [&](std::string_view name, const Observation& second) {
    const std::vector<Observation> seen{{0, {{"x", 0.5}}, {1}, 3.0}, second};
    return message_of([&] { make_sampler(name, {{kMin}})->ask(space, seen, 2, 0); });
  };
  for (const std::string_view name : {"gp", "gp-pi", "gp-ei-per-joule", "gp-ehvi", "gp-pi-paper"}) {
    EXPECT_EQ(ask(name, {7, {{"x", 1.5}}, {1}, 1.0}),
              "trial 7: dimension 'x': expected a real number from 0 to 1, got 1.5");
    EXPECT_EQ(ask(name, {7, {{"x", 1.0}}, {NAN}, 1.0}),
              "trial 7: objective 0 must be a finite number, got nan");
    EXPECT_EQ(ask(name, {7, {{"x", 1.0}}, {1, 2}, 1.0}), "trial 7: expected 1 objectives, got 2");
    EXPECT_EQ(ask(name, {7, {{"x", 1.0}}, {1}, 0.0}),
              "trial 7: the cost must be a finite number above 0, got 0");
    EXPECT_EQ(ask(name, {7, {{"x", 1.0}}, {1}, NAN}),
              "trial 7: the cost must be a finite number above 0, got nan");
  }
  EXPECT_EQ(ask("gp-ei-per-joule", {7, {{"x", 1.0}}, {1}}),
            "trial 7: gp-ei-per-joule needs its cost");
  EXPECT_EQ(ask("gp", {7, {{"x", 1.0}}, {1}}), "no error");
}

}  // namespace
}  // namespace joule::search
