// SPDX-License-Identifier: MIT
#include "joule/study/study.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "joule/core/error.h"
#include "joule/study/budget.h"
#include "joule/study/kinds.h"
#include "joule/study/progress.h"
#include "joule/study/storage/storage.h"

namespace joule::study {
namespace {

StudyDefinition definition() {
  return {.name = "a",
          .kind = "b",
          .config = R"({"epochs": 3, "data": {"limit": [1, 2]}})",
          .space = search::Space({{.name = "x", .low = 0, .high = 2}}),
          .goals = {{"loss", search::Direction::minimise}},
          .sampler = "random",
          .fixed = {search::Point{{"x", 1.5}}, search::Point{{"x", 0.5}}},
          .trials = 5};
}

Trial trial(std::int64_t number, State state, std::vector<Value> values = {}) {
  return {.number = number, .point = {{"x", 1.0}}, .state = state, .values = std::move(values)};
}

template <class Body>
std::string message(Body&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(Study, FixedPointsComeFirst) {
  Study study{.definition = definition()};
  EXPECT_EQ(proposed(study, {}, 0), (search::Point{{"x", 1.5}}));
  EXPECT_EQ(proposed(study, {}, 1), (search::Point{{"x", 0.5}}));
  const auto sampler = search::make_sampler("random");
  EXPECT_EQ(proposed(study, {}, 3), sampler->ask(study.definition.space, {}, 1, 1));
  EXPECT_NE(proposed(study, {}, 3), proposed(study, {}, 2));
  EXPECT_FALSE(proposed(study, {}, 5));
  study.definition.sampler.clear();
  study.definition.trials.reset();
  EXPECT_FALSE(proposed(study, {}, 2));
  EXPECT_EQ(extent(study.definition), 2);
}

TEST(Study, TellsTheFirstDifference) {
  const auto changed = [](const std::function<void(StudyDefinition&)>& change) {
    StudyDefinition asked = definition();
    change(asked);
    return difference(definition(), asked);
  };
  EXPECT_EQ(changed([](StudyDefinition&) {}), "");
  EXPECT_EQ(changed([](StudyDefinition& d) { d.trials = 9, d.energy_budget = energy::Joules(1); }),
            "");
  EXPECT_EQ(
      changed([](StudyDefinition& d) { d.config = R"({"data": {"limit": [1, 3]}, "epochs": 3})"; }),
      "config.data.limit[1] is 2, got 3");
  EXPECT_EQ(changed([](StudyDefinition& d) { d.config = R"({"epochs": 3})"; }),
            R"(config.data is {"limit":[1,2]}, got nothing)");
  EXPECT_EQ(changed([](StudyDefinition& d) { d.fixed.pop_back(); }), "fixed has 2 entries, got 1");
  EXPECT_EQ(changed([](StudyDefinition& d) { d.goals[0].direction = search::Direction::maximise; }),
            R"(goals[0].direction is "minimise", got "maximise")");
  EXPECT_EQ(changed([](StudyDefinition& d) {
              d.space = search::Space({{.name = "x", .low = 0, .high = 3}});
              d.seed = 7;
            }).substr(0, 30),
            "space.dimensions[0].high is 2.");
}

TEST(Study, RefusesWhatMakesNoStudy) {
  const auto refusal = [](const std::function<void(StudyDefinition&)>& change) {
    StudyDefinition d = definition();
    change(d);
    return message([&] { check(d); });
  };
  EXPECT_EQ(refusal([](StudyDefinition&) {}), "");
  EXPECT_EQ(refusal([](StudyDefinition& d) { d.name = "a\nb"; }),
            R"(the name of a study has a control character: "a\nb")");
  EXPECT_EQ(refusal([](StudyDefinition& d) { d.config = "[1]"; }),
            "the config of the study a is no JSON object: [1]");
  EXPECT_EQ(refusal([](StudyDefinition& d) { d.trials.reset(); }),
            "the study a needs a number of trials: the sampler random has no end");
  EXPECT_EQ(refusal([](StudyDefinition& d) { d.trials = 0; }),
            "trials: expected at least 1, got 0");
  EXPECT_EQ(refusal([](StudyDefinition& d) { d.goals.push_back(d.goals[0]); }),
            "the study a has the goal loss twice");
  EXPECT_EQ(refusal([](StudyDefinition& d) { d.sampler.clear(), d.fixed.clear(); }),
            "the study a has neither a sampler nor fixed points: there is nothing to try");
  EXPECT_TRUE(refusal([](StudyDefinition& d) {
                d.fixed[1] = {{"x", 3.0}};
              }).starts_with("fixed point 1 of the study a: "));
  EXPECT_NE(refusal([](StudyDefinition& d) { d.sampler = "oracle"; }), "");
  EXPECT_EQ(refusal([](StudyDefinition& d) { d.goals[0].limit = 1; }),
            "the study a has limits alone: there is nothing to make better");
  EXPECT_EQ(refusal([](StudyDefinition& d) { d.pruner.name = "mean"; }),
            "pruner: expected one of none, median, hyperband, got 'mean'");
  EXPECT_EQ(refusal([](StudyDefinition& d) {
              d.pruner.name = "median";
              d.goals.push_back({"energy", search::Direction::minimise});
            }),
            "the pruner median goes by one goal, and the study a has 2");
}

TEST(Study, ObservesCompleteTrialsOfOneQuality) {
  const Study study{.definition = definition()};
  std::vector<Trial> trials{trial(0, State::complete, {counted("loss", 2, "", "")}),
                            trial(1, State::failed),
                            trial(2, State::pruned, {counted("loss", 1, "", "")}),
                            trial(3, State::complete, {counted("loss", 3, "", "")})};
  trials[2].reports = {{1, {counted("loss", 9, "", "")}}, {2, {counted("loss", 2.5, "", "")}}};
  const auto seen = observations(study, trials);
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[3].number, 3);
  EXPECT_EQ(seen[3].objectives, std::vector<double>{3});
  EXPECT_EQ(seen[1].objectives, std::vector<double>{3});    // failed: the worst of the complete
  EXPECT_EQ(seen[2].objectives, std::vector<double>{2.5});  // pruned: its last report
  EXPECT_TRUE(observations(study, {trials[1]}).empty());    // there is no worst
  trials[3].values = {modelled("loss", 3, "", "")};
  EXPECT_EQ(message([&] { observations(study, trials); }),
            "study a, trial 3: its loss is modelled in '', that of other trials counted in '': "
            "they cannot be compared");
}

TEST(Study, CostsAreOfOneKind) {
  const Study study{.definition = definition()};
  const Value loss = counted("loss", 1, "", ""), one = measured("energy", 1, "J", ""),
              ten = modelled("energy", 10, "J", "");
  std::vector<Trial> trials{trial(0, State::complete, {loss, one, ten}),
                            trial(1, State::complete, {loss, one, ten}), trial(2, State::failed)};
  for (Trial& t : trials) t.started = 100, t.ended = 107;
  const auto costs = [&] {
    std::vector<std::optional<double>> out;
    for (const auto& o : observations(study, trials)) out.push_back(o.cost);
    return out;
  };
  using Costs = std::vector<std::optional<double>>;
  EXPECT_EQ(costs(), (Costs{1, 1, std::nullopt}));
  trials[1].values = {loss, ten};
  EXPECT_EQ(costs(), (Costs{10, 10, std::nullopt}));
  trials[0].values = {loss, one};
  EXPECT_EQ(costs(), (Costs{7, 7, 7}));
}

TEST(Study, ALimitIsHandedToTheSampler) {
  StudyDefinition d = definition();
  d.goals.push_back({"energy", search::Direction::minimise, 20});
  const search::SamplerSettings settings = sampler_settings(d);
  EXPECT_EQ(settings.directions.size(), 2u);
  EXPECT_EQ(settings.limits, (std::vector<std::optional<double>>{std::nullopt, 20}));
  d.goals[1].limit = 21;
  StudyDefinition other = d;
  other.goals[1].limit = 20;
  EXPECT_EQ(difference(other, d), "goals[1].limit is 20.0, got 21.0");
}

TEST(Study, SeedsOfTrialsDiffer) {
  EXPECT_NE(trial_seed(1, 0), trial_seed(1, 1));
  EXPECT_NE(trial_seed(1, 0), trial_seed(2, 0));
  EXPECT_LT(trial_seed(3, 4), std::uint64_t{1} << 63);
}

TEST(StudyBudget, NeverAddsTwoQualities) {
  const auto sum = [](std::vector<Trial> trials) { return spent(trials); };
  const Value one = measured("energy", 1, "J", ""), ten = modelled("energy", 10, "J", "");
  EXPECT_FALSE(sum({}).energy);
  const Spent both = sum({trial(0, State::complete, {one, ten}), trial(1, State::failed)});
  EXPECT_EQ(both.energy, energy::Joules(1));
  EXPECT_EQ(both.without, 1);
  const Spent modelled_only =
      sum({trial(0, State::complete, {one, ten}), trial(1, State::complete, {ten})});
  EXPECT_EQ(modelled_only.energy, energy::Joules(20));
  EXPECT_EQ(modelled_only.quality, Quality::modelled);
  const Spent none = sum({trial(0, State::complete, {one}), trial(1, State::complete, {ten})});
  EXPECT_FALSE(none.energy);
  EXPECT_EQ(none.reason, "trial 1 has its energy modelled, the trials before it measured");
  const Value by_samples = {
      .name = "energy", .number = 3, .unit = "J", .quality = Quality::sampled};
  const Spent sampled = sum(
      {trial(0, State::complete, {by_samples, ten}), trial(1, State::complete, {by_samples, ten})});
  EXPECT_EQ(sampled.energy, energy::Joules(6));
  EXPECT_EQ(sampled.quality, Quality::sampled);
  EXPECT_EQ(sum({trial(0, State::complete, {by_samples}), trial(1, State::complete, {one})}).reason,
            "trial 1 has its energy measured, the trials before it sampled");
  Trial running = trial(2, State::running);
  running.reports = {{1, {one}}, {2, {measured("energy", 5, "J", "")}}};
  EXPECT_EQ(sum({running}).energy, energy::Joules(5));  // so far
}

TEST(StudyProgressTest, ForeseesTheEnd) {
  StudyDefinition d = definition();
  d.trials = 12;
  std::vector<Trial> trials;
  for (int i = 0; i < 2; ++i) {
    trials.push_back(trial(i, State::complete));
    trials.back().started = 100;
    trials.back().ended = 108 + 4 * i;  // 8 and 12 seconds: m = 10, s^2 = 8
  }
  StudyProgress p = progress({.definition = d}, trials, 2, 1000);
  EXPECT_EQ(p.of, 12);
  EXPECT_EQ(p.done, 2);
  EXPECT_DOUBLE_EQ(p.seconds_left.value(), 10 * 10 / 2.0);
  // t(0.975, 1) = 12.706204736; sqrt(8) sqrt(10 + 100 / 2) / 2
  EXPECT_NEAR(p.half_width.value(), 12.706204736 * std::sqrt(8 * 60.0) / 2, 1e-6);
  trials.push_back(trial(2, State::running));
  trials.back().started = 996;
  p = progress({.definition = d}, trials, 2, 1000);
  EXPECT_DOUBLE_EQ(p.seconds_left.value(), (100 - 4) / 2.0);
}

TEST(StudyLocation, HidesThePassword) {
  const auto shown = [](const char* url) { return Location{url}.shown(); };
  EXPECT_EQ(shown("postgresql://me:secret@db:5432/x"), "postgresql://me:...@db:5432/x");
  EXPECT_EQ(shown("postgresql://me@db:5432/x"), "postgresql://me@db:5432/x");
  EXPECT_EQ(shown("postgresql://db:5432/x?user=me&password=secret&a=b"),
            "postgresql://db:5432/x?user=me&password=...&a=b");
  EXPECT_EQ(shown("runs/a:b@c/study.db"), "runs/a:b@c/study.db");
}

TEST(StudyKinds, AreRegisteredOnce) {
  const auto make = [](const StudyDefinition&) { return Objective(); };
  register_kind({"of a test", "", make});
  EXPECT_EQ(kind_of("of a test").name, "of a test");
  EXPECT_EQ(message([&] {
              register_kind({"of a test", "", make});
            }),
            "there is a kind of studies named of a test already");
  EXPECT_NE(message([] { kind_of("unknown"); }).find("no kind of studies named 'unknown'; it has "),
            std::string::npos);
}

}  // namespace
}  // namespace joule::study
