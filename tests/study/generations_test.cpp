// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <functional>

#include "joule/study/evolve/evolve_study.h"
#include "joule/study/evolve/generations.h"

namespace joule::study {
namespace {

EvolveConfig small_evolution() {
  EvolveConfig config = evolve_preset("quick");
  config.lambda = 3;
  config.limits.generations = 4;
  config.meter = "none";
  return config;
}

/// What a trial of that number would come to.
using Judge = std::function<double(const EvolvePoint&, std::int64_t number)>;

Trial finished_trial(const search::Point& point, std::int64_t number, const Judge& judge) {
  Trial trial{.number = number,
              .point = point,
              .state = State::complete,
              .started = 2.0 * number,
              .ended = 2.0 * number + 1};
  const double fitness = judge(parse_point(point, "here"), number);
  trial.values = {counted(evolve::kFitness, fitness, "", "test"),
                  counted(evolve::kValid, fitness < 0 ? 0 : 1, "", "test"),
                  counted(evolve::kEpochs, 2, "", "test"),
                  counted("accuracy_1", fitness, "", "test"),
                  modelled("power_1", 1.0 + static_cast<double>(number % 5), "J", "test")};
  const EvolvePoint told = parse_point(point, "here");
  for (const std::int64_t module : told.modules) {
    trial.values.push_back(modelled(evolve::module_power(static_cast<std::size_t>(module)),
                                    1.0 + static_cast<double>(module), "J", "test"));
  }
  return trial;
}

std::vector<Trial> run_all(const EvolveConfig& config, const Judge& judge) {
  Generations evolution(config, 7);
  std::vector<Trial> trials;
  while (const auto point = evolution.ask(trials, std::ssize(trials))) {
    trials.push_back(finished_trial(*point, std::ssize(trials), judge));
  }
  return trials;
}

double by_number(const EvolvePoint&, std::int64_t number) {
  return 0.1 + 0.01 * static_cast<double>((number * 7) % 11);
}

TEST(Generations, AreAFunctionOfTheFinishedTrials) {
  const EvolveConfig config = small_evolution();
  const std::vector<Trial> trials = run_all(config, by_number);
  EXPECT_GE(trials.size(), 12u);
  for (std::size_t known = 0; known < trials.size(); ++known) {
    const std::vector<Trial> some(trials.begin(),
                                  trials.begin() + static_cast<std::ptrdiff_t>(known));
    Generations again(config, 7);  // as after a kill
    const auto point = again.ask(some, static_cast<std::int64_t>(known));
    ASSERT_TRUE(point) << known;
    EXPECT_EQ(*point, trials[known].point) << known;
  }
  Generations other(config, 8);
  EXPECT_NE(*other.ask({}, 0), trials[0].point);
}

TEST(Generations, WaitForAllOfTheOneBefore) {
  const EvolveConfig config = small_evolution();
  std::vector<Trial> trials = run_all(config, by_number);
  trials.resize(3);
  trials[1].state = State::running;
  Generations evolution(config, 7);
  EXPECT_FALSE(evolution.ask(trials, 3));
  EXPECT_TRUE(evolution.ended().empty());
  trials[1].state = State::complete;
  EXPECT_TRUE(evolution.ask(trials, 3));
}

TEST(Generations, TheFittestIsTheParentAndFailedTrialsAreInvalid) {
  EvolveConfig config = small_evolution();
  config.settings.rates.train_longer = 0;
  std::vector<Trial> trials = run_all(config, by_number);
  trials.resize(3);
  trials[2].values[0].number = 0.9;
  trials[0].state = State::failed;
  Generations evolution(config, 7);
  const EvolvePoint next = parse_point(*evolution.ask(trials, 3), "next");
  EXPECT_EQ(next.role, EvolveRole::offspring);
  EXPECT_EQ(next.generation, 1);
  EXPECT_EQ(next.individual.parent, 2);
  EXPECT_EQ(next.parents, std::vector<std::int64_t>{2});
  EXPECT_EQ(next.first, 3);
  EXPECT_FALSE(evolution.generations()[0].nets[0].valid);
  EXPECT_EQ(evolution.generations()[0].nets[0].fitness, -1);
}

TEST(Generations, TheParentIsTrainedAgainIfAskedFor) {
  EvolveConfig config = small_evolution();
  config.retrain_parent = true;
  std::vector<Trial> trials = run_all(config, by_number);
  Generations evolution(config, 7);
  evolution.update(trials);
  for (const Generation& generation : evolution.generations()) {
    if (generation.number == 0) continue;
    const EvolvePoint& first = generation.nets[0].point;
    EXPECT_EQ(first.role, EvolveRole::parent);
    EXPECT_FALSE(first.individual.resumes);
    EXPECT_EQ(first.from, -1);
  }
  EXPECT_EQ(evolution.generations().size(), 4u);
  EXPECT_EQ(evolution.ended(), "4 generations");
}

TEST(Generations, WhoHadMoreTimeIsComparedAtEqualTime) {
  EvolveConfig config = small_evolution();
  config.settings.rates.train_longer = 1;
  // The longer, the better: a rematch, in which the rivals get as much time.
  const auto by_slots = [](const EvolvePoint& point, std::int64_t number) {
    return 0.1 * static_cast<double>(point.individual.slots) + 0.001 * static_cast<double>(number);
  };
  config.limits.generations = 3;
  const std::vector<Trial> trials = run_all(config, by_slots);
  bool resumed = false, rematch = false;
  for (const Trial& trial : trials) {
    const EvolvePoint point = parse_point(trial.point, "it");
    if (point.role == EvolveRole::offspring) {
      EXPECT_TRUE(point.individual.resumes);
      EXPECT_EQ(point.slots, 1);
      EXPECT_GE(point.from, 0);
      resumed = true;
    }
    if (point.role != EvolveRole::rematch) continue;
    rematch = true;
    EXPECT_TRUE(point.individual.resumes);
    const EvolvePoint rival = parse_point(trials[static_cast<std::size_t>(point.from)].point, "r");
    EXPECT_EQ(point.slots, point.individual.slots - rival.individual.slots);
  }
  EXPECT_TRUE(resumed);
  EXPECT_TRUE(rematch);
}

TEST(Generations, SeveralCriteriaLeaveSeveralSurvivors) {
  EvolveConfig config = small_evolution();
  config.selection = "nsga2";
  config.criteria = {{"accuracy_1", search::Direction::maximise},
                     {"power_1", search::Direction::minimise}};
  const std::vector<Trial> trials = run_all(config, by_number);
  Generations evolution(config, 7);
  evolution.update(trials);
  ASSERT_EQ(evolution.generations().size(), 4u);
  EXPECT_EQ(evolution.generations()[1].survivors.size(), 3u);
  for (const char* const selection : {"lexicase", "epsilon-lexicase"}) {
    config.selection = selection;
    Generations one(config, 7);
    one.update(run_all(config, by_number));
    EXPECT_EQ(one.generations().at(1).survivors.size(), 1u) << selection;
  }
}

TEST(Generations, EndByEpochsOrSeconds) {
  EvolveConfig config = small_evolution();
  config.limits = {.generations = 0, .epochs = 7};
  Generations by_epochs(config, 7);
  by_epochs.update(run_all(config, by_number));
  EXPECT_EQ(by_epochs.generations().size(), 2u);  // 3 candidates of 2 epochs each
  config.limits = {.generations = 0, .seconds = 5.5};
  Generations by_seconds(config, 7);
  by_seconds.update(run_all(config, by_number));
  EXPECT_EQ(by_seconds.generations().size(), 2u);  // 3 trials, from 0 to 5 s
}

TEST(Generations, MeasuredModulesAreInTheArchive) {
  const EvolveConfig config = small_evolution();
  const std::vector<Trial> trials = run_all(config, by_number);
  Generations evolution(config, 7);
  evolution.update(trials);
  EXPECT_GT(evolution.archive().modules().size(), 2u);
  EXPECT_EQ(evolution.generations().back().archive, evolution.archive().modules().size());
  // What is in it is not measured again.
  for (const Trial& trial : trials) {
    const EvolvePoint point = parse_point(trial.point, "it");
    EXPECT_LE(point.modules.size(), point.individual.genotype.modules.size());
  }
}

TEST(EvolveConfig, ReadsWhatItWritesAndNamesWhatIsWrong) {
  for (const std::string& preset : evolve_presets()) {
    const EvolveConfig config = evolve_preset(preset);
    EXPECT_EQ(to_json(parse_evolve_config(to_json(config), "c.json")), to_json(config)) << preset;
  }
  const auto error = [](const char* json) -> std::string {
    try {
      parse_evolve_config(json, "c.json");
    } catch (const std::exception& fault) {
      return fault.what();
    }
    return "no error";
  };
  EXPECT_EQ(error(R"({"preset": "energize", "lambda": 6, "training": {"epochs": 3}})"), "no error");
  EXPECT_EQ(error(R"({"lamda": 6})"), "c.json: there is no member 'lamda'; did you mean 'lambda'?");
  EXPECT_EQ(error(R"({"training": {"epoch": 6}})"),
            "c.json: training: there is no member 'epoch'; did you mean 'epochs'?");
  EXPECT_EQ(error(R"({"lambda": "6"})"), "c.json: 'lambda' is \"6\", of another type");
  EXPECT_EQ(error(R"({"lambda": 0})"), "c.json: lambda: expected 1 to 10000, got 0");
  EXPECT_EQ(error(R"({"selection": "nsga2"})"), "c.json: criteria: the selection nsga2 needs some");
  EXPECT_NE(error(R"({"grammar": "<features> ::= "})"), "no error");
}

}  // namespace
}  // namespace joule::study
