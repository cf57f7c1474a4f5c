// SPDX-License-Identifier: MIT
#include "joule/bench/gate/gate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/bench/gate/collected.h"
#include "joule/bench/gate/gate_outputs.h"
#include "joule/core/error.h"

namespace joule::bench {
namespace {

using Outcome = Gate::Outcome;

const std::vector<double> kFive = {10.0, 10.1, 10.2, 9.9, 9.8};

std::vector<double> times(const std::vector<double>& values, double factor) {
  std::vector<double> product;
  for (const double value : values) product.push_back(value * factor);
  return product;
}

GateFigure timed(std::vector<double> fresh, bool more_is_better = false) {
  return {.name = "time",
          .kind = GateKind::time,
          .unit = "s",
          .more_is_better = more_is_better,
          .base = kFive,
          .fresh = std::move(fresh)};
}

GateFigure counted(Exact base, Exact fresh) {
  return {.name = "MACs", .kind = GateKind::count, .exact = std::pair(base, fresh)};
}

Gate judged(std::vector<GateFigure> figures, GateOptions options = {}) {
  return gate({.figures = std::move(figures)}, options);
}

Verdict verdict(GateFigure figure, GateOptions options = {}) {
  return judged({std::move(figure)}, options).rows.at(0).verdict;
}

TEST(Gate, WhatIsSlowerBeyondDoubtAndToleranceIsWorse) {
  const Gate slow = judged({timed(times(kFive, 1.1))});
  EXPECT_EQ(slow.rows[0].verdict, Verdict::worse);
  EXPECT_NEAR(*slow.rows[0].ratio, 1.1, 1e-12);
  EXPECT_NEAR(*slow.rows[0].p, 2.0 / 252, 1e-12);
  EXPECT_EQ(slow.outcome(), Outcome::regressed);
  EXPECT_EQ(verdict(timed(times(kFive, 0.9))), Verdict::better);
  EXPECT_EQ(verdict(timed(times(kFive, 1.1), true)), Verdict::better);
  EXPECT_EQ(verdict(timed(times(kFive, 0.9), true)), Verdict::worse);
}

TEST(Gate, ASmallChangeDoesNotMatterHoweverSureItIs) {
  // Every new value is larger than every old one, by little.
  GateFigure figure = timed({102, 102.1, 102.2, 102.3, 102.4});
  figure.base = {100, 100.1, 100.2, 100.3, 100.4};
  const Gate found = judged({figure});
  EXPECT_EQ(found.rows[0].verdict, Verdict::within_tolerance);
  EXPECT_LE(*found.rows[0].p, found.threshold);
  EXPECT_EQ(found.outcome(), Outcome::passed);
  EXPECT_EQ(verdict(figure, {.tolerance = 0.01}), Verdict::worse);
  std::swap(figure.base, figure.fresh);
  EXPECT_EQ(verdict(figure), Verdict::within_tolerance);
  EXPECT_EQ(verdict(figure, {.tolerance = 0.01}), Verdict::better);
}

TEST(Gate, WhatScattersIsNotToldApart) {
  const Gate found = judged({timed({8, 14, 9.5, 13, 12})});
  EXPECT_GT(*found.rows[0].ratio, 1.03);
  EXPECT_EQ(found.rows[0].verdict, Verdict::not_told_apart);
  EXPECT_EQ(found.outcome(), Outcome::passed);
  EXPECT_EQ(verdict(timed(kFive)), Verdict::not_told_apart);
  GateFigure constant = timed({2, 2, 2, 2});
  constant.base = {2, 2, 2, 2};
  EXPECT_EQ(verdict(constant), Verdict::not_told_apart);
}

TEST(Gate, SoFewValuesDecideNothing) {
  GateFigure three = timed({20, 21, 22});
  three.base = {10, 11, 12};
  const Gate found = judged({three});
  EXPECT_EQ(found.rows[0].verdict, Verdict::too_few);
  EXPECT_EQ(found.rows[0].reason, "3 and 3 values; 4 each can be told apart");
  EXPECT_EQ(found.outcome(), Outcome::undecided);
  // What is worse is worse, whatever else is not known.
  EXPECT_EQ(judged({three, counted(1, 2)}).outcome(), Outcome::regressed);
}

TEST(Gate, AsMoreFiguresAreTestedEachMustBeSurer) {
  EXPECT_EQ(least_values(0.05), 4);
  EXPECT_EQ(least_values(0.05 / 6), 5);
  EXPECT_EQ(least_values(0.05 / 7), 6);
  const std::vector<GateFigure> six(6, timed(times(kFive, 1.1))), seven(7, six[0]);
  EXPECT_EQ(judged(six).rows[5].verdict, Verdict::worse);
  EXPECT_EQ(judged(seven).rows[5].verdict, Verdict::too_few);
  EXPECT_DOUBLE_EQ(judged(seven).threshold, 0.05 / 7);
  EXPECT_EQ(judged(seven, {.level = 0.2}).rows[5].verdict, Verdict::worse);
  // Counts are not tested.
  std::vector<GateFigure> with_counts = six;
  with_counts.push_back(counted(1, 1));
  EXPECT_EQ(judged(with_counts).rows[5].verdict, Verdict::worse);
}

TEST(Gate, CountsAreComparedToTheLastUnit) {
  constexpr Exact kLarge = 9007199254740993.0L;  // 2^53 + 1, which no double is
  EXPECT_EQ(verdict(counted(kLarge, kLarge)), Verdict::same);
  EXPECT_EQ(verdict(counted(kLarge, kLarge + 1)), Verdict::worse);
  EXPECT_EQ(verdict(counted(kLarge, kLarge - 1)), Verdict::better);
  EXPECT_EQ(verdict(counted(0, 1)), Verdict::worse);
  GateFigure modelled = counted(1, 1 + 1e-13L);
  EXPECT_EQ(verdict(modelled), Verdict::worse);
  modelled.kind = GateKind::energy;
  EXPECT_EQ(verdict(modelled), Verdict::same);
  modelled.exact->second = 1.001L;
  EXPECT_EQ(verdict(modelled), Verdict::worse);
}

TEST(Gate, WithoutAnythingToJudgeNothingIsDecided) {
  EXPECT_EQ(judged({}).outcome(), Outcome::undecided);
  GateFigure missing = timed({});
  missing.problem = "only the base has it";
  const Gate found = judged({missing, counted(1, 1)});
  EXPECT_EQ(found.rows[0].verdict, Verdict::not_comparable);
  EXPECT_EQ(found.rows[0].reason, "only the base has it");
  EXPECT_EQ(found.outcome(), Outcome::undecided);
  EXPECT_EQ(judged({missing, counted(1, 1)}, {.kinds = {GateKind::count}}).outcome(),
            Outcome::passed);
}

TEST(Gate, RefusesWhatMakesNoSense) {
  EXPECT_THROW(judged({}, {.tolerance = -0.1}), ArgumentError);
  EXPECT_THROW(judged({}, {.tolerance = std::nan("")}), ArgumentError);
  EXPECT_THROW(judged({}, {.level = 0}), ArgumentError);
  EXPECT_THROW(judged({}, {.level = 1}), ArgumentError);
  EXPECT_EQ(gate_kind("ratio"), GateKind::ratio);
  EXPECT_THROW(gate_kind("ratios"), ArgumentError);
}

TEST(Collected, ExactValuesAreSummedOverTheirCommonKeys) {
  Collected all;
  const Collected::What macs{.name = "MACs"};
  all.add_exact(0, macs, "seed 1", 10);
  all.add_exact(0, macs, "seed 2", 20);
  all.add_exact(1, macs, "seed 2", 21);
  all.add_exact(1, macs, "seed 3", 99);
  EXPECT_EQ(all.figures().at(0).exact, (std::pair<Exact, Exact>{20, 21}));

  all.add_exact(1, macs, "seed 2", 22);
  EXPECT_EQ(all.figures().at(0).problem,
            "the new ones contradict each other for seed 2: 21 and 22");

  Collected apart;
  apart.add_exact(0, macs, "seed 1", 10);
  EXPECT_EQ(apart.figures().at(0).problem, "only the base has it");
  apart.add_exact(1, macs, "seed 2", 10);
  EXPECT_EQ(apart.figures().at(0).problem, "the two sets have no seed in common");
}

TEST(Collected, AValueThatIsNotPositiveHasNoRatio) {
  Collected all;
  all.add(0, {.name = "t", .kind = GateKind::time}, 1);
  all.add(1, {.name = "t", .kind = GateKind::time}, 0);
  EXPECT_EQ(all.figures().at(0).problem, "a value is 0");
}

TEST(GateOutputs, ManyFiguresThatHaveNotChangedAreCounted) {
  std::vector<GateFigure> figures(60, counted(5, 5));
  figures[30] = {.name = "worse one",
                 .kind = GateKind::count,
                 .unit = "B",
                 .exact = std::pair<Exact, Exact>(5, 7)};
  const std::string text = to_text(judged(figures), 100);
  EXPECT_NE(text.find("59 more figures have not changed by what matters"), std::string::npos);
  EXPECT_NE(text.find("worse one"), std::string::npos);
  EXPECT_NE(text.find("gate: regressed"), std::string::npos);
  EXPECT_EQ(text.find("MACs"), std::string::npos);
  const auto json = json_of(judged(figures));
  EXPECT_EQ(json.at("figures").size(), 60u);
  EXPECT_EQ(json.at("figures")[30].at("verdict"), "worse");
  EXPECT_EQ(json.at("figures")[30].at("new").at("value"), 7);
  EXPECT_EQ(json.at("schema").at("name"), "joule.gate");
}

}  // namespace
}  // namespace joule::bench
