// SPDX-License-Identifier: MIT
#include "joule/report/svg.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include "joule/io/atomic_file.h"
#include "joule/io/input_file.h"
#include "joule/report/assets.h"
#include "joule/report/svg/axis.h"
#include "joule/report/svg/canvas.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/sources.h"

namespace joule::report {
namespace {

using test::error_of;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool holds(const std::string& svg, const std::string& text) {
  return svg.find(text) != std::string::npos;
}

std::size_t count(const std::string& svg, const std::string& text) {
  std::size_t found = 0;
  for (std::size_t at = svg.find(text); at != std::string::npos; at = svg.find(text, at + 1))
    ++found;
  return found;
}

std::vector<std::string> labels(const svg::Ticks& axis) {
  std::vector<std::string> texts;
  for (const auto& [at, text] : axis.ticks) texts.push_back(text);
  return texts;
}

using Texts = std::vector<std::string>;

LineChart two_lines() {
  return {.title = "Loss",
          .x_title = "epoch",
          .y_title = "mean cross-entropy",
          .lines = {{.name = "one", .points = {{1, 2, 1.5, 2.5}, {2, 1, 1, 1}, {3, 3, 3, 3}}},
                    {.name = "two", .points = {{1, 0, 0, 0}, {3, 4, 4, 4}}, .dashed = true}}};
}

void expect_golden(const std::string& name, const std::string& svg) {
  const std::string path = test::source_path("tests/report/svg/") + name;
  if (std::getenv("JOULE_WRITE_GOLDEN")) write_file_atomically(path, svg);
  EXPECT_EQ(svg, read_file(path)) << path;
}

TEST(SvgAxis, LinearTicksAreRoundAndTheirLabelsTellThemApart) {
  const svg::Ticks axis = svg::linear_ticks(0.12, 0.97, 6, "t");
  EXPECT_EQ(labels(axis), (Texts{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(axis.low, 0);
  EXPECT_EQ(axis.high, 1);
  EXPECT_EQ(axis.ticks[3].first, 0.6);  // not 3 * 0.2
  EXPECT_EQ(labels(svg::linear_ticks(-3, 12, 4, "t")), (Texts{"-10", "0", "10", "20"}));
  EXPECT_EQ(labels(svg::linear_ticks(-1e-3, 1e-3, 3, "t")), (Texts{"-0.001", "0.000", "0.001"}));
  EXPECT_EQ(labels(svg::linear_ticks(1e9 + 1, 1e9 + 3, 3, "t")),
            (Texts{"1000000001", "1000000002", "1000000003"}));
  EXPECT_EQ(labels(svg::linear_ticks(0, 3e-7, 4, "t")), (Texts{"0", "1e-07", "2e-07", "3e-07"}));
}

TEST(SvgAxis, ARangeWithoutLengthIsWidened) {
  const svg::Ticks axis = svg::linear_ticks(50, 50, 6, "t");
  EXPECT_LT(axis.low, 50);
  EXPECT_GT(axis.high, 50);
  EXPECT_EQ(labels(svg::linear_ticks(0, 0, 3, "t")), (Texts{"0.0", "0.5", "1.0"}));
  EXPECT_EQ(svg::linear_ticks(0, 1e-320, 3, "t").high, 1);
  EXPECT_EQ(error_of([] { svg::linear_ticks(-1e308, 1e308, 3, "T"); }),
            "chart 'T': no axis goes from -1e+308 to 1e+308");
}

TEST(SvgAxis, LogarithmicTicksAreOneTwoAndFiveOrPowersOfTen) {
  EXPECT_EQ(labels(svg::log_ticks(1, 10, 8, "t")), (Texts{"1", "2", "5", "10"}));
  EXPECT_EQ(labels(svg::log_ticks(1e-3, 1e3, 8, "t")),
            (Texts{"0.001", "0.01", "0.1", "1", "10", "100", "1000"}));
  EXPECT_EQ(labels(svg::log_ticks(1e-20, 1e20, 8, "t")).size(), 7u);
  EXPECT_GE(svg::log_ticks(3, 3.1, 8, "t").ticks.size(), 3u);
  const svg::Ticks tiny = svg::log_ticks(5e-324, 1e308, 8, "t");
  EXPECT_LE(tiny.low, 5e-324);
  EXPECT_GE(tiny.high, 1e308);
  EXPECT_LE(tiny.ticks.size(), 8u);
}

TEST(SvgCanvas, ColoursAreThoseOfThePages) {
  for (const char* colour : {"#0969da", "#bc4c00", "#59636e"}) {
    EXPECT_TRUE(holds(std::string(kStyle), colour)) << colour;
  }
  EXPECT_EQ(svg::series(0), "#0969da");
  EXPECT_EQ(svg::series(9), "#bc4c00");
  EXPECT_EQ(svg::color("back"), "#ffffff");
}

TEST(SvgCanvas, TextIsWhatXmlMayHold) {
  EXPECT_EQ(svg::xml("a<b>&\"é"), "a&lt;b&gt;&amp;&quot;é");
  EXPECT_EQ(svg::xml(std::string("\0\x1b\xff", 3)), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(svg::xml("\xc0\x80"), "\ufffd\ufffd");            // too long for what it says
  EXPECT_EQ(svg::xml("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");  // half of a pair
  EXPECT_EQ(svg::xml("\xf0\x9f\x98\x80\xe2\x82"), "\xf0\x9f\x98\x80\ufffd\ufffd");
  EXPECT_EQ(svg::xml("\xe2(\x82"), "\ufffd(\ufffd");  // no character goes on with a bracket
  EXPECT_EQ(svg::number(-0.001), "0");
  EXPECT_EQ(svg::number(12.50), "12.5");
  EXPECT_EQ(svg::shortened("ééééé", 3 * 8.4), "éé…");
}

TEST(Svg, TheSameChartGivesTheBytesOfTheGoldenFile) {
  expect_golden("lines.svg", to_svg(two_lines()));
  const BarChart bars{
      .title = "Energy",
      .value_title = "J",
      .categories = {"a", "b"},
      .groups = {{"training", {1.5, 2}, {{Range{1, 2}, std::nullopt}}}, {"test", {1, 1}}},
      .lying = true};
  expect_golden("bars.svg", to_svg(bars));
}

TEST(Svg, WhatCannotBeDrawnIsLeftOutAndCounted) {
  LineChart chart = two_lines();
  EXPECT_FALSE(holds(to_svg(chart), "not drawn"));
  chart.lines[0].points[1].y = std::nan("");
  const std::string drawn = to_svg(chart);
  EXPECT_TRUE(holds(drawn, "1 value of this chart is not drawn: not finite, or not positive on a"));
  EXPECT_TRUE(holds(drawn, "one: 2 points from 2 to 3."));
  EXPECT_FALSE(holds(drawn, "nan"));
  chart.log_y = true;  // and so is the second line's 0
  EXPECT_TRUE(holds(to_svg(chart), "2 values of this chart are not drawn"));
  chart.x_ticks = {{kInfinity, "never"}};
  chart.reference = -1;
  EXPECT_TRUE(holds(to_svg(chart), "4 values of this chart are not drawn"));
}

TEST(Svg, AGapEndsALine) {
  LineChart chart = two_lines();
  chart.lines.resize(1);
  const auto moves = [&] {
    const std::string drawn = to_svg(chart);
    const std::size_t end = drawn.find("stroke-width=\"2\" stroke-linejoin");
    const std::size_t from = drawn.rfind("<path", end);
    return count(drawn.substr(from, end - from), "M");
  };
  EXPECT_EQ(moves(), 1u);
  chart.lines[0].points[1].apart = true;
  EXPECT_EQ(moves(), 2u);
}

TEST(Svg, AnEmptyChartIsOne) {
  EXPECT_TRUE(holds(to_svg(LineChart{.title = "T"}), "</svg>"));
  EXPECT_TRUE(holds(to_svg(BarChart{.title = "T"}), "</svg>"));
  EXPECT_TRUE(holds(to_svg(BarChart{.title = "T", .lying = true, .stacked = true}), "</svg>"));
}

TEST(Svg, BarsAreAsPagesTakeThem) {
  BarChart bars{.title = "B", .categories = {"p", "q"}, .groups = {{"g", {1.0}}}};
  EXPECT_EQ(error_of([&] { to_svg(bars); }), "page: 'B' has 2 categories, 'g' has 1 values");
  bars.groups[0].values = {1.0, std::nullopt};
  bars.groups[0].color = 6;
  const std::string drawn = to_svg(bars);
  EXPECT_EQ(count(drawn, "<rect"), 3u);  // background, legend, the one bar
  EXPECT_TRUE(holds(drawn, svg::series(6)));
}

TEST(Svg, CutNamesAreWholeInTheirTooltips) {
  const std::string name(80, 'n');
  const std::string drawn =
      to_svg(BarChart{.title = "B", .categories = {name}, .groups = {{"g", {1}}}, .lying = true});
  EXPECT_TRUE(holds(drawn, "n…<title>" + name + "</title>"));
}

}  // namespace
}  // namespace joule::report
