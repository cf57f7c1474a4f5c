// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "joule/core/error.h"
#include "joule/study/hpo/hpo_config.h"
#include "joule/study/hpo/hpo_paper.h"
#include "joule/study/hpo/hpo_results.h"
#include "joule/study/hpo/hpo_study.h"
#include "joule/training/config_fields.h"

namespace joule::study {
namespace {

template <class Body>
std::string message(Body&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

HpoConfig config() { return hpo_preset("quick", "lenet5"); }

std::string refused_space(std::vector<search::Dimension> dimensions) {
  return message([&] { check_hpo_space(search::Space(std::move(dimensions)), config().training); });
}

TEST(HpoSpace, TheTableOfFieldsIsItsVocabulary) {
  check_hpo_space(hpo_space("paper"), config().training);
  EXPECT_EQ(hpo_space("paper-3").size(), 3u);
  EXPECT_EQ(refused_space({}), "space: there is no dimension");
  EXPECT_EQ(refused_space({{.name = "learning_rate", .low = 0.1, .high = 1}}),
            "space: dimension 'learning_rate': there is no 'learning_rate'");
  EXPECT_EQ(refused_space({{.name = "seed", .kind = search::Kind::integer, .low = 1, .high = 2}}),
            "space: dimension 'seed': all trials must share it");
  EXPECT_EQ(refused_space({{.name = "batch", .low = 1, .high = 2}}),
            "space: dimension 'batch': is not to be real, by what it holds");
  EXPECT_EQ(refused_space({{.name = "beta1", .low = 0.1, .high = 1}}),
            "space: dimension 'beta1': beta1: must lie in [0, 1), got 1");
  EXPECT_TRUE(
      refused_space(
          {{.name = "optimizer", .kind = search::Kind::categorical, .choices = {"adam", "adamm"}}})
          .starts_with("space: dimension 'optimizer': optimizer: expected one of sgd, "));
  // Fields that ask something of each other.
  EXPECT_NE(
      refused_space({{.name = "dampening", .low = 0.1, .high = 1}}).find("of sgd, not of adam"),
      std::string::npos);
}

TEST(HpoSpace, APointSetsItsFields) {
  const search::Point point{{"lr", 0.01},
                            {"batch", std::int64_t{64}},
                            {"optimizer", std::string("adamw")},
                            {"beta2", 0.9}};
  const training::Config c = with_point(config().training, point, {"beta2"});
  EXPECT_EQ(c.lr, 0.01);
  EXPECT_EQ(c.batch, 64);
  EXPECT_EQ(c.optimizer, "adamw");
  EXPECT_EQ(c.beta2, 0.999);  // ignored
}

TEST(HpoStudy, ThePapersGridIsDrawnWithoutReplacement) {
  const search::Space grid = paper_grid(hpo_space("paper"));
  EXPECT_EQ(grid.grid_size(), 3125);
  std::set<double> values;
  const auto points = drawn_from_grid(grid, 64, 1234);
  ASSERT_EQ(points.size(), 64u);
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(points[i], points[j]);
    values.insert(points[i].get<double>("beta1"));
    hpo_space("paper").check(points[i]);
  }
  ASSERT_EQ(values.size(), 5u);
  EXPECT_DOUBLE_EQ(*values.begin(), 0.1);
  EXPECT_DOUBLE_EQ(*values.rbegin(), 0.82);  // 0.1 + 4 (1 - 0.1) / 5
  EXPECT_NE(points, drawn_from_grid(grid, 64, 1235));
  EXPECT_EQ(drawn_from_grid(grid, 9999, 1).size(), 3125u);
}

TEST(HpoStudy, GoalsSeedsAndPruner) {
  HpoConfig c = config();
  c.repeats = 2;
  c.repetition = 3;
  c.pruner = "hyperband";
  StudyDefinition d = hpo_study("a", c, hpo_space("paper"), "tpe");
  EXPECT_EQ(d.goals, (std::vector<Goal>{{"validation accuracy", search::Direction::maximise}}));
  EXPECT_EQ(d.seed, c.training.seed + 2);
  EXPECT_EQ(d.trials, c.rounds);
  EXPECT_EQ(d.pruner.most_steps, 2 * c.training.epochs);
  const search::Point point = *proposed({.definition = d}, {}, 0);
  EXPECT_EQ(training_at(c, point, 1).seed, c.training.seed + 4);
  EXPECT_EQ(training_at(c, point, 2).seed, c.training.seed + 5);
  c.pruner = "none";
  c.objective = kHpoWithinBudget;
  c.budget_joules = 20;
  d = hpo_study("a", c, hpo_space("paper"), "random");
  EXPECT_EQ(d.goals[1], (Goal{"training energy", search::Direction::minimise, 20}));
  const HpoConfig read = parse_hpo_config(d.config, "f");
  EXPECT_EQ(to_json(read), to_json(c));
}

TEST(HpoStudy, RefusesWhatMakesNoSense) {
  const auto refusal = [](const std::function<void(HpoConfig&)>& change,
                          const search::Space& space = hpo_space("paper"),
                          const char* strategy = "random") {
    HpoConfig c = config();
    change(c);
    return message([&] { hpo_study("a", c, space, strategy); });
  };
  EXPECT_EQ(refusal([](HpoConfig&) {}), "");
  EXPECT_EQ(refusal([](HpoConfig& c) { c.objective = "speed"; }),
            "objective: expected one of accuracy, joules, accuracy-within-budget, front, got "
            "'speed'");
  EXPECT_EQ(refusal([](HpoConfig& c) { c.objective = kHpoWithinBudget; }),
            "objective: accuracy-within-budget needs --budget-joules, the joules of one training");
  EXPECT_EQ(refusal([](HpoConfig& c) { c.budget_joules = 3; }),
            "budget-joules: is that of the objective accuracy-within-budget, not of accuracy");
  EXPECT_EQ(refusal([](HpoConfig& c) {
              c.objective = kHpoWithinBudget;
              c.budget_joules = -1;
            }),
            "budget-joules: expected a positive number of joules, got -1");
  EXPECT_EQ(refusal([](HpoConfig& c) { c.rounds = 0; }), "rounds: expected at least 1, got 0");
  EXPECT_EQ(refusal([](HpoConfig& c) {
              c.objective = kHpoFront;
              c.pruner = "median";
            }),
            "the pruner median goes by one goal, and the study a has 2");
  EXPECT_EQ(refusal([](HpoConfig& c) { c.ignored = {"momentum"}; }),
            "ignore: the space has no dimension momentum");
  const search::Space epochs(
      {{.name = "epochs", .kind = search::Kind::integer, .low = 1, .high = 3}});
  EXPECT_EQ(refusal([](HpoConfig& c) { c.pruner = "median"; }, epochs),
            "pruner: median compares trials by epochs, which the space varies");
  EXPECT_NE(refusal([](HpoConfig&) {}, hpo_space("paper"), "bayes").find("sampler"),
            std::string::npos);
  const search::Space real({{.name = "lr", .low = 0.1, .high = 1}});
  EXPECT_NE(refusal([](HpoConfig& c) { c.space_name = "space.json"; }, real, "grid").find("lr"),
            std::string::npos);
}

TEST(HpoPaper, HasItsTable) {
  const HpoPaperCell* const cell = hpo_paper_cell("fashion-mnist", "simple-cnn", "gp", 5);
  ASSERT_TRUE(cell);
  EXPECT_EQ(cell->accuracy, .8876);
  EXPECT_EQ(cell->round, 20);
  EXPECT_EQ(cell->joules_until_close, 133e3);
  EXPECT_FALSE(hpo_paper_cell("fashion-mnist", "simple-cnn", "tpe", 5));
  EXPECT_FALSE(hpo_paper_cell("fashion-mnist", "simple-cnn", "gp", 4));
}

// What searches come to.

Trial round(std::int64_t number, double accuracy, double joules, double seconds = 10) {
  Trial trial{.number = number, .point = {{"lr", 0.01}}, .state = State::complete};
  trial.started = 100;
  trial.ended = 100 + seconds;
  trial.values = {counted("validation accuracy", accuracy, "%", ""),
                  counted("test accuracy", accuracy - 1, "%", ""),
                  modelled("energy", joules, "J", ""),
                  modelled("training energy", joules, "J", "")};
  trial.proposal = {measured("proposal time", 0.5, "s", "")};
  return trial;
}

HpoRun run_of(std::string strategy, std::vector<Trial> trials, HpoConfig c = config()) {
  HpoRun run{.strategy = std::move(strategy), .config = std::move(c)};
  run.study.definition.space = search::Space({{.name = "lr", .low = 0.001, .high = 0.1}});
  run.trials = std::move(trials);
  return run;
}

TEST(HpoResultsOf, BestSoFarOverRoundsAndJoules) {
  Trial failed = round(2, 0, 0, 3);
  failed.state = State::failed;
  failed.values.clear();
  failed.reports = {{1, {modelled("energy", 4, "J", "")}}};
  failed.error = "diverged";
  const HpoResults r = hpo_results(
      {run_of("gp", {round(0, 70, 5), round(1, 80, 5), failed, round(3, 79, 5), round(4, 80.5, 5)}),
       run_of("random", {round(0, 60, 5), round(1, 79.4, 7), round(2, 79.6, 5)})});
  EXPECT_EQ(r.quality, Quality::modelled);
  EXPECT_EQ(r.best, 80.5);
  const HpoSearch& gp = r.searches[0];
  ASSERT_EQ(gp.steps.size(), 5u);
  std::vector<double> best, joules, seconds;
  for (const HpoStep& step : gp.steps) {
    best.push_back(*step.score);
    joules.push_back(*step.joules);
    seconds.push_back(step.seconds);
  }
  EXPECT_EQ(best, (std::vector<double>{70, 80, 80, 80, 80.5}));
  EXPECT_EQ(joules, (std::vector<double>{5, 10, 14, 19, 24}));
  EXPECT_EQ(seconds, (std::vector<double>{10.5, 21, 24.5, 35, 45.5}));
  EXPECT_EQ(gp.steps.back().proposal_seconds, 2.5);
  EXPECT_EQ(gp.failed, 1);
  EXPECT_EQ(gp.errors, (std::vector<std::string>{"round 3: diverged"}));
  EXPECT_EQ(gp.best_at->round, 5);
  EXPECT_EQ(gp.best_test_accuracy, 79.5);
  EXPECT_EQ(gp.close_to_own->round, 2);  // 80 >= 80.5 - 1
  EXPECT_EQ(gp.close_to_own->joules, 10);
  EXPECT_EQ(gp.close_to_all->round, 2);
  const HpoSearch& random = r.searches[1];
  EXPECT_EQ(random.close_to_own->round, 2);
  EXPECT_EQ(random.close_to_all->round, 3);
  EXPECT_EQ(random.close_to_all->joules, 17);
  EXPECT_EQ(r.rounds.size(), 7u);
  ASSERT_EQ(r.front.size(), 1u);
  EXPECT_EQ(r.rounds[r.front[0]].accuracy, 80.5);
}

TEST(HpoResultsOf, RoundsOverTheBudgetDoNotCount) {
  HpoConfig c = config();
  c.objective = kHpoWithinBudget;
  c.budget_joules = 5;
  const HpoResults r =
      hpo_results({run_of("gp", {round(0, 90, 6), round(1, 70, 5), round(2, 75, 4)}, c)});
  EXPECT_FALSE(r.searches[0].steps[0].score);
  EXPECT_EQ(r.searches[0].steps[1].score, 70);
  EXPECT_EQ(r.best, 75);
}

TEST(HpoResultsOf, JoulesAndFront) {
  HpoConfig c = config();
  c.objective = kHpoJoules;
  HpoResults r =
      hpo_results({run_of("gp", {round(0, 90, 6), round(1, 70, 4.02), round(2, 75, 4)}, c)});
  EXPECT_EQ(r.best, 4);
  EXPECT_EQ(r.searches[0].close_to_own->round, 2);  // within 1 %
  c.objective = kHpoFront;
  r = hpo_results({run_of("gp", {round(0, 50, 10), round(1, 40, 5)}, c)});
  // Of the rectangle 100 x 10.1: 50 (10.1 - 10) + 40 (10.1 - 5) less what both dominate.
  EXPECT_NEAR(*r.best, 100 * (50 * 0.1 + 40 * 5) / (100 * 10.1), 1e-9);
}

TEST(HpoResultsOf, SaysThatJoulesChooseNothing) {
  HpoConfig c = config();
  const auto same = [&](double second) {
    return joules_choose_nothing(
        hpo_results({run_of("gp", {round(0, 50, 10), round(1, 40, second)}, c)}));
  };
  EXPECT_FALSE(same(10));  // accuracy is searched for
  for (const std::string_view objective : {kHpoJoules, kHpoFront}) {
    c.objective = objective;
    EXPECT_TRUE(same(10)) << objective;
    EXPECT_FALSE(same(10.001)) << objective;
    EXPECT_FALSE(joules_choose_nothing(hpo_results({run_of("gp", {round(0, 50, 10)}, c)})));
  }
}

TEST(HpoResultsOf, NeverMixesQualities) {
  HpoRun one = run_of("gp", {round(0, 90, 6)}), two = run_of("tpe", {round(0, 80, 6)});
  for (Value& value : two.trials[0].values) {
    if (value.unit == "J") value.quality = Quality::measured;
  }
  EXPECT_NE(message([&] {
              hpo_results({one, two});
            }).find("they cannot be compared"),
            std::string::npos);
  // What a proposal took is added to measured joules alone.
  two.trials[0].proposal.push_back(measured("proposal energy", 2, "J", ""));
  EXPECT_EQ(hpo_results({two}).searches[0].steps[0].joules, 8);
  one.trials[0].proposal.push_back(measured("proposal energy", 2, "J", ""));
  const HpoStep step = hpo_results({one}).searches[0].steps[0];
  EXPECT_EQ(step.joules, 6);
  EXPECT_EQ(step.proposal_joules, 2);
}

TEST(HpoResultsOf, WhatPruningSaved) {
  HpoConfig c = config();
  c.training.epochs = 3;
  c.repeats = 2;
  Trial pruned = round(1, 0, 0);
  pruned.state = State::pruned;
  pruned.values = {modelled("energy", 8, "J", "")};
  pruned.reports = {{1, {}}, {2, {}}};
  const HpoResults r = hpo_results({run_of("gp", {round(0, 50, 10), pruned}, c)});
  EXPECT_EQ(r.searches[0].pruned, 1);
  EXPECT_EQ(r.searches[0].epochs_saved, 4);  // of 6
  EXPECT_EQ(r.searches[0].joules_saved, 4 * 8 / 2.0);
  EXPECT_EQ(r.searches[0].steps.back().joules, 18);
}

TEST(HpoResultsOf, MeansOverRepetitions) {
  HpoConfig second = config();
  second.repetition = 2;
  const HpoResults r =
      hpo_results({run_of("gp", {round(0, 70, 5)}), run_of("gp", {round(0, 80, 5)}, second)});
  ASSERT_EQ(r.strategies.size(), 1u);
  const auto mean =
      over_repetitions(r, r.strategies[0], [](const HpoSearch& s) { return s.steps.back().score; });
  EXPECT_EQ(mean->mean, 75);
  EXPECT_EQ(mean->n, 2u);
  EXPECT_TRUE(mean->interval);
}

}  // namespace
}  // namespace joule::study
