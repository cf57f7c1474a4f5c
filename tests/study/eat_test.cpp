// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "joule/core/error.h"
#include "joule/study/eat/eat_paper.h"
#include "joule/study/eat/eat_results.h"
#include "joule/study/eat/eat_study.h"

namespace joule::study {
namespace {

EatConfig small_config() {
  EatConfig config = eat_preset("quick", "small-cnn");
  config.lambdas = {0.5, 2};
  config.sigmas = {1e-4};
  config.seeds = 2;
  return config;
}

/// A trial that is complete, with what the choice reads.
Trial complete(const search::Point& point, double accuracy, double ratio) {
  Trial trial{.point = point, .state = State::complete};
  trial.values = {counted("validation accuracy", accuracy, "%", "images"),
                  modelled(std::string("validation ratio, ") + kEatProfile, ratio, "", "model")};
  return trial;
}

search::Point standard(std::int64_t seed) {
  return {{"seed", seed}, {"method", std::string("standard")}};
}
search::Point eat_point(std::int64_t seed, double lambda) {
  return {{"seed", seed}, {"method", std::string("eat")}, {"lambda", lambda}, {"sigma", 1e-4}};
}

/// Standard training 90 % and .7; lambda .5: `half`, lambda 2: `two`, accuracy and ratio each.
std::vector<Trial> trials_of(std::pair<double, double> half, std::pair<double, double> two) {
  std::vector<Trial> trials;
  for (std::int64_t seed = 1; seed <= 2; ++seed) {
    const double off = seed == 1 ? -0.1 : 0.1;
    trials.push_back(complete(standard(seed), 90 + off, 0.7));
    trials.push_back(complete(eat_point(seed, 0.5), half.first + off, half.second));
    trials.push_back(complete(eat_point(seed, 2), two.first + off, two.second));
  }
  return trials;
}

template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(EatConfig, IsTheSameAfterJson) {
  for (const std::string& preset : eat_presets()) {
    for (const char* model : {"small-cnn", "resnet18", "vgg16"}) {
      const EatConfig config = eat_preset(preset, model);
      const EatConfig again = parse_eat_config(to_json(config), "study");
      EXPECT_EQ(to_json(again), to_json(config));
      EXPECT_EQ(again.training, config.training);
    }
  }
}

TEST(EatConfig, ThePaperPresetIsItsRecipe) {
  const training::Config t = eat_preset("paper", "resnet18").training;
  EXPECT_EQ(t.epochs, 100);
  EXPECT_EQ(t.batch, 512);
  EXPECT_EQ(t.optimizer, "sgd");
  EXPECT_EQ(t.momentum, 0.9);
  EXPECT_EQ(t.weight_decay, 5e-4);
  EXPECT_EQ(t.lr, 0.1);
  EXPECT_EQ(t.schedule, "exponential");
  EXPECT_EQ(t.lr_factor, 0.95);
  EXPECT_EQ(t.l0_layers, "all");
  EXPECT_EQ(t.l0_normalization, "per-layer-mean");
  EXPECT_EQ(eat_preset("paper", "resnet18").chosen_on(), ChosenOn::test);
  EXPECT_EQ(eat_preset("quick", "resnet18").chosen_on(), ChosenOn::validation);
}

TEST(EatConfig, RefusesWhatMakesNoSense) {
  const auto refused = [](auto change) {
    EatConfig config = small_config();
    change(config);
    return error_of([&] { check(config); });
  };
  EXPECT_EQ(refused([](EatConfig& c) { c.lambdas = {}; }), "lambda: the sweep needs at least one");
  EXPECT_EQ(refused([](EatConfig& c) { c.lambdas = {1, 1}; }), "lambda: 1 is there twice");
  EXPECT_EQ(refused([](EatConfig& c) { c.lambdas = {0}; }),
            "lambda: expected above 0 (standard training is always there), got 0");
  EXPECT_NE(refused([](EatConfig& c) { c.sigmas = {-1}; }).find("l0_sigma: must be from"),
            std::string::npos);
  EXPECT_EQ(refused([](EatConfig& c) { c.training.l0_lambda = 1; }),
            "l0_lambda: the sweep sets it, got 1");
  EXPECT_NE(refused([](EatConfig& c) { c.seeds = 0; }).find("seeds"), std::string::npos);
  EXPECT_NE(refused([](EatConfig& c) { c.timing_rounds = 2; }).find("from 3 to 1000, got 2"),
            std::string::npos);
  EXPECT_NE(error_of([] { eat_preset("fast", "small-cnn"); }).find("preset"), std::string::npos);
  EXPECT_EQ(error_of([] { parse_eat_config("{}", "study x"); }), "study x: there is no 'preset'");
}

TEST(EatStudy, TrainsEachPointWithEachSeed) {
  const EatConfig config = small_config();
  const StudyDefinition study = eat_study("eat", config);
  ASSERT_EQ(study.fixed.size(), 6u);
  for (const search::Point& point : study.fixed) study.space.check(point);
  EXPECT_EQ(study.fixed[0], standard(1));
  EXPECT_EQ(study.fixed[2], eat_point(1, 2));
  EXPECT_EQ(study.fixed[3], standard(2));
  const training::Config plain = training_at(config, study.fixed[3]);
  EXPECT_EQ(plain.seed, config.training.seed + 1);
  EXPECT_EQ(plain.l0_lambda, 0);
  const training::Config eat = training_at(config, study.fixed[2]);
  EXPECT_EQ(eat.seed, config.training.seed);
  EXPECT_EQ(eat.l0_lambda, 2);
  EXPECT_EQ(eat.l0_sigma, 1e-4);
}

TEST(EatStudy, TakesOneLambdaAndOneSigma) {
  EatConfig config = small_config();
  config.lambdas = {0.5};
  config.seeds = 1;
  EXPECT_EQ(eat_study("eat", config).fixed.size(), 2u);
}

TEST(EatResults, ChoosesTheLowestRatioWithinTheLoss) {
  const EatConfig config = small_config();
  // Lambda 2 loses 2 points: within the paper's 3, not within 1.
  const EatResults r = eat_results(config, trials_of({89.5, .6}, {88, .5}));
  EXPECT_TRUE(r.finished);
  EXPECT_EQ(r.paper.cell, 2u);
  EXPECT_EQ(r.ours.cell, 1u);
  EXPECT_EQ(r.front, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(r.paper.why_none, "");
  EXPECT_EQ(
      r.paper.rule,
      "the lowest ratio (sponge-poisoning) that is lower than standard training's, with an "
      "accuracy within 3 points of standard training's, both on the validation images, in the "
      "mean of the seeds");
}

TEST(EatResults, SaysWhichConditionNoPointSatisfies) {
  const EatConfig config = small_config();
  const auto why = [&](std::pair<double, double> half, std::pair<double, double> two) {
    const EatResults r = eat_results(config, trials_of(half, two));
    EXPECT_EQ(r.paper.cell, std::nullopt);
    EXPECT_EQ(r.ours.cell, std::nullopt);
    return r.paper.why_none;
  };
  EXPECT_EQ(why({89.5, .7}, {90, .8}), "no point has a lower ratio");
  EXPECT_EQ(why({86.5, .6}, {86.5, .5}), "no point is as accurate");
  EXPECT_EQ(why({89.5, .7}, {86.5, .5}), "no point with a lower ratio is as accurate");
  std::vector<Trial> trials = trials_of({89.5, .6}, {88, .5});
  for (Trial& trial : trials) {
    if (trial.point.get<std::string>("method") == "eat") trial.state = State::waiting;
  }
  EXPECT_EQ(eat_results(config, trials).ours.why_none, "no point of the sweep is complete");
  trials.front().state = State::failed;
  EXPECT_EQ(eat_results(config, trials).ours.why_none, "standard training is not complete");
}

TEST(EatResults, TellsWhereStandardTrainingHasLearntNothing) {
  const EatConfig config = small_config();
  const auto learnt_nothing = [&](double accuracy, std::optional<double> chance) {
    std::vector<Trial> trials = trials_of({89.5, .6}, {88, .5});
    for (Trial& trial : trials) {
      trial.values.push_back(counted("test accuracy", accuracy, "%", "images"));
      if (chance) trial.values.push_back(counted(eat::kChance, *chance, "%", "images"));
    }
    return eat_results(config, trials).learnt_nothing.has_value();
  };
  EXPECT_TRUE(learnt_nothing(10, 10.6));
  EXPECT_FALSE(learnt_nothing(10.7, 10.6));
  EXPECT_FALSE(learnt_nothing(10, std::nullopt)) << "a study of an earlier version";
}

TEST(EatResults, LeavesOutAPointOfWhichATrialFailed) {
  const EatConfig config = small_config();
  std::vector<Trial> trials = trials_of({89.5, .6}, {89.9, .5});
  EXPECT_EQ(eat_results(config, trials).ours.cell, 2u);
  trials.back().state = State::failed;
  trials.back().error = "the net is dead";
  const EatResults r = eat_results(config, trials);
  EXPECT_TRUE(r.finished);
  EXPECT_EQ(r.ours.cell, 1u);
  EXPECT_EQ(r.cells[2].failed, 1);
  EXPECT_EQ(r.cells[2].errors, std::vector<std::string>{"the net is dead"});
  trials.back().state = State::waiting;
  EXPECT_FALSE(eat_results(config, trials).finished);
}

TEST(EatResults, MarksPointsOfTheFrontThatTheSeedsDoNotTellApart) {
  const EatConfig config = small_config();
  // 89.9 and 90 with intervals of more than a point (two seeds): not told apart by accuracy.
  const EatResults r = eat_results(config, trials_of({89.9, .6}, {80, .5}));
  ASSERT_EQ(r.front.size(), 3u);
  for (const auto& [a, b] : r.unseparated) {
    EXPECT_TRUE((a == 0 && b == 1) || (a == 1 && b == 0)) << a << ' ' << b;
  }
  EXPECT_EQ(r.unseparated.size(), 1u);
}

TEST(EatResults, ChangesArePairedBySeed) {
  const Over a{.name = "x", .unit = "", .numbers = {8, 27}, .seeds = {2, 1}};
  const Over b{.name = "x", .unit = "", .numbers = {30, 10, 5}, .seeds = {1, 2, 3}};
  const Change c = change(a, b);
  EXPECT_EQ(c.difference.n_a, 2u);
  EXPECT_DOUBLE_EQ(c.difference.difference, -2.5);
  EXPECT_DOUBLE_EQ(c.relative.mean, -15);
}

TEST(EatPaper, HasTheCellsOfTable1) {
  const EatPaperCell* const cell = eat_paper_cell("cifar-10", "vgg16");
  ASSERT_TRUE(cell);
  EXPECT_EQ(cell->standard_accuracy, .91);
  EXPECT_EQ(cell->eat_ratio, .53);
  EXPECT_EQ(cell->decrease, 20.89);
  EXPECT_EQ(eat_paper_cell("fashion-mnist", "vgg16"), nullptr);
}

}  // namespace
}  // namespace joule::study
