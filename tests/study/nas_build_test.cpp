// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <set>

#include "joule/core/error.h"
#include "joule/study/nas_build/build_results.h"
#include "joule/study/nas_build/build_study.h"
#include "joule/study/nas_build/build_table.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

/// 7 cells, two budgets, two seeds.
BuildConfig tiny() {
  BuildConfig config = build_preset("small", "fashion-mnist");
  config.space.vertices = 3;
  config.budgets = {1, 4};
  config.seeds = 2;
  return config;
}

TEST(BuildConfig, IsTheSameAfterJson) {
  for (const std::string& preset : build_presets()) {
    BuildConfig config = build_preset(preset, "cifar-10");
    config.skeleton.stacks = 2;
    check(config);
    const BuildConfig again = parse_build_config(to_json(config), "study");
    EXPECT_EQ(to_json(again), to_json(config));
    EXPECT_EQ(again.training, config.training);
    EXPECT_EQ(again.skeleton, config.skeleton);
    EXPECT_EQ(again.space, config.space);
  }
}

TEST(BuildConfig, ThePaperPresetIsItsProtocol) {
  const BuildConfig c = build_preset("paper", "cifar-10");
  EXPECT_EQ(c.skeleton, nas::Skeleton());
  EXPECT_EQ(c.skeleton.channels, 128);
  EXPECT_EQ(c.skeleton.cells, 3);
  EXPECT_EQ(c.skeleton.stacks, 3);
  EXPECT_EQ(c.skeleton.norm_momentum, 0.003);
  EXPECT_EQ(c.budgets, (std::vector<std::int64_t>{4, 12, 36, 108}));
  EXPECT_EQ(c.training.optimizer, "rmsprop");
  EXPECT_EQ(c.training.momentum, 0.9);
  EXPECT_EQ(c.training.epsilon, 1);
  EXPECT_EQ(c.training.lr, 0.1);
  EXPECT_EQ(c.training.schedule, "cosine");
  EXPECT_EQ(c.training.weight_decay, 1e-4);
  EXPECT_EQ(c.training.batch, 256);
  EXPECT_EQ(c.training.augment, "crop-flip");
  EXPECT_EQ(c.training.validation, 0.2);  // 40 000 and 10 000 of CIFAR-10
  EXPECT_EQ(c.training.limit, 0);
}

TEST(BuildConfig, RefusesWhatMakesNoSense) {
  const auto refused = [](auto change) {
    BuildConfig config = tiny();
    change(config);
    return error_of([&] { check(config); });
  };
  using C = BuildConfig;
  EXPECT_EQ(refused([](C& c) { c.budgets = {}; }),
            "budgets: expected at least one number of epochs");
  EXPECT_EQ(refused([](C& c) {
              c.budgets = {4, 4};
            }),
            "budgets: expected ascending numbers, got 4 after 4");
  EXPECT_EQ(refused([](C& c) { c.budgets = {0}; }), "budgets: expected at least 1, got 0");
  EXPECT_EQ(refused([](C& c) { c.seeds = 0; }), "seeds: expected at least 1, got 0");
  EXPECT_EQ(refused([](C& c) { c.training.validation = 0; }),
            "validation: expected more than 0, as searches choose by the images held back");
  EXPECT_EQ(refused([](C& c) { c.space.vertices = 8; }), "vertices: expected 2 to 7, got 8");
  EXPECT_EQ(refused([](C& c) { c.space.vertices = 7; }),
            "a study trains at most 100000 nets, 423624 cells of 7 vertices with 4 trainings each "
            "are more");
  EXPECT_EQ(refused([](C& c) { c.skeleton.cells = 0; }), "cells: expected 1 to 100, got 0");
  EXPECT_EQ(refused([](C& c) { c.skeleton.norm_momentum = 0; }),
            "norm_momentum: expected more than 0 and at most 1, got 0");
}

TEST(BuildStudy, TrainsEachCellForEachBudgetWithEachSeed) {
  const StudyDefinition study = build_study("built", tiny());
  check(study);
  EXPECT_EQ(study.kind, "nas-build");
  EXPECT_EQ(study.fixed.size(), 2U * 2 * 7);
  std::set<std::string> all;
  for (const search::Point& point : study.fixed) all.insert(to_json(point));
  EXPECT_EQ(all.size(), study.fixed.size());
  EXPECT_EQ(kind_of("nas-build").name, "nas-build");
}

Dataset images() { return load_dataset("synthetic").train; }

TEST(BuildStudy, ATrialsNetIsItsCells) {
  const BuildConfig config = tiny();
  const auto cells = nas::enumerate(config.space);
  const search::Point point{
      {"cell", std::int64_t{3}}, {"epochs", std::int64_t{4}}, {"seed", std::int64_t{2}}};
  const nas::NamedCell& cell = cell_at(cells, point);
  EXPECT_EQ(cell.fingerprint, cells[2].fingerprint);
  const training::Config t = training_at(config, cell, point, images());
  EXPECT_EQ(t.model, "cell-" + to_text(cell.fingerprint).substr(0, 12));
  EXPECT_NE(t.net.find("stack3.cell1.vertex1"), std::string::npos);
  EXPECT_EQ(t.epochs, 4);
  EXPECT_EQ(t.seed, config.training.seed + 1);
  EXPECT_EQ(error_of([&] {
              cell_at(cells, {{"cell", std::int64_t{8}}});
            }),
            "cell: expected 1 to 7, got 8");
}

Value percent(const std::string& name, double number) {
  return counted(name, number, "%", "images");
}

/// A trial of a cell as the objective gives it, with numbers that tell themselves apart.
Trial complete(std::int64_t cell, std::int64_t epochs, std::int64_t seed, bool metered) {
  const auto c = static_cast<double>(cell), s = static_cast<double>(seed);
  Trial trial{.number = cell,
              .point = {{"cell", cell}, {"epochs", epochs}, {"seed", seed}},
              .state = State::complete};
  trial.token = 1;
  trial.values = {
      percent("training accuracy at start", 10), percent("validation accuracy at start", 11),
      percent("test accuracy at start", 12),     percent("validation accuracy", 50 + c + s),
      percent("test accuracy", 40 + c),          percent("training accuracy", 60)};
  for (const char* at : {"", " at half"}) {
    const double part = *at == '\0' ? 1 : 0.5;
    trial.values.push_back(measured(str("training time", at), part * 8, "s", "clock"));
    Value joules = measured(str("training energy", at), part * 100 * c, "J", "RAPL");
    joules.low = *joules.number - 1;
    joules.high = *joules.number + 1;
    trial.values.push_back(metered ? joules : unavailable(joules.name, "J", "", "no meter"));
    trial.values.push_back(modelled(str("training energy", at), part * 10 * c, "J", "horowitz45"));
  }
  trial.values.push_back(percent("validation accuracy at half", 30));
  trial.values.push_back(counted("parameters", 1000 * c, "", "of the net"));
  trial.values.push_back(modelled("energy", 15 * c, "J", "horowitz45"));
  trial.reports = {{epochs / 2, {percent("training accuracy", 33)}}};
  return trial;
}

std::vector<Trial> trials_of(bool metered) {
  std::vector<Trial> trials;
  for (std::int64_t seed = 1; seed <= 2; ++seed) {
    for (std::int64_t cell = 1; cell <= 7; ++cell)
      trials.push_back(complete(cell, 4, seed, metered));
  }
  return trials;
}

TEST(BuiltTable, HasWhatTheTrialsMeasured) {
  nas::Table table =
      built_table(tiny(), trials_of(true), {.scale_to = {108}, .carbon_intensity = 360});
  EXPECT_EQ(table.models().size(), 7U);
  EXPECT_EQ(table.points().size(), 14U);
  const nas::Cell cell = nas::enumerate({.vertices = 3})[1].cell;  // the trials' cell 2
  const nas::Answer end = table.query(cell, 4, {.repeat = 2});
  EXPECT_DOUBLE_EQ(end.number("validation accuracy").value(), 0.54);
  EXPECT_DOUBLE_EQ(end.number("test accuracy").value(), 0.42);
  EXPECT_DOUBLE_EQ(end.number("train accuracy").value(), 0.60);
  EXPECT_EQ(end.number("training time"), 8);
  EXPECT_EQ(end.number("parameters"), 2000);
  EXPECT_EQ(end.number("energy"), 200);
  EXPECT_EQ(end.number("modelled energy"), 20);
  EXPECT_EQ(end.number("average power"), 25);
  const nas::Value energy = end.value("energy").value();
  EXPECT_EQ(energy.origin.quality, nas::Quality::measured);
  EXPECT_EQ(energy.origin.source, "RAPL");
  EXPECT_EQ(energy.low, 199);
  EXPECT_EQ(energy.high, 201);
  const nas::Value scaled = end.value("energy scaled linearly to 108 epochs").value();
  EXPECT_EQ(scaled.number, 200 * 27);
  EXPECT_EQ(scaled.origin.quality, nas::Quality::modelled);
  EXPECT_EQ(scaled.origin.source, "energy of 4 epochs times 108 / 4");
  EXPECT_DOUBLE_EQ(end.number("co2eq").value(), 200 / 3.6e6 * 360);
  const nas::Answer half = table.query(cell, 4, {.stop_halfway = true, .repeat = 2});
  EXPECT_DOUBLE_EQ(half.number("train accuracy").value(), 0.33);
  EXPECT_DOUBLE_EQ(half.number("validation accuracy").value(), 0.30);
  EXPECT_EQ(half.number("epochs"), 2);
  EXPECT_EQ(half.number("energy"), 100);
}

TEST(BuiltTable, EnergyIsOfOneQuality) {
  std::vector<Trial> trials = trials_of(true);
  EXPECT_EQ(built_energy(trials), Quality::measured);
  std::vector<Trial> by_samples = trials;
  for (Trial& trial : by_samples) {
    for (Value& value : trial.values) {
      if (value.source == "RAPL") value.quality = Quality::sampled;
    }
  }
  EXPECT_EQ(built_energy(by_samples), Quality::sampled);
  const nas::Cell any = nas::enumerate({.vertices = 3})[0].cell;
  EXPECT_EQ(
      built_table(tiny(), by_samples).query(any, 4, {.repeat = 1}).value("energy")->origin.quality,
      Quality::sampled);
  by_samples[3] = trials[3];
  EXPECT_EQ(built_energy(by_samples), Quality::modelled);
  trials[3] = complete(4, 4, 1, false);
  EXPECT_EQ(built_energy(trials), Quality::modelled);
  nas::Table table = built_table(tiny(), trials);
  for (const nas::NamedCell& cell : nas::enumerate({.vertices = 3})) {
    const nas::Value energy = table.query(cell.cell, 4, {.repeat = 1}).value("energy").value();
    EXPECT_EQ(energy.origin.quality, nas::Quality::modelled);
    EXPECT_EQ(energy.origin.source, "horowitz45");
  }
  EXPECT_NE(error_of([&] { table.column("energy scaled linearly to 108 epochs"); }), "");
  EXPECT_EQ(error_of([] { built_table(tiny(), {}); }),
            "no trial of the study is complete: there is nothing to put into a table");
}

TEST(BuildResults, HaveTheFrontOfEachBudget) {
  std::vector<Trial> trials = trials_of(true);
  const BuildResults results = build_results(tiny(), trials);
  EXPECT_FALSE(results.finished);  // the budget of one epoch has no trial
  ASSERT_EQ(results.fronts.size(), 2U);
  EXPECT_TRUE(results.fronts[0].built.empty());
  // Accuracy grows with energy: every cell is on the front.
  EXPECT_EQ(results.fronts[1].built.size(), 7U);
  EXPECT_EQ(results.built[results.fronts[1].built.front()].cell, 0U);
  EXPECT_EQ(results.energy, Quality::measured);
  // A cell that lacks a seed is not on it.
  trials.back().state = State::failed;
  trials.back().error = "the loss is nan";
  const BuildResults without = build_results(tiny(), trials);
  EXPECT_EQ(without.fronts[1].built.size(), 6U);
  EXPECT_EQ(without.built[13].errors, (std::vector<std::string>{"the loss is nan"}));
}

}  // namespace
}  // namespace joule::study
