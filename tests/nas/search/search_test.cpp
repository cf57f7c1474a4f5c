// SPDX-License-Identifier: MIT
//
// Searches in a table.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "joule/core/error.h"
#include "joule/nas/search/comparison.h"
#include "joule/nas/search/op_swaps.h"
#include "joule/nas/search/table_search.h"
#include "joule/search/front/front.h"
#include "joule/search/front/hypervolume.h"
#include "joule/tests/nas/search/small_table.h"

namespace joule::nas {
namespace {

using search::Direction;
using search::Point;

constexpr std::int64_t kFour[] = {4}, kLadder[] = {4, 12, 36, 108};

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

TEST(NasCellSpace, APointOfEachCellIsThatCell) {
  const CellSpace space(5, kLadder);
  EXPECT_EQ(space.space().size(), 10u + 3 + 1);
  for (const NamedCell& one : enumerate({.vertices = 5, .edges = 9})) {
    const Point point = space.point(one.cell, 36);
    space.space().check(point);
    EXPECT_EQ(fingerprint(space.cell(point)), one.fingerprint) << to_text(one.cell);
    EXPECT_EQ(space.epochs(point), 36);
  }
  const CellSpace single(4, kFour);
  EXPECT_EQ(single.space().size(), 6u + 2);
  EXPECT_EQ(single.epochs({}), 4);
  const Cell chain(4, 0, std::vector{CellOp::conv1x1, CellOp::maxpool3x3});
  const Point point = single.point(parse_cell("0110/0010/0001/0000:1,2"), 4);
  EXPECT_EQ(to_json(point),
            R"({"edge_0_1":1,"edge_0_2":1,"edge_0_3":0,"edge_1_2":1,"edge_1_3":0,"edge_2_3":1,)"
            R"("op_1":"conv1x1-bn-relu","op_2":"maxpool3x3"})");
  EXPECT_EQ(to_text(single.cell(point)), "0110/0010/0001/0000:conv1x1-bn-relu,maxpool3x3");
}

TEST(NasCellSpace, Errors) {
  EXPECT_EQ(message_of([] { CellSpace(2, kFour); }),
            "a space of cells: expected 3 to 7 vertices, got 2");
  EXPECT_EQ(message_of([] { CellSpace(4, {}); }), "a space of cells: expected a budget, got none");
  const std::int64_t twice[] = {4, 4};
  EXPECT_EQ(message_of([&] { CellSpace(4, twice); }),
            "a space of cells: expected budgets above 0, ascending, got 4");
  const CellSpace space(4, kFour);
  EXPECT_EQ(message_of([&] { space.point(parse_cell("01001/00100/00010/00001/00000:0,0,0"), 4); }),
            "a space of cells of 4 vertices: the cell has 5");
  EXPECT_EQ(message_of([&] { space.point(Cell(), 12); }),
            "a space of cells has no budget of 12 epochs");
}

TEST(NasSearch, StrategiesGetTheirOptions) {
  const CellSpace one(5, kFour), several(5, kLadder);
  EXPECT_EQ(sampler_of("semoa", one, 100), "semoa:changes=edge_@2+op_@0.5");
  EXPECT_EQ(sampler_of("semoa:eta=1.5", several, 100),
            "semoa:changes=edge_@2+op_@0.5:eta=1.5:ladder=epochs");
  EXPECT_EQ(sampler_of("semoa-code:frozen=op_2", one, 100),
            "semoa-code:changes=edge_@2+op_@0.5:frozen=op_2");
  EXPECT_EQ(sampler_of("sh-emoa", one, 70), "sh-emoa");
  EXPECT_EQ(sampler_of("sh-emoa", several, 70), "sh-emoa:evaluations=70:ladder=epochs");
  EXPECT_EQ(sampler_of("random", several, 70), "random");
}

/// What each evaluation says is what the table says, and points that are no cells say why.
TEST(NasSearch, EvaluatesByTheTable) {
  Table table = test::small_table(4);
  const CellSpace space(4, kFour);
  const auto objectives = default_objectives();
  std::int64_t faults = 0;
  const SearchRun run =
      search_table(table, space,
                   {.strategy = "random", .objectives = objectives, .evaluations = 300, .seed = 3});
  ASSERT_EQ(run.evaluations.size(), 300u);
  for (const SearchEvaluation& e : run.evaluations) {
    const Cell cell = space.cell(e.point);
    if (!e.valid()) {
      ++faults;
      EXPECT_EQ(e.fault, fault_of(cell, table.limits(), "this table"));
      EXPECT_EQ(e.joules, 0);
      continue;
    }
    const test::Made made = test::made_of(pruned(cell), 4);
    EXPECT_EQ(e.objectives(objectives), (std::vector{made.accuracy, made.joules}));
    EXPECT_EQ(e.joules, made.joules);
    EXPECT_EQ(e.seconds, made.seconds);
    EXPECT_EQ(e.number(kParameters), made.parameters);
  }
  EXPECT_GT(faults, 20);
  EXPECT_LT(faults, 150);
}

/// Of a matrix with ten edges of five vertices too many are left.
TEST(NasSearch, APointWithTooManyEdgesIsNoCell) {
  Table table = test::small_table(5);
  const CellSpace space(5, kFour);
  const TableEvaluator evaluator(table, space, default_objectives());
  Point point = space.point(parse_cell("01111/00111/00011/00001/00000:0,0,0"), 4);
  EXPECT_FALSE(evaluator.evaluate(point).valid());
  EXPECT_FALSE(evaluator.objective(1, point));
  point.set("edge_0_4", std::int64_t{0});
  EXPECT_TRUE(evaluator.evaluate(point).valid());
  EXPECT_EQ(evaluator.objective(1, point), evaluator.evaluate(point).number(kEnergy));
}

TEST(NasSearch, ExhaustiveAsksForEachTrainingOnce) {
  Table table = test::small_table(4, {4, 12, 36, 108});
  const CellSpace space(4, kLadder);
  const SearchRun run =
      search_table(table, space, {.strategy = "exhaustive", .objectives = default_objectives()});
  std::set<std::pair<Fingerprint, std::int64_t>> different;
  for (const SearchEvaluation& e : run.evaluations) {
    EXPECT_TRUE(e.valid());
    different.emplace(fingerprint(space.cell(e.point)), e.epochs);
  }
  EXPECT_EQ(run.evaluations.size(), 91u * 4);
  EXPECT_EQ(different.size(), 91u * 4);
  // Of a smaller space: the cells of 2 and 3 vertices.
  EXPECT_EQ(all_points(table, CellSpace(3, kFour)).size(), 7u);
}

std::vector<std::vector<double>> everything(const SearchRun& exhaustive,
                                            const std::vector<Objective>& objectives) {
  std::vector<std::vector<double>> all;
  for (const SearchEvaluation& e : exhaustive.evaluations) all.push_back(e.objectives(objectives));
  return all;
}

/// Every strategy finds more than random search does, and none more than there is.
TEST(NasSearch, StrategiesAreComparedUpToOneReference) {
  Table table = test::small_table(5);
  const CellSpace space(5, kFour);
  const auto objectives = default_objectives();
  std::vector<SearchRun> runs;
  for (const char* const strategy : {"random", "semoa", "sh-emoa", "nsga2", "exhaustive"}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      runs.push_back(search_table(
          table, space,
          {.strategy = strategy, .objectives = objectives, .evaluations = 150, .seed = seed}));
    }
  }
  const auto all = everything(runs.back(), objectives);
  const Comparison c = compare(runs, objectives, all);
  ASSERT_EQ(c.methods.size(), 5u);
  const double random = c.methods[0].volume.median;
  for (std::size_t m = 1; m < 4; ++m) EXPECT_GT(c.methods[m].volume.median, random);
  EXPECT_EQ(c.methods[4].volume.median, *c.whole);
  for (const Method& method : c.methods) {
    EXPECT_EQ(method.runs.size(), 5u);
    EXPECT_LE(method.volume.high, *c.whole);
    double last = 0, last_x = 0;
    for (const CurvePoint& point : method.over_evaluations) {
      EXPECT_GT(point.x, last_x);
      EXPECT_GE(point.volume.median, last);
      EXPECT_LE(point.volume.low, point.volume.median);
      last = point.volume.median, last_x = point.x;
    }
    EXPECT_EQ(last, method.volume.median);
    last = 0;
    for (const CurvePoint& point : method.over_joules) {
      EXPECT_GE(point.volume.median, last);
      last = point.volume.median;
    }
  }
  EXPECT_EQ(c.methods[0].over_evaluations.back().x, 150);
  // The volume at the end is that of all evaluations at once.
  for (std::size_t m = 0; m < 4; ++m) {
    const SearchRun& run = c.runs[c.methods[m].runs[2]];
    std::vector<std::vector<double>> values;
    for (const SearchEvaluation& e : run.evaluations) {
      if (e.valid()) values.push_back(e.objectives(objectives));
    }
    EXPECT_NEAR(search::hypervolume({directions_of(objectives), values}, c.reference),
                c.methods[m].landmarks[2].volume, 1e-9 * *c.whole);
  }
}

TEST(NasSearch, MsEhviKnowsTheEnergyOfTheTable) {
  Table table = test::small_table(4);
  const CellSpace space(4, kFour);
  const auto objectives = default_objectives();
  const SearchRun run =
      search_table(table, space,
                   {.strategy = "ms-ehvi", .objectives = objectives, .evaluations = 16, .seed = 1});
  for (std::size_t i = 10; i < 16; ++i) {
    EXPECT_TRUE(run.evaluations[i].valid()) << i;  // a point without energy is not proposed
  }
  EXPECT_NE(
      message_of([&] {
        search_table(
            table, space,
            {.strategy = "ms-ehvi", .objectives = objectives, .evaluations = 12, .exact = {}});
      }).find("no objective has exact values"),
      std::string::npos);
}

TEST(NasSearch, ALadderOfBudgetsIsClimbed) {
  Table table = test::small_table(4, {4, 12, 36, 108});
  const CellSpace space(4, kLadder);
  const auto count = [&](const char* strategy, std::int64_t epochs) {
    const SearchRun run = search_table(
        table, space,
        {.strategy = strategy, .objectives = default_objectives(), .evaluations = 100, .seed = 1});
    return std::ranges::count(run.evaluations, epochs, &SearchEvaluation::epochs);
  };
  EXPECT_EQ(count("sh-emoa", 4), 48);
  EXPECT_EQ(count("sh-emoa", 12), 24);
  EXPECT_EQ(count("sh-emoa", 36), 12 + 6);
  for (const std::int64_t epochs : kLadder) EXPECT_GE(count("semoa", epochs), 10);
}

SearchEvaluation evaluation(double accuracy, double joules) {
  SearchEvaluation e{.epochs = 4};
  e.values = {test::value_of(kValidationAccuracy, accuracy, Checkpoint::end, "", Quality::measured),
              test::value_of(kEnergy, joules, Checkpoint::end, "J", Quality::measured)};
  e.joules = joules;
  return e;
}

TEST(NasComparison, OfKnownRuns) {
  std::vector<SearchRun> runs(3);
  for (std::size_t r = 0; r < 3; ++r) {
    const auto x = static_cast<double>(r);
    runs[r].strategy = "random";
    runs[r].evaluations = {evaluation(0.5, 10), evaluation(0.8, 20 + x), {}, evaluation(0.9, 100)};
    runs[r].evaluations[2].fault = "no cell";
  }
  const Comparison c = compare(runs, default_objectives(), {});
  EXPECT_EQ(c.reference, (std::vector<double>{0.5, 100}));
  EXPECT_FALSE(c.whole);
  const Method& m = c.methods[0];
  // Behind (0.8, 20 + r) lie 0.3 x (80 - r); the first is no better than the reference.
  EXPECT_NEAR(m.volume.median, 0.3 * 79, 1e-12);
  EXPECT_NEAR(m.volume.low, 0.3 * 78.5, 1e-12);
  ASSERT_EQ(m.over_evaluations.size(), 4u);
  EXPECT_EQ(m.over_evaluations[0].volume.median, 0);
  EXPECT_NEAR(m.over_evaluations[1].volume.median, 0.3 * 79, 1e-12);
  EXPECT_EQ(m.invalid.median, 1);
  EXPECT_EQ(m.joules.median, 131);
  EXPECT_EQ(m.over_joules.back().x, 130);
  EXPECT_EQ(m.over_joules[40].volume.median, 0);  // after 26.65 J one evaluation is done
  EXPECT_NEAR(m.over_joules[61].volume.median, 0.3 * 79, 1e-12);  // after 40.3 J two
  EXPECT_EQ(m.landmarks[1].front, (std::vector<std::size_t>{3, 1, 0}));
  EXPECT_EQ(m.landmarks[1].extrema, (std::vector<std::size_t>{3, 0}));
  EXPECT_EQ(m.landmarks[1].bend, 1u);
  EXPECT_EQ(m.landmarks[1].knee, 1u);
  const Surface median{{0.9, 100}, {0.8, 21}, {0.5, 10}};
  EXPECT_EQ(m.attainment->median, median);
  EXPECT_EQ(m.attainment->quarter[1], (std::array<double, 2>{0.8, 20}));
  EXPECT_EQ(m.attainment->three_quarters[1], (std::array<double, 2>{0.8, 22}));
  EXPECT_EQ(message_of([] { compare({}, default_objectives(), {}); }),
            "there is no search to compare");
  EXPECT_EQ(message_of([] { compare({SearchRun()}, default_objectives(), {}); }),
            "no search has a valid evaluation: there is nothing to compare");
}

TEST(NasOpSwaps, AreThoseOfTheTable) {
  Table table = test::small_table(4);
  const auto tables = op_swaps(table, 4, {kEnergy, kParameters});
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].unit, "J");
  const auto& energy = tables[0].swaps;
  // Each cell gives a vertex with each operation: swaps go both ways.
  for (std::size_t from = 0; from < 3; ++from) {
    EXPECT_EQ(energy[from][from].pairs, 0);
    for (std::size_t to = 0; to < 3; ++to) {
      if (from == to) continue;
      EXPECT_GT(energy[from][to].pairs, 50);
    }
  }
  EXPECT_NEAR(energy[0][1].difference(), -4000, 1e-9);
  EXPECT_NEAR(energy[0][2].difference(), -4200, 1e-9);
  EXPECT_NEAR(energy[1][2].difference(), -200, 1e-9);
  EXPECT_NEAR(*energy[0][1].percent(), 100 * -4000 / energy[0][1].before, 1e-9);
  EXPECT_NEAR(tables[1].swaps[1][2].difference(), -1e5, 1e-6);
  EXPECT_NE(message_of([&] { op_swaps(table, 4, {"watts"}); }), "no error");
}

}  // namespace
}  // namespace joule::nas
