// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/nas/search/table_search.h"
#include "joule/report/ecnas/ecnas_document.h"
#include "joule/report/ecnas/ecnas_paper.h"
#include "joule/report/svg.h"
#include "joule/tests/nas/search/small_table.h"
#include "joule/tests/support/op_test.h"

namespace joule::report {
namespace {

using test::error_of;

EcnasResults results_of(const std::vector<std::string>& strategies, std::uint64_t seeds) {
  nas::Table table = nas::test::small_table(4);
  const std::int64_t budgets[] = {4};
  const nas::CellSpace space(4, budgets);
  const auto objectives = nas::default_objectives();
  std::vector<nas::SearchRun> runs;
  for (const std::string& strategy : strategies) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      runs.push_back(search_table(
          table, space,
          {.strategy = strategy, .objectives = objectives, .evaluations = 40, .seed = seed}));
    }
  }
  EcnasResults results{.comparison = {},
                       .title = "Searches",
                       .where = "A table.",
                       .where_energy = "measured",
                       .budgets = {4},
                       .vertices = 4,
                       .cells = 91,
                       .evaluations = 40};
  const auto exhaustive =
      search_table(table, space, {.strategy = "exhaustive", .objectives = objectives});
  for (const nas::SearchEvaluation& e : exhaustive.evaluations) {
    results.everything.push_back(e.objectives(objectives));
  }
  results.comparison = compare(std::move(runs), objectives, results.everything);
  results.swaps = nas::op_swaps(
      table, 4, {nas::kEnergy, nas::kTrainingTime, nas::kValidationAccuracy, nas::kParameters});
  results.swap_epochs = 4;
  results.machine = "a machine";
  results.joule = "1";
  return results;
}

const Table& table_named(const Document& document, std::string_view caption) {
  for (const Part& part : document.parts) {
    const auto* const table = std::get_if<Table>(&part);
    if (table && table->caption.starts_with(caption)) return *table;
  }
  throw std::runtime_error("no such table");
}

TEST(EcnasDocument, TellsWhatThereIs) {
  const EcnasResults results = results_of({"semoa", "random"}, 3);
  const Document document = ecnas_document(results);
  const Markdown markdown = to_markdown(document, "pictures");
  std::vector<std::string> files;
  for (const auto& [file, text] : markdown.pictures) files.push_back(file);
  EXPECT_EQ(files,
            (std::vector<std::string>{"scatter.svg", "attainment.svg", "volume-evaluations.svg",
                                      "volume-joules.svg", "radar.svg", "swap-energy.svg",
                                      "swap-training-time.svg", "swap-validation-accuracy.svg",
                                      "swap-parameters.svg"}));
  // The paper's rows stand behind those of the same strategy and point.
  const Table& landmarks = table_named(document, "Extrema and knees");
  ASSERT_EQ(landmarks.rows.size(), 8u + 3 + 2);
  EXPECT_EQ(landmarks.rows[0][0], "semoa");
  EXPECT_EQ(landmarks.rows[1], (std::vector<std::string>{"semoa (paper)", "least energy", "14.2",
                                                         "0.52", "0.01", "5.95"}));
  const Table& swaps = table_named(document, "One operation");
  ASSERT_EQ(swaps.rows.size(), 12u);
  EXPECT_EQ(swaps.rows[0][7], "-17.68 %");
  EXPECT_EQ(swaps.rows[2][7], "-0.0311");
  // No saving is told that no run has.
  const Table& savings = table_named(document, "What a knee saves");
  EXPECT_EQ(savings.rows.back(), (std::vector<std::string>{"paper", "its text", "about -70 %",
                                                           "about -1 points", "—", "—"}));
  EXPECT_NE(markdown.text.find("The largest budget here is 4 epochs"), std::string::npos);
  const auto json = ecnas_json(results);
  EXPECT_EQ(json["strategies"].size(), 2u);
  EXPECT_EQ(json["strategies"][0]["runs"].size(), 3u);
  EXPECT_EQ(json["strategies"][1]["over_evaluations"].size(), 40u);
  EXPECT_EQ(json["swaps"].size(), 4u);
  EXPECT_NE(to_html(document, json).find("data-sign=\"-\""), std::string::npos);
}

TEST(EcnasDocument, OneRunHasNoInterval) {
  const Document document = ecnas_document(results_of({"random", "exhaustive"}, 1));
  const std::string text = to_markdown(document, "").text;
  EXPECT_NE(text.find("One run of a strategy"), std::string::npos);
  // The whole is what exhaustive search finds.
  const Table& methods = table_named(document, "What the searches came to");
  EXPECT_EQ(methods.rows[1][4], "100.00");
}

TEST(HeatMap, ShadesByTheLargest) {
  HeatMap map{.title = "t",
              .row_title = "from",
              .column_title = "to",
              .rows = {"a", "b"},
              .columns = {"a", "b"},
              .cells = {{{std::nullopt, ""}, {-4.0, "-4 %"}}, {{2.0, "+2 %"}, {std::nullopt, ""}}}};
  const std::string svg = to_svg(map);
  EXPECT_NE(svg.find("fill=\"#007f38\" fill-opacity=\"0.600\""), std::string::npos);
  EXPECT_NE(svg.find("fill=\"#bc4c00\" fill-opacity=\"0.300\""), std::string::npos);
  EXPECT_NE(svg.find("b, a: +2 %."), std::string::npos);
  const std::string html = Page("p", "").add(map).html();
  EXPECT_NE(html.find("data-sign=\"-\" style=\"--share: 1.000\">-4 %"), std::string::npos);
  EXPECT_NE(html.find("data-sign=\"+\" style=\"--share: 0.500\">+2 %"), std::string::npos);
  map.cells.pop_back();
  EXPECT_EQ(error_of<ArgumentError>([&] { to_svg(map); }),
            "heat map 't': 1 rows of cells for 2 rows");
  map.cells.push_back({{1.0, ""}});
  EXPECT_EQ(error_of<ArgumentError>([&] { check(map); }),
            "heat map 't': a row has 1 cells, there are 2 columns");
}

TEST(RadarChart, HasAPolygonPerThing) {
  RadarChart chart{
      .title = "t", .directions = {"up", "right", "left"}, .things = {{"a", {1, 0.5, 0}}}};
  const std::string svg = to_svg(chart);
  // The first direction is upwards: 140 pixels above the centre; 0 is the centre.
  EXPECT_NE(svg.find("M350 "), std::string::npos);
  EXPECT_NE(svg.find("L350 "), std::string::npos);
  EXPECT_NE(svg.find("a: up 1 right 0.5 left 0."), std::string::npos);
  EXPECT_NE(Page("p", "").add(chart).html().find(R"("kind":"radar")"), std::string::npos);
  chart.things[0].shares[1] = 1.5;
  EXPECT_EQ(error_of<ArgumentError>([&] { to_svg(chart); }),
            "radar chart 't': 'a': expected a share from 0 to 1, got 1.5");
  chart.things[0].shares.pop_back();
  EXPECT_EQ(error_of<ArgumentError>([&] { check(chart); }),
            "radar chart 't': 'a' has 2 shares for 3 directions");
  chart.directions.pop_back();
  EXPECT_EQ(error_of<ArgumentError>([&] { check(chart); }),
            "radar chart 't': expected three directions or more, got 2");
}

TEST(LineChartBand, IsAnAreaAndNoBars) {
  LineChart chart{.title = "t",
                  .x_title = "x",
                  .y_title = "y",
                  .lines = {{.name = "a", .points = {{1, 2, 1, 3}, {2, 3, 2, 4}}, .band = true}}};
  EXPECT_NE(to_svg(chart).find("fill-opacity=\"0.18\""), std::string::npos);
  EXPECT_EQ(to_svg(chart).find("stroke-width=\"1.5\""), std::string::npos);
  EXPECT_NE(Page("p", "").add(chart).html().find(R"("band":true)"), std::string::npos);
  chart.lines[0].band = false;
  EXPECT_EQ(to_svg(chart).find("fill-opacity"), std::string::npos);
}

}  // namespace
}  // namespace joule::report
