// SPDX-License-Identifier: MIT
#include "joule/report/run_page.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/energy/window_sum.h"
#include "joule/tests/support/embedded_json.h"
#include "joule/tests/support/op_test.h"
#include "joule/training/run/summary_json.h"

namespace joule::report {
namespace {

using energy::Joules;
using nlohmann::json;
using test::embedded;
using training::EpochMetrics;

/// `ticks` of 1 J in so many seconds of a meter that moves every millisecond.
energy::WindowSum window(std::int64_t ticks, std::int64_t seconds) {
  return {.meter = "rapl",
          .scope = "package 0",
          .unit = Joules(1),
          .ticks = ticks,
          .nanoseconds = 1'000'000'000 * seconds,
          .edges = Joules(0.5),
          .idle = Joules(10.0 * static_cast<double>(seconds))};
}

EpochMetrics epoch(std::int64_t number, double accuracy, std::int64_t joules) {
  EpochMetrics m{.epoch = number,
                 .train_loss = 1.0 / static_cast<double>(number),
                 .train_accuracy = accuracy + 0.1,
                 .validation_accuracy = accuracy / 2,
                 .validation_loss = 3.0 / static_cast<double>(number),
                 .test_accuracy = accuracy,
                 .test_loss = 2.0 / static_cast<double>(number),
                 .seconds = 4,
                 .images_per_second = 25,
                 .relu_outputs = 200,
                 .relu_outputs_nonzero = 200 / (number + 1)};
  m.energy.training = {.measured = {window(joules, 4)}, .work = {.calls = 1, .work = {.macs = 3}}};
  m.energy.evaluation = {.measured = {window(20, 1)}, .work = {.calls = 1, .work = {.macs = 1}}};
  return m;
}

TrainingRun three_epochs() {
  return {.config = {.epochs = 3},
          .energy = {.epochs = {epoch(1, 0.5, 120), epoch(2, 0.7, 150), epoch(3, 0.6, 180)}},
          .environment = {{"processor", "an abacus"}}};
}

bool holds(const std::string& html, const std::string& text) {
  return html.find(text) != std::string::npos;
}

/// The chart of this title, without what is behind it in brackets.
json chart(const std::string& html, const std::string& title) {
  const json charts = embedded(html, "charts");
  std::size_t at = 0, from = html.find("<canvas");
  for (; from != std::string::npos; from = html.find("<canvas", from + 1), ++at) {
    if (html.substr(html.find("aria-label", from), 200).starts_with("aria-label=\"" + title)) {
      return charts[at];
    }
  }
  return nullptr;
}

std::vector<std::pair<double, double>> points(const json& chart, std::size_t line = 0) {
  std::vector<std::pair<double, double>> found;
  for (const json& p : chart["lines"][line]["points"]) found.emplace_back(p["x"], p["y"]);
  return found;
}

using Points = std::vector<std::pair<double, double>>;

TEST(RunPage, AccuracyStandsAgainstTheEnergySpentUntilThen) {
  const std::string html = to_html(three_epochs());
  const json drawn = chart(html, "Validation accuracy against the energy spent (measured, gross)");
  EXPECT_EQ(drawn["x_title"], "energy of all epochs until then (measured, gross), J");
  EXPECT_EQ(points(drawn, 1), (Points{{140, 25}, {310, 35}, {510, 30}}));
  EXPECT_EQ(drawn["lines"][0]["name"], "front");
  EXPECT_EQ(points(drawn), (Points{{140, 25}, {310, 35}}));
  // What is modelled has a front of its own.
  const json modelled = chart(html, "Validation accuracy against the energy spent (modelled");
  EXPECT_EQ(modelled["x_title"], "energy of all epochs until then (modelled, horowitz45), pJ");
  EXPECT_EQ(points(modelled).size(), 2u);
  EXPECT_TRUE(holds(html, "Energy until within 1 point of the best</dt><dd><strong>310 J"));
  EXPECT_TRUE(holds(html, "after epoch 2, at 35.00 % of the validation images"));
}

TEST(RunPage, WithoutValidationTheTestIsReportedAndNothingChosen) {
  TrainingRun run = three_epochs();
  for (EpochMetrics& m : run.energy.epochs) {
    m.validation_accuracy.reset();
    m.validation_loss.reset();
  }
  const std::string html = to_html(run);
  const json drawn = chart(html, "Test accuracy against the energy spent (measured, gross)");
  EXPECT_EQ(points(drawn), (Points{{140, 50}, {310, 70}, {510, 60}}));
  EXPECT_EQ(drawn["lines"].size(), 1u);
  EXPECT_FALSE(holds(html, "within 1 point of the best"));
  EXPECT_TRUE(holds(html, "no images were held back to choose by (--validation)"));
}

TEST(RunPage, OneEpochWithoutMeasuredEnergyEndsTheMeasuredFront) {
  TrainingRun run = three_epochs();
  run.energy.epochs[1].energy.training.measured[0].missing = "epoch 2, training: gone";
  const std::string html = to_html(run);
  EXPECT_EQ(points(chart(html, "Validation accuracy against the energy spent (measured, gross)")),
            (Points{{140, 25}}));
  const json drawn = chart(html, "Validation accuracy against the energy spent (modelled");
  EXPECT_NEAR(points(drawn, 1)[2].first, 12 * 4.6, 1e-9);  // MACs times the constant of horowitz45
  EXPECT_TRUE(
      holds(html, "From epoch 2 on measured energy is unavailable: epoch 2, training: gone"));
  // What was measured is still there, beside and never among what was modelled.
  const json bars = chart(html, "Measured energy per epoch");
  EXPECT_EQ(bars["groups"][0]["values"], json::parse("[120.0, null, 180.0]"));
  EXPECT_EQ(chart(html, "Modelled energy per epoch")["groups"][1]["values"].size(), 3u);
}

TEST(RunPage, ValuesThatAreNotFiniteAreLeftOutAndCounted) {
  TrainingRun run = three_epochs();
  run.energy.epochs[1].train_loss = std::numeric_limits<double>::quiet_NaN();
  run.energy.epochs[2].test_loss = std::numeric_limits<double>::infinity();
  const std::string html = to_html(run);
  EXPECT_EQ(points(chart(html, "Loss")).size(), 2u);
  EXPECT_TRUE(chart(html, "Loss")["lines"][0]["points"][1].value("apart", false));
  EXPECT_TRUE(holds(html, "2 values of this chart are not drawn: not finite"));
}

TEST(RunPage, WithoutAMeterItSaysWhatToDo) {
  TrainingRun run = three_epochs();
  energy::WindowSum none{.meter = "none", .missing = "no meter was asked for"};
  for (EpochMetrics& m : run.energy.epochs) {
    m.energy.training.measured = m.energy.evaluation.measured = {none};
  }
  run.meters = {{{.name = "none", .remedy = "buy one"}, energy::no_idle_power("no meter").mean}};
  const std::string html = to_html(run);
  EXPECT_TRUE(holds(html,
                    "Measured energy is unavailable (none: no meter was asked for). What to do: "
                    "buy one."));
  EXPECT_TRUE(holds(html, "<dt>Gross energy of all epochs</dt><dd><strong>—</strong>"));
  // The reason is not in the table of sources if one of them can be read.
  run.sources = {{.name = "perf", .status = energy::Status::denied}};
  const std::string see = "Measured energy is unavailable. The table of sources";
  EXPECT_TRUE(holds(to_html(run), see));
  run.sources.push_back({.name = "rapl"});
  EXPECT_FALSE(holds(to_html(run), see));
  EXPECT_TRUE(holds(to_html(run), "buy one. The table at the end has every source."));
  EXPECT_TRUE(chart(html, "Power over time").is_null());
  EXPECT_TRUE(chart(html, "Measured energy").is_null());
  EXPECT_FALSE(chart(html, "Modelled energy").is_null());
}

TEST(RunPage, LearningByEpoch) {
  TrainingRun run = three_epochs();
  const std::string html = to_html(run);
  EXPECT_EQ(points(chart(html, "Loss"), 1),
            (std::vector<std::pair<double, double>>{{1, 2}, {2, 1}, {3, 2.0 / 3}}));
  EXPECT_EQ(points(chart(html, "Accuracy"), 1),
            (std::vector<std::pair<double, double>>{{1, 50}, {2, 70}, {3, 60}}));
  EXPECT_EQ(points(chart(html, "Non-zero activations")),
            (std::vector<std::pair<double, double>>{{1, 50}, {2, 33}, {3, 25}}));
  EXPECT_EQ(points(chart(html, "Loss"), 2), (Points{{1, 3}, {2, 1.5}, {3, 1}}));
  EXPECT_EQ(chart(html, "Loss")["lines"].size(), 3u);
  EXPECT_TRUE(holds(html, "60.00 %"));
  EXPECT_TRUE(
      holds(html, "by the validation accuracy, 35.00 %; the test accuracy was 70.00 % then"));
  run.config.l0_lambda = 1;
  EXPECT_EQ(chart(to_html(run), "Loss")["lines"].size(), 4u);
}

TEST(RunPage, SaysWhatSkippingSaved) {
  TrainingRun run = three_epochs();
  energy::Ledger::Line line;
  line.work.macs = 1000;
  line.tally.macs_skippable = 400;
  line.tally.macs_skipped = 250;  // and nothing is moved: a quarter of all
  const training::RunResult result{.evaluation = {.images = 1, .work = {line}},
                                   .energy = run.energy};
  run.result = &result;
  EXPECT_TRUE(holds(to_html(run), "<dt>What skipping saved</dt><dd><strong>25 %</strong>"));
}

TEST(RunPage, PredictionAndOutcome) {
  TrainingRun run = three_epochs();
  for (int i = 4; i <= 6; ++i) run.energy.epochs.push_back(epoch(i, 0.6, 90 + 30 * i));
  run.config.epochs = 7;
  const json running = chart(to_html(run), "Predicted energy of all 7 epochs (measured, gross)");
  ASSERT_EQ(points(running).size(), 4u);
  EXPECT_EQ(points(running)[0].first, 3);
  EXPECT_NEAR(points(running)[0].second, 1.61, 1e-9);  // kJ: 140, 170 J and so on to 320
  EXPECT_TRUE(running["reference"].is_null());
  EXPECT_LT(running["lines"][0]["points"][0]["low"], 1.61);
  const training::RunResult result{.evaluation = {.images = 1}, .energy = run.energy};
  run.result = &result;
  std::string html = to_html(run);
  EXPECT_EQ(chart(html, "Predicted energy")["reference"], 1.29);
  EXPECT_TRUE(
      holds(html, "for all 7 epochs (measured, gross). It came to 1.29 kJ, where the rule"));
  run.energy.epochs.resize(5);  // a line says what a chart of three points would
  html = to_html(run);
  EXPECT_TRUE(chart(html, "Predicted energy").is_null());
  EXPECT_TRUE(holds(html, "for all 7 epochs (measured, gross). It came to 1 kJ."));
  run.energy.epochs.resize(2);
  EXPECT_TRUE(chart(to_html(run), "Predicted energy").is_null());
}

TEST(RunPage, PowerIsThatOfTheWindowsInTheirOrder) {
  const json drawn = chart(to_html(three_epochs()), "Power over time");
  EXPECT_EQ(drawn["lines"][0]["name"], "training");
  EXPECT_EQ(drawn["lines"][1]["name"], "test");
  const auto training = points(drawn), test = points(drawn, 1);
  EXPECT_EQ(training[0], (std::pair(0.0, 30.0)));
  EXPECT_EQ(training[2], (std::pair(4.0, 30.0)));
  EXPECT_EQ(test[0], (std::pair(4.0, 20.0)));
  EXPECT_EQ(training[3], (std::pair(5.0, 37.5)));
  // No line across the test.
  EXPECT_TRUE(drawn["lines"][0]["points"][3].value("apart", false));
  EXPECT_FALSE(drawn["lines"][0]["points"][2].contains("apart"));
}

TEST(RunPage, SaysWhereTheRunStands) {
  TrainingRun run = three_epochs();
  run.config.epochs = 5;
  run.energy.lost_after = {1};
  EXPECT_TRUE(holds(to_html(run), "3 of 5 epochs are complete"));
  EXPECT_TRUE(holds(to_html(run), "What was spent after epoch 1 and then lost"));
  run.energy.epochs.clear();
  EXPECT_TRUE(holds(to_html(run), "No epoch is complete yet."));
}

TEST(RunPage, ItsDataAreThoseOfTheRunsFiles) {
  const TrainingRun run = three_epochs();
  const json data = embedded(to_html(run), "data");
  EXPECT_EQ(data["config"], json::parse(to_json(run.config)));
  EXPECT_EQ(data["energy"], json::parse(json_of(run.energy).dump()));
  ASSERT_EQ(data["epochs"].size(), 3u);
  std::string lines;
  for (const json& line : data["epochs"]) lines += line.dump() + "\n";
  EXPECT_EQ(to_jsonl(training::parse_jsonl(lines)), to_jsonl(run.energy.epochs));
  EXPECT_EQ(data["environment"]["processor"], "an abacus");
}

TEST(RunPage, OfManyEpochsIsOfBoundedSize) {
  const auto run_of = [](std::int64_t count) {
    TrainingRun run{.config = {.epochs = count}};
    for (std::int64_t i = 1; i <= count; ++i) {
      run.energy.epochs.push_back(epoch(i, i == 777 ? 0.99 : 0.5, 100 + i % 3));
    }
    return run;
  };
  const TrainingRun run = run_of(2000);
  const std::string html = to_html(run);
  EXPECT_LT(html.size(), 1.5 * static_cast<double>(to_html(run_of(200)).size()));
  const json drawn = chart(html, "Validation accuracy against the energy spent (measured, gross)");
  const auto curve = points(drawn, 1);
  EXPECT_LE(curve.size(), 200u);
  EXPECT_GT(curve.size(), 60u);
  EXPECT_EQ(drawn["x_title"], "energy of all epochs until then (measured, gross), kJ");
  std::int64_t joules = 0;
  for (const EpochMetrics& m : run.energy.epochs) {
    joules += m.energy.training.measured[0].ticks + m.energy.evaluation.measured[0].ticks;
  }
  EXPECT_NEAR(curve.back().first, 1e-3 * static_cast<double>(joules), 1e-9);
  EXPECT_EQ(std::ranges::max(curve, {}, [](const auto& p) { return p.second; }).second, 49.5);
  EXPECT_EQ(points(chart(html, "Loss"))[0].first, 1);
  EXPECT_EQ(points(chart(html, "Loss")).back().first, 2000);
  // A bar is the mean of its epochs, not their sum.
  const json bars = chart(html, "Measured energy per epoch");
  for (const json& bar : bars["groups"][0]["values"]) {
    EXPECT_GE(bar.get<double>(), 100);
    EXPECT_LE(bar.get<double>(), 102);
  }
  const json data = embedded(html, "data");
  EXPECT_EQ(data["epochs"].size(), curve.size());
  std::int64_t stood_for = 0;
  for (const json& point : data["epochs"]) stood_for += 1 + point.value("merged", 0);
  EXPECT_EQ(stood_for, 2000);
  EXPECT_EQ(data["energy"]["total"]["gross"]["value"], static_cast<double>(joules));
  EXPECT_TRUE(holds(html, str("Of the 2000 epochs, ", curve.size(), " are shown")));
  EXPECT_TRUE(holds(html, "2000 of 2000 epochs are complete"));
  EXPECT_FALSE(holds(to_html(run_of(200)), "are shown"));
}

TEST(RunPage, CarbonIsALineOfItsOwn) {
  TrainingRun run = three_epochs();
  EXPECT_FALSE(holds(to_html(run), "Carbon"));
  run.energy.footprint = {.grams_per_kwh = 360, .pue = 1.5};
  const std::string html = to_html(run);
  EXPECT_TRUE(holds(html, "<dt>Carbon</dt><dd><strong>0.051 g CO2e</strong>"));
  EXPECT_TRUE(holds(html, "<dt>Its share of the building</dt><dd><strong>765 J</strong>"));
  EXPECT_TRUE(holds(html, "The measured sum lacks: the rest of the machine"));
  for (EpochMetrics& epoch : run.energy.epochs) {
    for (auto* part :
         {&epoch.energy.training, &epoch.energy.validation, &epoch.energy.evaluation}) {
      for (auto& sum : part->measured) sum.domain = energy::Domain::machine;
    }
  }
  EXPECT_TRUE(holds(to_html(run), "<dt>With the building</dt><dd><strong>765 J</strong>"));
  EXPECT_TRUE(holds(html, "<dt>Gross energy of all epochs</dt><dd><strong>510 J</strong>"));
}

}  // namespace
}  // namespace joule::report
