// SPDX-License-Identifier: MIT
#include "joule/search/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "joule/core/error.h"
#include "joule/search/grid.h"
#include "joule/search/samplers/sobol.h"

namespace joule::search {
namespace {

const SamplerSettings kSettings{.directions = {Direction::minimise}};

/// But those that need more: ms-ehvi wants exact values, and no reals.
std::vector<std::string_view> general_samplers() {
  std::vector<std::string_view> names(sampler_names().begin(), sampler_names().end());
  std::erase(names, "ms-ehvi");
  return names;
}

Space mixed() {
  return Space(
      {{.name = "lr", .low = 1e-4, .high = 0.1, .log = true, .levels = 4},
       {.name = "optimizer", .kind = Kind::categorical, .choices = {"sgd", "adam", "none"}},
       {.name = "beta2",
        .low = 0.9,
        .high = 0.98,
        .levels = 3,
        .active_if = Condition{"optimizer", {"adam"}}},
       {.name = "width", .kind = Kind::integer, .low = 2, .high = 8, .step = 3},
       {.name = "momentum",
        .kind = Kind::categorical,
        .choices = {"0", "0.9"},
        .active_if = Condition{"optimizer", {"sgd", "adam"}}}});
}

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<Point> points(std::string_view sampler, const Space& space, std::int64_t trials,
                          std::uint64_t seed = 7) {
  const auto made = make_sampler(sampler, kSettings);
  std::vector<Point> all;
  for (std::int64_t trial = 0; trial < trials; ++trial) {
    all.push_back(made->ask(space, {}, trial, seed).value());
  }
  return all;
}

TEST(Grid, HasEachPointOnce) {
  const Space space = mixed();
  // lr 4 x (sgd: momentum 2; adam: beta2 3 x momentum 2; none: 1) x width 3
  ASSERT_EQ(space.grid_size(), 4 * (2 + 6 + 1) * 3);
  std::set<std::string> different;
  for (std::int64_t i = 0; i < space.grid_size(); ++i) {
    const Point point = grid_point(space, i);
    space.check(point);
    different.insert(to_json(point));
  }
  EXPECT_EQ(std::ssize(different), space.grid_size());
  EXPECT_EQ(Space().grid_size(), 1);
}

TEST(Grid, TheLastDimensionChangesFastest) {
  const Space space({{.name = "x", .low = 1, .high = 100, .log = true, .levels = 3},
                     {.name = "n", .kind = Kind::integer, .low = 0, .high = 1}});
  std::string all;
  for (std::int64_t i = 0; i < space.grid_size(); ++i) all += to_json(grid_point(space, i));
  EXPECT_EQ(all, R"({"x":1.0,"n":0}{"x":1.0,"n":1}{"x":10.0,"n":0}{"x":10.0,"n":1})"
                 R"({"x":100.0,"n":0}{"x":100.0,"n":1})");
}

TEST(Grid, IsExhausted) {
  const Space space({{.name = "n", .kind = Kind::integer, .low = 0, .high = 2}});
  const auto grid = make_sampler("grid");
  EXPECT_EQ(grid->ask(space, {}, 2, 0), (Point{{"n", std::int64_t{2}}}));
  EXPECT_EQ(grid->ask(space, {}, 3, 0), std::nullopt);
  EXPECT_EQ(message_of([&] { grid_point(space, 3); }), "grid: there is no point 3 of 3");
}

TEST(Grid, RefusesWhatHasNoGrid) {
  const Space real(std::vector<Dimension>{{.name = "x"}});
  EXPECT_EQ(message_of([&] { real.grid_size(); }),
            "grid: dimension 'x' is real and has no levels: a grid needs to know how many values "
            "to take");
  Dimension large{.kind = Kind::integer, .low = 1, .high = 0x1p53};
  std::vector<Dimension> two(2, large);
  two[0].name = "a";
  two[1].name = "b";
  EXPECT_EQ(message_of([&] { Space(two).grid_size(); }), "grid: there are 2^63 points or more");
  two.pop_back();
  EXPECT_EQ(Space(two).grid_size(), std::int64_t{1} << 53);
}

TEST(Sampler, ItsPointsAreOfTheSpace) {
  const Space space = mixed();
  for (const std::string_view name : general_samplers()) {
    for (const Point& point : points(name, space, 100)) space.check(point);
  }
}

TEST(Sampler, IsAPureFunction) {
  const Space space = mixed();
  for (const std::string_view name : general_samplers()) {
    const std::vector<Point> forwards = points(name, space, 50);
    const auto again = make_sampler(name, kSettings);
    for (std::int64_t trial = 49; trial >= 0; --trial) {
      EXPECT_EQ(again->ask(space, {}, trial, 7), forwards[static_cast<std::size_t>(trial)]) << name;
    }
  }
}

TEST(Sampler, SeedsDiffer) {
  const Space space(std::vector<Dimension>{{.name = "x"}});
  for (const char* name : {"random", "sobol"}) {
    EXPECT_NE(points(name, space, 3, 1), points(name, space, 3, 2)) << name;
  }
}

/// A study's points, on any machine.
TEST(Sampler, KnownPoints) {
  const Space space = mixed();
  EXPECT_EQ(to_json(points("random", space, 3, 13)[2]),
            R"({"lr":0.00250268147884,"optimizer":"sgd","width":2,"momentum":"0"})");
  EXPECT_EQ(to_json(points("sobol", space, 3, 13)[2]),
            R"({"lr":0.000116201799307,"optimizer":"adam","beta2":0.9534563471077052,"width":8,)"
            R"("momentum":"0.9"})");
}

TEST(Sampler, EachValueOfAnIntegerIsEquallyLikely) {
  const Space space({{.name = "n", .kind = Kind::integer, .low = -3, .high = 9, .step = 2}});
  constexpr int kTrials = 7000;
  std::map<std::int64_t, int> counts;
  for (const Point& point : points("random", space, kTrials))
    ++counts[point.get<std::int64_t>("n")];
  ASSERT_EQ(counts.size(), 7u);
  double chi_squared = 0;
  for (const auto& [value, count] : counts)
    chi_squared += (count - 1000.0) * (count - 1000.0) / 1000;
  EXPECT_LT(chi_squared, 22.5);  // 6 degrees of freedom: 0.999
}

TEST(Sampler, LogRangesAreUniformInTheLogarithm) {
  const Space space({{.name = "x", .low = 1e-6, .high = 1, .log = true},
                     {.name = "n", .kind = Kind::integer, .low = 1, .high = 1000, .log = true}});
  // Of a Sobol sequence 1024 points fill each interval of 1/1024 with one.
  int below = 0;
  std::map<std::int64_t, int> counts;
  for (const Point& point : points("sobol", space, 1024)) {
    if (point.get<double>("x") < 1e-3) ++below;
    ++counts[point.get<std::int64_t>("n")];
  }
  EXPECT_EQ(below, 512);
  for (const std::int64_t n : {1, 2, 10}) {
    const double share = std::log((n + 0.5) / (n - 0.5)) / std::log(1000.5 / 0.5);
    EXPECT_NEAR(counts[n], 1024 * share, 1) << n;
  }
}

TEST(Sampler, DimensionsAreIndependent) {
  const Space space({{.name = "x"}, {.name = "y"}});
  double covariance = 0;
  constexpr int kTrials = 4000;
  for (const Point& point : points("random", space, kTrials)) {
    covariance += (point.get<double>("x") - 0.5) * (point.get<double>("y") - 0.5) / kTrials;
  }
  EXPECT_LT(std::abs(covariance), 3.3 / 12 / std::sqrt(kTrials));
}

/// In every elementary rectangle of area 1/n lies one of the first n = 2^m points.
TEST(Sobol, ScrambledPointsAreANet) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    constexpr std::uint32_t kBits = 6, kPoints = 1 << kBits;
    for (std::uint32_t split = 0; split <= kBits; ++split) {
      std::set<std::pair<int, int>> cells;
      for (std::uint32_t i = 0; i < kPoints; ++i) {
        const auto point = sobol_point(2, i);
        cells.emplace(
            static_cast<int>(owen_scrambled(point[0], 0, i, seed) * (1 << split)),
            static_cast<int>(owen_scrambled(point[1], 1, i, seed) * (1 << (kBits - split))));
      }
      EXPECT_EQ(cells.size(), kPoints) << seed << ' ' << split;
    }
  }
}

TEST(Sobol, FirstPoints) {
  using Fractions = std::vector<std::uint32_t>;
  EXPECT_EQ(sobol_point(3, 0), (Fractions{0, 0, 0}));
  EXPECT_EQ(sobol_point(3, 1), (Fractions{1u << 31, 1u << 31, 1u << 31}));
  EXPECT_EQ(sobol_point(3, 2), (Fractions{3u << 30, 1u << 30, 1u << 30}));
  EXPECT_EQ(sobol_point(3, 3), (Fractions{1u << 30, 3u << 30, 3u << 30}));
  EXPECT_EQ(sobol_point(1, UINT32_MAX), (Fractions{1}));
  EXPECT_EQ(message_of([] { sobol_point(3668, 1); }),
            "sobol: expected from 1 to 3667 dimensions, got 3668");
}

TEST(Sampler, Errors) {
  const Space space(std::vector<Dimension>{{.name = "n", .kind = Kind::integer}});
  EXPECT_EQ(message_of([] { make_sampler("soboll"); }),
            "sampler: expected one of grid, random, sobol, tpe, gp, gp-pi, gp-pi-paper, "
            "gp-ei-per-joule, gp-ehvi, ms-ehvi, nsga2, semoa, semoa-code, sh-emoa, got 'soboll'; "
            "did you mean 'sobol'?");
  for (const std::string_view name : sampler_names()) {
    EXPECT_EQ(message_of([&] { make_sampler(name, kSettings)->ask(space, {}, -1, 0); }),
              "sampler: a trial's number must not be negative, got -1");
  }
  EXPECT_EQ(message_of([&] { make_sampler("sobol")->ask(space, {}, std::int64_t{1} << 32, 0); }),
            "sobol: the sequence has 2^32 points, got trial 4294967296");
  EXPECT_EQ(message_of([] { parse_direction("accuracy", "maximize"); }),
            "accuracy: expected one of minimise, maximise, got 'maximize'; did you mean "
            "'maximise'?");
  EXPECT_EQ(parse_direction("accuracy", "maximise"), Direction::maximise);
  EXPECT_EQ(name(Direction::minimise), "minimise");
}

}  // namespace
}  // namespace joule::search
