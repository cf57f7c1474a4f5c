// SPDX-License-Identifier: MIT
#include "joule/report/study/study_comparison.h"

#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/report/study/study_comparison_outputs.h"
#include "joule/tests/support/op_test.h"

namespace joule::report {
namespace {

using search::Direction;
using study::State;
using study::Trial;
using test::error_of;

/// accuracy is to be large, energy small.
ComparedStudy study_of(const std::string& name, const std::string& config = "{}") {
  ComparedStudy s{.name = name, .study = {}, .trials = {}};
  s.study.definition = {
      .name = "s",
      .kind = "test",
      .config = config,
      .space = {},
      .goals = {{"accuracy", Direction::maximise}, {"energy", Direction::minimise}},
      .sampler = ""};
  s.study.origin = {.created = 0, .joule = "1", .host = "h", .machine = "m"};
  return s;
}

Trial& add(ComparedStudy& s, search::Point point, double accuracy, double energy) {
  Trial& trial = s.trials.emplace_back();
  trial.number = std::ssize(s.trials) - 1;
  trial.point = std::move(point);
  trial.state = State::complete;
  trial.host = "h";
  trial.values = {study::counted("accuracy", accuracy, "%", "10 images"),
                  study::modelled("energy", energy, "J", "p")};
  return trial;
}

search::Point point(std::int64_t seed, double lambda) {
  return {{"seed", seed}, {"lambda", lambda}};
}

TEST(StudyComparison, NamesArmsInBriefUnlessTwoWouldBeTheSame) {
  ComparedStudy s = study_of("a");
  add(s, point(1, 0.06220962415004158), 90, 10);
  add(s, point(1, 0.5), 88, 5);
  StudyComparison c = compare({s});
  EXPECT_EQ(c.arms[0].name, "lambda 0.06221");
  EXPECT_EQ(json_of(c)["arms"][0]["point"]["lambda"], 0.06220962415004158);
  EXPECT_NE(to_csv(c).find("lambda 0.06221,0.06220962415004158,"), std::string::npos);
  add(s, point(1, 0.06220962415004159), 90, 10);
  c = compare({s});
  EXPECT_EQ(c.arms[0].name, "lambda 0.06220962415004158");
  EXPECT_EQ(c.arms[2].name, "lambda 0.06220962415004159");
}

TEST(StudyComparison, ArmsAreTrialsThatDifferInTheirSeedAlone) {
  ComparedStudy s = study_of("a");
  add(s, point(1, 0), 90, 10);
  add(s, point(1, 2), 88, 5);
  add(s, point(2, 0), 92, 12);
  add(s, point(2, 2), 89, 6);
  add(s, point(3, 2), 0, 0).state = State::failed;
  const StudyComparison c = compare({s});
  ASSERT_EQ(c.arms.size(), 2u);
  EXPECT_EQ(c.arms[0].name, "lambda 0");
  EXPECT_EQ(c.arms[1].name, "lambda 2");
  EXPECT_EQ(c.arms[1].complete, (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(c.arms[1].failed, 1);
  EXPECT_EQ(c.goals(), 2u);
  EXPECT_EQ(c.quantities[0].name, "accuracy");
  EXPECT_EQ(c.arms[0].figures[0].mean->mean, 91);
  EXPECT_EQ(c.arms[1].figures[1].mean->mean, 5.5);
}

TEST(StudyComparison, SameSeedsArePairs) {
  ComparedStudy s = study_of("a");
  add(s, point(2, 0), 92, 12);
  add(s, point(1, 0), 90, 10);
  add(s, point(1, 2), 89, 5);  // another order of the seeds
  add(s, point(2, 2), 91, 6);
  add(s, point(1, 3), 70, 5);
  const StudyComparison c = compare({s});
  const ArmDifference& pairs = c.differences[1][0];
  EXPECT_TRUE(pairs.paired);
  EXPECT_EQ(pairs.difference->difference, -1);
  // -1 for either seed: by Welch the interval would be wide.
  EXPECT_EQ(pairs.difference->interval->low, -1);
  EXPECT_EQ(pairs.difference->interval->high, -1);
  EXPECT_FALSE(c.differences[2][0].paired);
  EXPECT_FALSE(c.differences[2][0].difference->interval);
}

TEST(StudyComparison, QualitiesStayApart) {
  ComparedStudy a = study_of("a"), b = study_of("b");
  add(a, point(1, 0), 90, 10);
  add(b, point(1, 0), 91, 0).values[1] = study::measured("energy", 3, "J", "meter");
  const StudyComparison c = compare({a, b});
  ASSERT_EQ(c.quantities.size(), 3u);
  EXPECT_EQ(c.quantities[1].title(), "energy, J (modelled)");
  EXPECT_EQ(c.quantities[2].title(), "energy, J (measured)");
  EXPECT_FALSE(c.arms[1].figures[1].mean);
  EXPECT_EQ(c.arms[1].figures[1].reason, "trial 0 has none");
  EXPECT_EQ(c.differences[1][1].reason, "b: trial 0 has none");
  EXPECT_FALSE(c.front) << "a goal of two qualities is not compared";
}

TEST(StudyComparison, FrontNeedsAllGoalsOfAllTrials) {
  ComparedStudy a = study_of("a"), b = study_of("b");
  add(a, point(1, 0), 90, 10);
  add(a, point(1, 1), 80, 5);
  add(a, point(1, 2), 79, 6);  // beaten
  add(b, point(1, 0), 95, 4);  // the best, but one of its seeds failed
  add(b, point(2, 0), 0, 0).state = State::failed;
  const StudyComparison c = compare({a, b});
  EXPECT_EQ(c.arms[0].name, "a: lambda 0");
  EXPECT_EQ(*c.front, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(c.unseparated.size(), 1u) << "single trials tell nothing apart";
  EXPECT_EQ(c.left_out, std::vector<std::string>{"b: lambda 0 (1 of its trials failed)"});
}

TEST(StudyComparison, TellsWhatDiffersAndWhatIsOfOtherPlaces) {
  ComparedStudy a = study_of("a", R"({"training": {"epochs": 2, "lr": 0.1}})");
  ComparedStudy b = study_of("b", R"({"training": {"epochs": 3, "lr": 0.1}})");
  b.study.origin.machine = "n";
  add(a, point(1, 0), 90, 10);
  add(b, point(1, 0), 91, 11).values[1].source = "q";
  const StudyComparison c = compare({a, b});
  ASSERT_EQ(c.contrasts.size(), 2u);
  EXPECT_EQ(c.contrasts[0].what, "training.epochs");
  EXPECT_EQ(c.contrasts[0].values, (std::vector<std::string>{"2", "3"}));
  EXPECT_EQ(c.contrasts[1].what, "machine");
  EXPECT_EQ(c.warnings,
            (std::vector<std::string>{
                "One trial of each point: there is no interval, so it is not known how much of a "
                "difference is chance.",
                "Trials ran on different machines (h; m, n): what was measured differs by these, "
                "too.",
                "Of different sources (p; q): energy, J (modelled)."}));
}

TEST(StudyComparison, RefusesWhatHasNothingToCompare) {
  EXPECT_EQ(error_of([] { compare(std::vector<ComparedStudy>()); }), "compare: there is no study");
  ComparedStudy a = study_of("a");
  add(a, point(1, 0), 90, 10).state = State::failed;
  EXPECT_EQ(error_of([&] { compare({a}); }), "compare: no trial of a is complete");
  EXPECT_EQ(error_of([&] { compare({a, a}); }), "compare: a is there twice");
}

TEST(StudyComparison, ManyArmsAreCutToTheBest) {
  ComparedStudy s = study_of("a");
  for (int i = 0; i < 40; ++i) add(s, point(1, i), 50 + i, 10 + i);
  s.trials[0].values[0].number = 49;
  s.trials[0].values[1].number = 100;  // the first, which is on no front
  const StudyComparison c = compare({s});
  const Document document = study_comparison_document(c, {0, 1});
  const auto& table = std::get<Table>(document.parts[2]);
  EXPECT_EQ(table.rows.size(), 24u);
  EXPECT_EQ(table.rows[0][0], "lambda 0");
  const std::string csv = to_csv(c);
  EXPECT_EQ(std::ranges::count(csv, '\n'), 41);
  EXPECT_EQ(json_of(c)["arms"].size(), 40u);
  EXPECT_EQ(csv.substr(0, csv.find("\r\n")),
            "study,arm,lambda,complete,failed,pruned,open,\"accuracy [%, counted]\","
            "\"accuracy [%, counted] n\",\"accuracy [%, counted] low\","
            "\"accuracy [%, counted] high\",\"energy [J, modelled]\",\"energy [J, modelled] n\","
            "\"energy [J, modelled] low\",\"energy [J, modelled] high\"");
}

}  // namespace
}  // namespace joule::report
