// SPDX-License-Identifier: MIT
//
// The samplers that evolve a population, and ms-ehvi.
#include "joule/search/samplers/evolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <set>

#include "joule/core/error.h"
#include "joule/search/front/front.h"
#include "joule/search/front/hypervolume.h"
#include "joule/search/samplers/sampler_options.h"

namespace joule::search {
namespace {

constexpr Direction kMin = Direction::minimise, kMax = Direction::maximise;
using Given = std::vector<double>;
using Function = std::function<Given(const Point&)>;
constexpr std::string_view kEvolving[] = {"nsga2", "semoa", "semoa-code", "sh-emoa"};

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

/// Bits and choices, as a cell has them.
Space bits(std::size_t edges = 10, std::size_t ops = 3) {
  std::vector<Dimension> dimensions;
  for (std::size_t i = 0; i < edges; ++i) {
    dimensions.push_back({.name = str("edge_", i), .kind = Kind::integer, .low = 0, .high = 1});
  }
  for (std::size_t i = 0; i < ops; ++i) {
    dimensions.push_back(
        {.name = str("op_", i), .kind = Kind::categorical, .choices = {"a", "b", "c"}});
  }
  return Space(dimensions);
}

/// Two objectives that conflict: what is on costs, and choices weigh.
Given cost_and_error(const Point& point) {
  double cost = 0, gain = 0, weight = 1;
  for (const Point::Entry& entry : point.entries()) {
    weight *= 1.3;
    if (const auto* bit = std::get_if<std::int64_t>(&entry.second)) {
      cost += static_cast<double>(*bit) * weight;
      gain += static_cast<double>(*bit) * std::sqrt(weight);
    } else {
      const auto at = static_cast<double>(std::get<std::string>(entry.second)[0] - 'a');
      cost += at * weight;
      gain += std::sqrt(at * weight);
    }
  }
  return {cost, 100 - gain};
}

std::vector<Observation> run(std::string_view name, const SamplerSettings& settings,
                             const Space& space, std::int64_t trials, std::uint64_t seed,
                             const Function& objectives) {
  const auto sampler = make_sampler(name, settings);
  std::vector<Observation> seen;
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    Point point = sampler->ask(space, seen, trial, seed).value();
    space.check(point);
    Given values = objectives(point);
    seen.push_back({trial, std::move(point), std::move(values)});
  }
  return seen;
}

std::int64_t changed_dimensions(const Point& a, const Point& b, std::string_view prefix) {
  std::int64_t count = 0;
  for (const Point::Entry& entry : a.entries()) {
    if (entry.first.starts_with(prefix) && *b.find(entry.first) != entry.second) ++count;
  }
  return count;
}

/// A space with all that spaces have.
Space mixed() {
  return Space(
      {{.name = "lr", .low = 1e-5, .high = 1, .log = true},
       {.name = "width", .kind = Kind::integer, .low = 8, .high = 512, .log = true},
       {.name = "optimizer", .kind = Kind::categorical, .choices = {"sgd", "adam", "rms"}},
       {.name = "beta", .low = 0, .high = 1, .active_if = Condition{"optimizer", {"adam"}}},
       {.name = "fixed", .kind = Kind::integer, .low = 3, .high = 3}});
}

Given distances(const Point& point) {
  const double lr = std::log10(point.get<double>("lr")) + 2;
  const double width = std::log2(static_cast<double>(point.get<std::int64_t>("width"))) - 6;
  const double branch = point.contains("beta") ? std::abs(point.get<double>("beta") - 0.7) : 1;
  return {lr * lr + branch, width * width + (lr + 1) * (lr + 1)};
}

double volume_of(const std::vector<Observation>& seen, const std::vector<double>& reference) {
  return hypervolume(objectives_of(std::vector<Direction>(reference.size(), kMin), seen),
                     reference);
}

/// With 120 trials the front is wider than that of as many random points.
TEST(Evolution, FindsMoreThanRandom) {
  const SamplerSettings settings{{kMin, kMin}};
  const auto volume = [&](std::string_view name, const Space& space, const Function& f,
                          const std::vector<double>& reference) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      sum += volume_of(run(name, settings, space, 120, seed, f), reference) / 10;
    }
    return sum;
  };
  const double random_bits = volume("random", bits(), cost_and_error, {200, 100});
  const double random_mixed = volume("random", mixed(), distances, {10, 10});
  for (const std::string_view name : kEvolving) {
    if (name == "semoa-code") continue;  // most of its parents are old and dominated
    EXPECT_GT(volume(name, bits(), cost_and_error, {200, 100}), random_bits) << name;
    if (name == "sh-emoa") continue;  // draws five dimensions anew: of these four that is random
    EXPECT_GT(volume(name, mixed(), distances, {10, 10}), random_mixed) << name;
  }
}

/// What is proposed depends on the observations, not on their order or on what was asked before.
TEST(Evolution, IsAPureFunctionOfTheObservations) {
  const SamplerSettings settings{{kMin, kMin}};
  for (const std::string_view name : kEvolving) {
    const auto seen = run(name, settings, mixed(), 47, 3, distances);
    std::vector<Observation> shuffled = seen;
    std::ranges::shuffle(shuffled, std::mt19937(1));
    const auto sampler = make_sampler(name, settings);
    for (std::int64_t trial = 46; trial > 0; trial -= 5) {
      std::vector<Observation> before;
      for (const Observation& o : shuffled) {
        if (o.number < trial) before.push_back(o);
      }
      EXPECT_EQ(sampler->ask(mixed(), before, trial, 3),
                seen[static_cast<std::size_t>(trial)].point)
          << name << ' ' << trial;
    }
    EXPECT_NE(sampler->ask(mixed(), seen, 47, 3), sampler->ask(mixed(), seen, 47, 4)) << name;
  }
}

TEST(Evolution, MaximisesWhatIsToMaximise) {
  const auto negative = [](const Point& point) {
    const Given given = cost_and_error(point);
    return Given{given[0], -given[1]};
  };
  for (const std::string_view name : kEvolving) {
    const auto less = run(name, {{kMin, kMin}}, bits(), 60, 5, cost_and_error);
    const auto more = run(name, {{kMin, kMax}}, bits(), 60, 5, negative);
    for (std::size_t i = 0; i < less.size(); ++i) EXPECT_EQ(less[i].point, more[i].point) << name;
  }
}

/// Of a generation, trials may be proposed in any order and beside each other.
TEST(Evolution, AGenerationGoesByThoseBeforeIt) {
  for (const std::string_view name : {"nsga2", "semoa", "semoa-code"}) {
    const auto seen = run(name, {{kMin, kMin}}, bits(), 40, 8, cost_and_error);
    const auto sampler = make_sampler(name, {{kMin, kMin}});
    const auto before = std::span(seen).first(30);
    for (std::int64_t trial = 39; trial >= 30; --trial) {
      EXPECT_EQ(sampler->ask(bits(), before, trial, 8), seen[static_cast<std::size_t>(trial)].point)
          << name;
    }
  }
}

TEST(Evolution, ChangedValuesAreOthersAndOfTheDimension) {
  Draws draws(1, 2);
  const Space space = mixed();
  for (const Dimension& d : space.dimensions()) {
    if (d.name == "fixed") continue;
    PointValue value = value_of_unit(d, 0.3);
    for (int i = 0; i < 500; ++i) {
      const PointValue next = changed_value(d, value, draws);
      EXPECT_NE(next, value) << d.name;
      Space({Dimension{.name = "x",
                       .kind = d.kind,
                       .low = d.low,
                       .high = d.high,
                       .log = d.log,
                       .choices = d.choices}})
          .check({{"x", next}});
      value = next;
    }
  }
  // Each other choice is equally likely.
  std::map<std::string, int> counts;
  for (int i = 0; i < 4000; ++i) {
    ++counts[std::get<std::string>(changed_value(space.dimensions()[2], "adam", draws))];
  }
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts["sgd"], 2000, 3.3 * std::sqrt(1000));
}

/// The variable part of simulated binary crossover: the children's mean is the parents', as far as
/// the limits let them, and they lie where its distribution says.
TEST(Evolution, CrossoverKeepsTheMeanOfTheParents) {
  const Space space(std::vector<Dimension>{{.name = "x"}});
  Draws draws(4, 4);
  int moved = 0;
  double outside = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto children = crossed(space, {PointValue(0.45)}, {PointValue(0.55)}, draws);
    const double a = std::get<double>(*children[0][0]), b = std::get<double>(*children[1][0]);
    EXPECT_NEAR(a + b, 1, 1e-6);
    if (a == 0.45) continue;
    ++moved;
    outside += std::min(a, b) < 0.45;
  }
  EXPECT_NEAR(moved, 2000, 3.3 * std::sqrt(1000));
  EXPECT_NEAR(outside / moved, 0.5, 0.04);
}

TEST(Semoa, ChangesAsManyDimensionsAsAreAskedFor) {
  const std::vector<Observation> one{
      {0, random_point(bits(21, 5), *std::make_unique<Draws>(1, 1)), {1, 1}}};
  const auto sampler = make_sampler("semoa:population=1:changes=edge_@2+op_@0.5", {{kMin, kMin}});
  double edges = 0, ops = 0;
  constexpr int kTrials = 4000;
  for (int i = 1; i <= kTrials; ++i) {
    const Point child = *sampler->ask(bits(21, 5), one, i, 9);
    EXPECT_NE(child, one[0].point);
    edges += static_cast<double>(changed_dimensions(child, one[0].point, "edge_")) / kTrials;
    ops += static_cast<double>(changed_dimensions(child, one[0].point, "op_")) / kTrials;
  }
  // Draws without any change are drawn again.
  const double any = 1 - std::pow(1 - 2.0 / 21, 21) * std::pow(1 - 0.1, 5);
  EXPECT_NEAR(edges, 2 / any, 3.3 * std::sqrt(2.0 / kTrials) + 0.02);
  EXPECT_NEAR(ops, 0.5 / any, 3.3 * std::sqrt(0.5 / kTrials) + 0.02);
}

TEST(Semoa, DrawsParentsByLinearRanking) {
  Space space(std::vector<Dimension>{{.name = "n", .kind = Kind::integer, .low = 0, .high = 1},
                                     {.name = "id", .kind = Kind::integer, .low = 0, .high = 3}});
  const auto at = [](std::int64_t id) { return Point{{"n", std::int64_t{0}}, {"id", id}}; };
  const auto shares = [&](std::string_view name) {
    const std::vector<Observation> seen{
        {0, at(0), {0, 6}}, {1, at(1), {1, 5}}, {2, at(2), {5, 1}}, {3, at(3), {5.1, 1.1}}};
    const auto sampler = make_sampler(name, {{kMin, kMin}});
    std::vector<double> counts(4, 0);
    for (std::int64_t i = 0; i < 6000; ++i) {
      const auto point = sampler->ask(space, seen, 6000 + i, 2);
      counts[static_cast<std::size_t>(point->get<std::int64_t>("id"))] += 1.0 / 6000;
    }
    return counts;
  };
  // The reference is (5.5, 6.5): alone they cover 1 x 0.5, 4 x 1 and 0.5 x 4.
  const auto paper = shares("semoa:population=6000:extremes=no:frozen=id");
  EXPECT_NEAR(paper[1], 2.0 / 3, 0.02);
  EXPECT_NEAR(paper[2], 1.0 / 3, 0.02);
  EXPECT_EQ(paper[0], 0);  // 2 - eta
  EXPECT_EQ(paper[3], 0);  // dominated
  // With the dominated one it is (5.61, 6.5): 1 x 0.5, 4 x 1, and what the dominated one leaves of
  // 0.61 x 4, 0.451. Of four the shares are (eta - 2 (eta - 1) i / 3) / 4.
  const auto code = shares("semoa-code:population=6000:frozen=id");
  EXPECT_NEAR(code[1], 1.9 / 4, 0.02);
  EXPECT_NEAR(code[0], 1.3 / 4, 0.02);
  EXPECT_NEAR(code[2], 0.7 / 4, 0.02);
  EXPECT_NEAR(code[3], 0.1 / 4, 0.01);
}

TEST(Semoa, TheExtremesAreAlwaysParents) {
  const Space space = bits(20, 0);
  std::vector<Observation> seen;
  for (std::int64_t i = 0; i < 10; ++i) {
    Draws draws(6, i);
    const auto x = static_cast<double>(i);
    seen.push_back({i, random_point(space, draws), {x, 100 / (1 + x)}});
  }
  const auto sampler = make_sampler("semoa:changes=edge_@0.0001", {{kMin, kMin}});
  EXPECT_EQ(changed_dimensions(*sampler->ask(space, seen, 10, 1), seen[0].point, ""), 1);
  EXPECT_EQ(changed_dimensions(*sampler->ask(space, seen, 11, 1), seen[9].point, ""), 1);
}

Space with_budget() {
  const Space cell = bits();
  std::vector<Dimension> dimensions(cell.dimensions().begin(), cell.dimensions().end());
  dimensions.push_back(
      {.name = "epochs", .kind = Kind::categorical, .choices = {"4", "12", "36", "108"}});
  return Space(dimensions);
}

Given with_epochs(const Point& point) {
  const double epochs = std::stod(point.get<std::string>("epochs"));
  Point rest;
  for (const Point::Entry& entry : point.entries()) {
    if (entry.first != "epochs") rest.set(entry.first, entry.second);
  }
  const Given given = cost_and_error(rest);
  return {given[0] * epochs, given[1] + 30 / epochs};
}

TEST(Semoa, ALadderCyclesAndEvaluatesThePopulationAgain) {
  const auto seen = run("semoa-code:ladder=epochs:frozen=op_0", {{kMin, kMin}}, with_budget(), 400,
                        1, with_epochs);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(seen[i].point.get<std::string>("epochs"), "4");
  // The first generation on the second rung: the ten again, then their children.
  std::set<std::string> first, again;
  for (int i = 0; i < 10; ++i) {
    Point raised = seen[i].point;
    raised.set("epochs", "12");
    first.insert(to_json(raised));
  }
  const auto different = std::ssize(first);
  for (int i = 10; i < 10 + different; ++i) again.insert(to_json(seen[i].point));
  EXPECT_EQ(first, again);
  for (std::int64_t i = 10; i < 20 + different; ++i) {
    EXPECT_EQ(seen[static_cast<std::size_t>(i)].point.get<std::string>("epochs"), "12");
  }
  EXPECT_EQ(seen[static_cast<std::size_t>(20 + different)].point.get<std::string>("epochs"), "36");
  // What was seen on a rung is not evaluated there again when it comes round.
  std::set<std::string> points;
  for (const Observation& o : seen) points.insert(to_json(o.point));
  EXPECT_GT(points.size(), 340u);
  // A frozen dimension has only what the first generation had.
  std::set<std::string> frozen;
  for (const Observation& o : seen) frozen.insert(o.point.get<std::string>("op_0"));
  std::set<std::string> at_first;
  for (int i = 0; i < 10; ++i) at_first.insert(seen[i].point.get<std::string>("op_0"));
  EXPECT_EQ(frozen, at_first);
}

TEST(ShEmoa, ItsLadderHalves) {
  const auto seen =
      run("sh-emoa:ladder=epochs", {{kMin, kMin}}, with_budget(), 100, 1, with_epochs);
  std::vector<std::string> budgets;
  for (const Observation& o : seen) budgets.push_back(o.point.get<std::string>("epochs"));
  std::vector<std::string> expected;
  for (const auto& [epochs, count] : std::vector<std::pair<std::string, std::size_t>>{
           {"4", 48}, {"12", 24}, {"36", 12}, {"36", 6}, {"108", 10}}) {
    expected.insert(expected.end(), count, epochs);
  }
  EXPECT_EQ(budgets, expected);
  // What comes up from the first stage was there.
  Point lowered = seen[48].point;
  lowered.set("epochs", "4");
  EXPECT_TRUE(std::ranges::any_of(std::span(seen).first(48),
                                  [&](const Observation& o) { return o.point == lowered; }));
}

/// Constraints come before objectives.
TEST(Nsga2, PrefersWhatIsFeasible) {
  const auto with_limit = [](const Point& point) {
    Given given = cost_and_error(point);
    given.push_back(given[0]);
    return given;
  };
  const SamplerSettings settings{{kMin, kMin, kMin}, {std::nullopt, std::nullopt, 20.0}};
  const auto feasible = [](const std::vector<Observation>& seen) {
    return std::ranges::count_if(std::span(seen).last(100),
                                 [](const Observation& o) { return o.objectives[2] <= 20; });
  };
  const auto bound = run("nsga2", settings, bits(), 200, 2, with_limit);
  const auto free = run("nsga2", {{kMin, kMin, kMin}}, bits(), 200, 2, with_limit);
  EXPECT_GT(feasible(bound), feasible(free) + 30);
  EXPECT_GT(feasible(bound), 60);
}

/// With the second objective known, the model has to learn the first alone: the front is found with
/// fewer trials than with two models.
TEST(MsEhvi, KnowsWhatIsExact) {
  SamplerSettings mixed_settings{{kMin, kMin}};
  const auto sum = [](const Point& point) {
    double bit_sum = 0;
    for (const Point::Entry& entry : point.entries()) {
      if (const auto* bit = std::get_if<std::int64_t>(&entry.second)) {
        bit_sum += static_cast<double>(*bit);
      }
    }
    return bit_sum;
  };
  // Points with more than 9 of 10 bits cannot be tried.
  const ExactObjective exact = [&](const Point& point) -> std::optional<double> {
    if (sum(point) > 9) return std::nullopt;
    return cost_and_error(point)[0];
  };
  mixed_settings.exact = {exact, nullptr};
  const std::vector<double> reference{60, 100};
  double mixed_volume = 0, random_volume = 0;
  for (std::uint64_t seed = 0; seed < 2; ++seed) {
    const auto found = run("ms-ehvi", mixed_settings, bits(), 40, seed, cost_and_error);
    for (const Observation& o : std::span(found).subspan(10)) EXPECT_LE(sum(o.point), 9);
    mixed_volume += volume_of(found, reference);
    random_volume += volume_of(run("random", {}, bits(), 40, seed, cost_and_error), reference);
  }
  EXPECT_GT(mixed_volume, 1.2 * random_volume);
}

TEST(Evolution, Errors) {
  const auto make = [](std::string_view name, SamplerSettings settings = {{kMin, kMin}}) {
    return message_of([&] { make_sampler(name, settings); });
  };
  EXPECT_EQ(make("semoa:eta"), "semoa: expected option=value, got 'eta'");
  EXPECT_EQ(make("semoa:eta=1.5:eta=2"), "semoa: the option eta is there twice");
  EXPECT_EQ(make("semoa:etta=1.5"),
            "semoa: option: expected one of population, eta, extremes, keep, ladder, frozen, "
            "changes, got 'etta'; did you mean 'eta'?");
  EXPECT_EQ(make("semoa:eta=3"), "semoa: eta: expected a number from 1 to 2, got 3");
  EXPECT_EQ(make("semoa:population=0"), "semoa: population: expected at least 1, got 0");
  EXPECT_EQ(make("semoa:changes=edge_"),
            "semoa: changes: expected prefix@number, joined by '+', got 'edge_'");
  EXPECT_EQ(make("random:population=3"), "random: takes no options, got 'population'");
  EXPECT_EQ(make("nsga2", {}), "nsga2: needs the directions of the objectives");
  EXPECT_EQ(make("sh-emoa", {{kMin, kMin}, {std::nullopt, 1.0}}),
            "sh-emoa: takes no limits; nsga2 and gp-ehvi do");
  EXPECT_EQ(make("ms-ehvi", {.directions = {kMin, kMin}, .exact = {nullptr}}),
            "ms-ehvi: expected exact values or none for each of 2 objectives, got 1");
  const auto ask = [](std::string_view name, std::vector<Observation> seen = {}) {
    return message_of([&] { make_sampler(name, {{kMin, kMin}})->ask(mixed(), seen, 10, 1); });
  };
  EXPECT_EQ(ask("ms-ehvi"),
            "ms-ehvi: no objective has exact values; a search in a table gives them, gp-ehvi needs "
            "none");
  EXPECT_EQ(ask("semoa:ladder=epochs"), "semoa: ladder: there is no dimension 'epochs'");
  EXPECT_EQ(ask("semoa:ladder=lr"),
            "semoa: ladder: the dimension 'lr' must be an integer or a categorical without a "
            "condition");
  EXPECT_EQ(ask("semoa:frozen=op"), "semoa: frozen: there is no dimension 'op'");
  for (const std::string_view name : kEvolving) {
    EXPECT_EQ(ask(name, {{3, {{"lr", 1.0}}, {1}}}), "trial 3: expected 2 objectives, got 1");
    EXPECT_EQ(ask(name, {{3, {{"lr", 1.0}}, {1, NAN}}}),
              "trial 3: objective 1 must be a finite number, got nan");
    EXPECT_EQ(ask(name, {{3, {{"lr", 2.0}}, {1, 1}}}),
              "trial 3: dimension 'lr': expected a real number from 1e-05 to 1, got 2");
  }
}

}  // namespace
}  // namespace joule::search
