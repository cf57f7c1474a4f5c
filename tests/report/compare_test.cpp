// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/energy/window_sum.h"
#include "joule/report/compare/charts.h"
#include "joule/report/compare/outputs.h"
#include "joule/report/text_layout.h"
#include "joule/tests/support/embedded_json.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"
#include "joule/training/run/summary_json.h"

namespace joule::report {
namespace {

using energy::Joules;
using nlohmann::json;
using test::data_error_of;
using test::error_of;
using training::EpochMetrics;

struct Facts {
  std::string name;
  double lr = 0.1;
  std::uint64_t seed = 1;
  double accuracy = 0.9;          // of the validation images after the last epoch
  std::int64_t joules = 0;        // measured, by each epoch; 0: there is no meter
  std::int64_t macs = 1'000'000;  // of each epoch
  std::int64_t epochs = 2, of_epochs = 2;
  std::string processor = "an abacus";
  std::string meter = "rapl";
  bool sampled = false;  // the joules
};

EpochMetrics epoch(const Facts& facts, std::int64_t number) {
  EpochMetrics m{.epoch = number,
                 .train_loss = 1.0 / static_cast<double>(number),
                 .validation_accuracy = facts.accuracy,
                 .validation_loss = 0.5,
                 .test_accuracy = facts.accuracy - 0.1,
                 .test_loss = 0.6,
                 .seconds = 4,
                 .relu_outputs = 200,
                 .relu_outputs_nonzero = 50};
  m.energy.training.work = {.calls = 1, .work = {.macs = facts.macs}};
  m.energy.evaluation.work = {
      .calls = 1, .work = {.macs = 1000}, .tally = {.macs_skippable = 600, .macs_skipped = 250}};
  if (facts.joules > 0) {
    m.energy.training.measured = {{.meter = facts.meter,
                                   .scope = "package 0",
                                   .unit = Joules(1),
                                   .ticks = facts.joules,
                                   .nanoseconds = 4'000'000'000,
                                   .edges = Joules(0.5)}};
    m.energy.training.measured[0].sampled = facts.sampled;
  }
  return m;
}

ComparedRun run(const Facts& facts) {
  ComparedRun run{.folder = "runs/" + facts.name,
                  .name = facts.name,
                  .config = {.epochs = facts.of_epochs, .lr = facts.lr, .seed = facts.seed},
                  .finished = facts.epochs == facts.of_epochs};
  for (std::int64_t e = 1; e <= facts.epochs; ++e) run.epochs.push_back(epoch(facts, e));
  if (!facts.processor.empty()) {
    run.environment = Pairs{{"date", "today, by " + facts.name},
                            {"processor", facts.processor},
                            {"instruction set", "beads"},
                            {"threads", "1 on 2 processors"}};
  }
  return run;
}

Comparison compared(const std::vector<Facts>& all) {
  std::vector<ComparedRun> runs;
  for (const Facts& facts : all) runs.push_back(run(facts));
  return compare(std::move(runs));
}

/// Three seeds each of two learning rates; the second is 5 points better.
std::vector<Facts> six_runs() {
  return {{.name = "a1", .seed = 1, .accuracy = 0.90},
          {.name = "b1", .lr = 0.2, .seed = 1, .accuracy = 0.95},
          {.name = "a2", .seed = 2, .accuracy = 0.92},
          {.name = "b2", .lr = 0.2, .seed = 2, .accuracy = 0.97},
          {.name = "a3", .seed = 3, .accuracy = 0.94},
          {.name = "b3", .lr = 0.2, .seed = 3, .accuracy = 0.99}};
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool warned(const Comparison& c, const std::string& part) {
  return std::ranges::any_of(c.warnings, [&](const auto& w) { return holds(w, part); });
}

/// Of a quantity the mean of group 1 or 2, or (3) the difference of the two.
std::string cell(const Comparison& c, const std::string& quantity, std::size_t column) {
  for (const auto& row : column < 3 ? mean_rows(c) : difference_rows(c)) {
    if (row[0] == quantity) return row[column < 3 ? column : 1];
  }
  return "no such row";
}

TEST(Compare, RunsThatDifferInTheirSeedsAloneAreAGroup) {
  const Comparison c = compared(six_runs());
  ASSERT_EQ(c.groups.size(), 2u);
  EXPECT_EQ(c.groups[0].runs, (std::vector<std::size_t>{0, 2, 4}));
  EXPECT_EQ(c.groups[0].name, "lr 0.1");
  EXPECT_EQ(c.groups[1].name, "lr 0.2");
  EXPECT_EQ(c.group_of(3), 1u);
  ASSERT_EQ(c.fields.size(), 2u);
  EXPECT_EQ(c.fields[0].what, "lr");
  EXPECT_EQ(c.fields[0].values, (std::vector<std::string>{"0.1", "0.2"}));
  EXPECT_EQ(c.fields[1].values, (std::vector<std::string>{"1, 2, 3", "1, 2, 3"}));
  EXPECT_TRUE(c.environment.empty());  // dates are no difference
  EXPECT_TRUE(c.warnings.empty()) << c.warnings[0];
}

TEST(Compare, DifferencesHaveWelchsIntervalAndTheNumberOfRuns) {
  const Comparison c = compared(six_runs());
  // 5 -+ t(4; 0.975) sqrt(4 / 3 + 4 / 3), and 92 -+ t(2; 0.975) 2 / sqrt(3)
  EXPECT_EQ(cell(c, "validation accuracy", 3), "+5.00 points [+0.47, +9.53], n = 3 and 3");
  EXPECT_EQ(cell(c, "validation accuracy", 1), "92.00 % [87.03, 96.97], n = 3");
  const nlohmann::ordered_json all = json_of(c);
  const auto& d = all["differences"][0]["values"]["validation_accuracy"];
  EXPECT_NEAR(d["interval"][0], 5 - 2.7764451 * 1.6329932, 1e-6);
  EXPECT_EQ(d["n"].dump(), "[3,3]");
}

TEST(Compare, ASingleRunHasNoIntervalAndSaysSo) {
  const Comparison c = compared({{.name = "a"}, {.name = "b", .lr = 0.2, .accuracy = 0.95}});
  EXPECT_EQ(c.groups[1].name, "b");
  EXPECT_EQ(cell(c, "validation accuracy", 1), "90.00 %, n = 1");
  EXPECT_EQ(cell(c, "validation accuracy", 3), "+5.00 points, no interval: n = 1");
  EXPECT_TRUE(warned(c, "n = 1 of a, b: there is no interval"));
  EXPECT_TRUE(json_of(c)["groups"][0]["values"]["test_accuracy"]["interval"].is_null());
}

TEST(Compare, MeasuredAndModelledEnergyNeverMeet) {
  const Comparison c = compared({{.name = "a", .joules = 100}, {.name = "b", .lr = 0.2}});
  EXPECT_EQ(cell(c, "energy (measured, gross)", 1), "200 J, n = 1");
  EXPECT_EQ(cell(c, "energy (measured, gross)", 2), "unavailable");
  EXPECT_EQ(cell(c, "energy (measured, gross)", 3), "unavailable");
  EXPECT_NE(cell(c, "energy (modelled, horowitz45)", 2), "unavailable");
  ASSERT_EQ(c.fronts.size(), 3u) << "measured, and modelled of all and of testing";
  EXPECT_EQ(c.fronts[0].groups, (std::vector<std::size_t>{0}));
  EXPECT_TRUE(holds(front_line(c, c.fronts[0]), "left out: b (b: nothing has run)"));
  const auto charts = front_charts(c);
  EXPECT_EQ(charts[0].title, "Validation accuracy against energy (measured, gross)");
  EXPECT_EQ(charts[0].lines[0].points[0].x, 200);
  EXPECT_TRUE(charts[0].lines[1].points.empty());
  EXPECT_EQ(charts[1].lines[1].points.size(), 1u);
  EXPECT_EQ(energy_bars(c)[0].categories, (std::vector<std::string>{"a, n = 1"}));
}

TEST(Compare, AModelledEnergyIsARangeNoInterval) {
  const auto rows = run_rows(compared({{.name = "a", .joules = 100}, {.name = "b", .lr = 0.2}}));
  const auto of = [&](const char* name) {
    return rows[1][static_cast<std::size_t>(std::ranges::find(rows[0], name) - rows[0].begin())];
  };
  EXPECT_TRUE(holds(of("energy (modelled, horowitz45)"), ", between "));
  EXPECT_FALSE(holds(of("energy (modelled, horowitz45)"), " +- "));
  EXPECT_TRUE(holds(of("energy (measured, gross)"), "200 J +- "));
}

TEST(Compare, SampledEnergyIsAQuantityOfItsOwn) {
  const Comparison c = compared({{.name = "a", .joules = 100, .meter = "battery", .sampled = true},
                                 {.name = "b", .lr = 0.2, .joules = 90}});
  EXPECT_EQ(cell(c, "energy (sampled, gross)", 1), "200 J, n = 1");
  EXPECT_EQ(cell(c, "energy (sampled, gross)", 2), "unavailable");
  EXPECT_EQ(cell(c, "energy (measured, gross)", 1), "unavailable");
  EXPECT_EQ(cell(c, "energy (measured, gross)", 2), "180 J, n = 1");
  ASSERT_EQ(c.fronts.size(), 4u);
  // One line says that no meter was read, none that one gave the one and not the other.
  EXPECT_FALSE(holds(to_text(compared({{.name = "a", .joules = 100, .sampled = true}}), kAnyWidth),
                     "energy (measured, gross)"));
  const std::string none = to_text(compared({{.name = "a"}}), kAnyWidth);
  EXPECT_TRUE(holds(none, "energy (measured, gross): unavailable (a: nothing has run)"));
  EXPECT_FALSE(holds(none, "sampled"));
}

TEST(Compare, AFigureOfAnotherQualityIsNoValue) {
  const auto figure = energy::Figure<Joules>::attributed(Joules(3), Joules(1), "half a meter");
  EXPECT_EQ(amount_of(figure, energy::Quality::attributed).value, 3);
  EXPECT_EQ(amount_of(figure, energy::Quality::attributed).half_width, 1);
  const Amount none = amount_of(figure, energy::Quality::measured);
  EXPECT_FALSE(none.value.has_value());
  EXPECT_EQ(none.reason, "is attributed, not measured");
}

TEST(Compare, EnergiesOfDifferentMachinesAreNotComparedInSilence) {
  const Comparison c =
      compared({{.name = "a", .joules = 100},
                {.name = "b", .lr = 0.2, .joules = 90, .processor = "a slide rule"}});
  const std::string why =
      "taken on different machines: a slide rule, beads, 2 processors, cpu; an abacus, beads, 2 "
      "processors, cpu";
  EXPECT_EQ(c.differences[1][quantity_of("measured_energy")].caveat, why);
  EXPECT_EQ(c.differences[1][quantity_of("training_seconds")].caveat, why);
  EXPECT_EQ(c.differences[1][quantity_of("modelled_energy")].caveat, "");
  EXPECT_EQ(c.differences[1][quantity_of("test_accuracy")].caveat, "");
  EXPECT_EQ(cell(c, "energy (measured, gross)", 3), "-20 J, no interval: n = 1 *");
  EXPECT_TRUE(warned(c, "energy (measured, gross): " + why));
  EXPECT_EQ(c.environment[0].what, "processor");
  EXPECT_TRUE(holds(front_line(c, c.fronts[0]), why));
  EXPECT_TRUE(holds(to_text(c, kAnyWidth), "* energy (measured, gross): " + why));

  const Comparison unknown = compared(
      {{.name = "a", .joules = 100}, {.name = "b", .lr = 0.2, .joules = 90, .processor = ""}});
  EXPECT_TRUE(warned(unknown, "perhaps taken on different machines: that of b is not recorded"));
  EXPECT_EQ(unknown.environment[0].values, (std::vector<std::string>{"an abacus", "not recorded"}));

  const Comparison meters = compared(
      {{.name = "a", .joules = 100}, {.name = "b", .lr = 0.2, .joules = 90, .meter = "nvml"}});
  EXPECT_TRUE(warned(meters, "measured by different meters: "));
}

TEST(Compare, AnUnfinishedRunIsMarkedAndInNoMeanOfFinishedOnes) {
  std::vector<Facts> facts = six_runs();
  facts[4].epochs = 1;
  const Comparison c = compared(facts);
  EXPECT_TRUE(warned(c, "a3 is not finished: 1 of 2 epochs are complete; it counts in no mean."));
  EXPECT_EQ(cell(c, "validation accuracy", 1), "91.00 % [78.29, 103.71], n = 2");
  EXPECT_EQ(run_rows(c)[5][3], "1 of 2, not finished");
  const LineChart chart = curve_charts(c)[0];
  ASSERT_EQ(chart.lines.size(), 3u);
  EXPECT_EQ(chart.lines[2].name, "a3, not finished");
  EXPECT_TRUE(chart.lines[2].dashed);

  const Comparison none =
      compared({{.name = "a"}, {.name = "b", .lr = 0.2, .epochs = 1, .of_epochs = 2}});
  EXPECT_TRUE(warned(none, "b: no run is finished; its figures are those after epoch 1 of 2."));
}

TEST(Compare, TheSameSeedTwiceIsNoSampleOfTwo) {
  const Comparison c = compared({{.name = "a", .joules = 100},
                                 {.name = "again", .joules = 120},
                                 {.name = "b", .lr = 0.2, .joules = 90}});
  EXPECT_EQ(c.groups[0].figures[quantity_of("test_accuracy")].mean->n, 1u);
  EXPECT_EQ(c.groups[0].figures[quantity_of("measured_energy")].mean->n, 2u);
  EXPECT_TRUE(warned(c, "some of its runs have the same configuration, seed included."));
}

TEST(Compare, TheFrontSaysWhatItsIntervalsDoNotTellApart) {
  Comparison c = compared({{.name = "much", .lr = 0.1, .accuracy = 0.95, .macs = 3'000'000},
                           {.name = "little", .lr = 0.2, .accuracy = 0.90, .macs = 1'000'000},
                           {.name = "waste", .lr = 0.3, .accuracy = 0.85, .macs = 2'000'000}});
  ASSERT_EQ(c.fronts.size(), 2u);
  EXPECT_EQ(c.fronts[0].front, (std::vector<std::size_t>{1, 0}));
  EXPECT_TRUE(holds(front_line(c, c.fronts[0]),
                    "front, from the least energy on: little, much; intervals do not tell apart "
                    "little and much; intervals do not rule out waste"));
  std::vector<ComparedRun> runs = c.runs;
  for (ComparedRun& r : runs) {
    for (EpochMetrics& m : r.epochs) m.validation_accuracy.reset();
  }
  c = compare(runs);
  EXPECT_FALSE(c.fronts[0].front.has_value());
  EXPECT_TRUE(holds(front_line(c, c.fronts[0]), "test accuracy against energy (modelled, "));
  EXPECT_TRUE(holds(front_line(c, c.fronts[0]), "no front, as not every group held images back"));
}

TEST(Compare, TheFrontRulesOutWhatLiesBehindItWithAllOfItsInterval) {
  // Accuracies 90, 92, 94 against 50, 52, 54; 60, 61, 62 J against 80, 81, 82 or 62, 63, 64 J.
  const auto front = [](std::int64_t joules) {
    std::vector<Facts> facts;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const auto s = static_cast<double>(seed);
      const auto more = static_cast<std::int64_t>(seed);
      facts.push_back(
          {.name = "a", .seed = seed, .accuracy = 0.88 + 0.02 * s, .joules = 29 + more});
      facts.push_back({.name = "b",
                       .lr = 0.2,
                       .seed = seed,
                       .accuracy = 0.48 + 0.02 * s,
                       .joules = joules + more});
    }
    const Comparison c = compared(facts);
    EXPECT_EQ(c.fronts[0].front, (std::vector<std::size_t>{0}));
    return c.fronts[0].perhaps;
  };
  EXPECT_EQ(front(39), (std::vector<std::size_t>{}));
  EXPECT_EQ(front(30), (std::vector<std::size_t>{1}));
}

TEST(Compare, OtherImagesAreSaid) {
  std::vector<ComparedRun> runs{run({.name = "a"}), run({.name = "b"})};
  runs[1].config.limit = 100;
  EXPECT_TRUE(warned(compare(runs), "limit differs: accuracies and losses are of other images."));
}

TEST(Compare, WhatWasLostIsSaid) {
  std::vector<ComparedRun> runs{run({.name = "a"}), run({.name = "b", .lr = 0.2})};
  runs[1].lost_after = {1};
  EXPECT_TRUE(warned(compare(runs), "b: what was spent after epoch 1 and then lost"));
}

TEST(Compare, IntervalsInChartsEndWhereValuesDo) {
  std::vector<Facts> facts = six_runs();
  for (const LineChart& chart : curve_charts(compared(facts))) {
    if (chart.title != "Validation accuracy") continue;
    EXPECT_EQ(chart.lines[1].points[0].high, 100);  // Student's would be 102
    EXPECT_NEAR(chart.lines[0].points[0].high, 96.968, 1e-3);
    EXPECT_EQ(chart.x_ticks, (std::vector<Tick>{{1, "1"}, {2, "2"}}));
    return;
  }
  FAIL() << "no chart";
}

TEST(Compare, ThePageHoldsTheFigures) {
  const Comparison c = compared(six_runs());
  const std::string html = to_html(c);
  EXPECT_TRUE(holds(html, "<h1>Comparison of 6 training runs</h1>"));
  EXPECT_TRUE(holds(html, "+5.00 points [+0.47, +9.53], n = 3 and 3"));
  EXPECT_EQ(test::embedded(html, "data"), json(json_of(c)));
  EXPECT_EQ(test::embedded(html, "charts").size(), 10u);  // curves, front, bars
}

TEST(Compare, TheCsvIsTidy) {
  const std::string csv =
      to_csv(compared({{.name = "a, \"1\"", .joules = 100}, {.name = "b", .lr = 0.2}}));
  EXPECT_TRUE(csv.starts_with("run,group,seed,finished,machine,epoch,test accuracy [%],"));
  EXPECT_TRUE(holds(csv,
                    "\"energy (measured, gross) [J]\",\"energy (measured, gross) half-width "
                    "[J]\",\"energy (measured, gross) source\",\"energy (measured, gross) "
                    "unavailable\""));
  EXPECT_TRUE(holds(csv,
                    "\r\n\"a, \"\"1\"\"\",\"a, \"\"1\"\"\",1,true,\"an abacus, beads, 2 "
                    "processors, cpu\",2,80.0,90.0,0.5,0.5,0.6,25.0,60.0,75.0,8.0,200.0,"));
  EXPECT_TRUE(holds(csv, ",no meter,nothing has run,"));
  EXPECT_EQ(std::ranges::count(csv, '\n'), 5);
}

class CompareFolders : public ::testing::Test {
 protected:
  std::string make(const std::string& name, const Facts& facts) {
    const ComparedRun made = run(facts);
    const std::string folder = folder_ / name;
    test::write(folder + "/config.json", to_json(made.config));
    test::write(folder + "/metrics.jsonl", training::to_jsonl(made.epochs));
    if (made.finished) {
      test::write(folder + "/summary.json", R"({"energy": {"lost_after_epochs": [1]}})");
    }
    return folder;
  }
  static std::vector<ComparedRun> read(std::vector<std::string> folders) {
    return read_runs(folders);
  }

  test::TemporaryFolder folder_;
};

TEST_F(CompareFolders, AreReadAsFarAsTheyCame) {
  const std::string a = make("x/a", {.lr = 0.3}), b = make("x/deep/b", {.epochs = 1});
  test::write(b + "/report.html",
              "<script type=\"application/json\" id=\"data\">{\"environment\": {\"processor\": "
              "\"an abacus\"}, \"energy\": {\"lost_after_epochs\": [7]}}</script>");
  const auto runs = read({a + "/", b});
  EXPECT_EQ(runs[0].name, "a");
  EXPECT_EQ(runs[1].name, "deep/b");
  EXPECT_EQ(runs[0].config.lr, 0.3);
  EXPECT_EQ(runs[0].epochs.size(), 2u);
  EXPECT_TRUE(runs[0].finished);
  EXPECT_FALSE(runs[1].finished);
  EXPECT_EQ(runs[0].lost_after, (std::vector<std::int64_t>{1}));
  EXPECT_EQ(runs[1].lost_after, (std::vector<std::int64_t>{7}));
  EXPECT_EQ(runs[0].machine(), "");
  EXPECT_EQ(runs[1].machine(), "an abacus, , cpu");
}

TEST_F(CompareFolders, ThatAreNoneAreRefused) {
  const std::string a = make("a", {}), b = make("b", {});
  EXPECT_EQ(error_of([&] { read({a}); }), "compare: expected at least two folders of runs, got 1");
  EXPECT_EQ(error_of([&] {
              read({a, folder_ / "b/../a"});
            }),
            "compare: " + (folder_ / "b/../a") + " is given twice");
  const std::string none = folder_ / "none";
  EXPECT_EQ(data_error_of([&] { read({a, none}); }), none + ": there is no such folder");
  std::filesystem::create_directory(none);
  EXPECT_EQ(data_error_of([&] {
              read({a, none});
            }),
            none + ": holds no run of joule train (there is no config.json)");
  test::write(none + "/study.db", "");
  EXPECT_EQ(data_error_of([&] {
              read({a, none});
            }),
            none + ": holds a study, not a run of joule train");
  const std::string begun = make("begun", {.epochs = 0});
  EXPECT_EQ(data_error_of([&] {
              read({a, begun});
            }),
            begun + ": no epoch of this run is complete yet");
  const std::string torn = make("torn", {});
  test::write(torn + "/metrics.jsonl", training::to_jsonl(std::vector{epoch({}, 1)}));
  EXPECT_EQ(data_error_of([&] {
              read({a, torn});
            }),
            torn + "/metrics.jsonl: has 1 epochs, the run finished with 2");
  test::write(b + "/report.html", "<p>no data</p>");
  EXPECT_EQ(data_error_of([&] { read({a, b}); }), b + "/report.html: is not the page of a run");
  test::write(b + "/report.html",
              "<script type=\"application/json\" id=\"data\">{\"a\": </script>");
  EXPECT_TRUE(holds(data_error_of([&] { read({a, b}); }), b + "/report.html: "));
}

}  // namespace
}  // namespace joule::report
