// SPDX-License-Identifier: MIT
#include "joule/bench/conv/conv_report.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "joule/bench/conv/conv_bench.h"
#include "joule/tests/support/embedded_json.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/sources.h"

namespace joule::bench {
namespace {

using nlohmann::json;

Spread exactly(double value) { return {value, value, value, value, value, 3}; }

ConvMeasurement measurement(const char* name, Kind kind, const char* ran, double seconds,
                            std::optional<std::int64_t> macs, double speedup) {
  return {.name = name,
          .kind = kind,
          .ran = ran,
          .times = {seconds, seconds, seconds},
          .seconds = exactly(seconds),
          .dense_equivalent_flops = 2 * 1000 / seconds,
          .macs_executed = macs,
          .executed_flops =
              macs ? std::optional(2 * static_cast<double>(*macs) / seconds) : std::nullopt,
          .share_of_peak = 0.25,
          .share_of_bandwidth = 0.125,
          .speedup = exactly(speedup),
          .difference = 0};
}

/// A report of one curve whose figures are easy to follow: at density 1 Joule needs 1.5 times as
/// long as the best direct kernel, at a half 0.5 times.
ConvReport report() {
  ConvCurve curve{.problem = parse_conv_problems("2x3x4", 1)[0],
                  .pass = Pass::forward,
                  .work = {.macs = 1000, .bytes_read = 200, .bytes_written = 100}};
  curve.points.push_back(
      {.asked = 1,
       .x_density = 1,
       .grad_y_density = 1,
       .measurements = {measurement("joule", Kind::joule, "cpu.skip_zero", 0.003, 1000, 1 / 1.5),
                        measurement("oneDNN direct, nhwc", Kind::direct, "jit", 0.002, {}, 1),
                        measurement("oneDNN auto", Kind::automatic, "wino", 0.001, {}, 2)},
       .omitted = {{"reference", "the definition, not a kernel"}, {"cpu.rare", "needs zeros"}},
       .best_direct = "oneDNN direct, nhwc",
       .fastest = "oneDNN auto"});
  curve.points.push_back(
      {.asked = 0.5,
       .x_density = 0.53125,
       .grad_y_density = 0.5,
       .measurements = {measurement("joule", Kind::joule, "cpu.skip_zero", 0.001, 500, 2),
                        measurement("cpu.rare", Kind::row, "cpu.rare", 0.0005, 500, 4),
                        measurement("oneDNN direct, nhwc", Kind::direct, "jit", 0.002, {}, 1),
                        measurement("oneDNN auto", Kind::automatic, "wino", 0.002, {}, 1)},
       .omitted = {{"reference", "the definition, not a kernel"}},
       .best_direct = "oneDNN direct, nhwc",
       .fastest = "cpu.rare"});
  curve.points[1].measurements[1].passed_over = "conv2d: cpu.skip_zero is faster";
  curve.crossovers = crossovers(curve);
  ConvReport report{.environment = {.date = "2026-01-31T12:00:00Z",
                                    .cpu = "A processor",
                                    .simd = "AVX2",
                                    .processors = 2,
                                    .threads = 2,
                                    .compiler = "GCC 12.2.0",
                                    .joule = "0.1.0",
                                    .onednn = "2.6.3",
                                    .load = 0.25},
                    .batch = 1,
                    .rounds = 3,
                    .flops = exactly(6e11),
                    .bandwidth = exactly(2.5e10),
                    .bandwidth_bytes = 192 << 20,
                    .cache_bytes = 32 << 20};
  report.curves.push_back(std::move(curve));
  return report;
}

TEST(ConvReport, HasTheJsonOfTheCheckedExample) {
  std::ifstream file(test::source_path("tests/bench/bench_conv_example.json"));
  std::stringstream example;
  example << file.rdbuf();
  EXPECT_EQ(to_json(report()), example.str())
      << "A key that changes its meaning or goes needs a new kConvSchema; then write the new text "
         "into tests/bench/bench_conv_example.json.";
}

TEST(ConvReport, FindsTheCrossover) {
  const auto found = report().curves[0].crossovers;
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "joule");
  EXPECT_EQ(found[0].direct, (Crossover{.kind = Crossover::Kind::at_density,
                                        .density = 0.75,
                                        .measured = {1, 0.5},
                                        .faster = {0.5}}));
  // 3 at density 1, a half at a half.
  EXPECT_EQ(found[0].automatic->density, 0.6);
  EXPECT_EQ(found[1].name, "cpu.rare");
  EXPECT_EQ(found[1].direct,
            (Crossover{.kind = Crossover::Kind::always, .measured = {0.5}, .faster = {0.5}}))
      << "it did not run at density 1";
}

TEST(ConvReport, DividesTheTimesOfARound) {
  ConvPoint point{.measurements = {{.name = "joule", .kind = Kind::joule},
                                   {.name = "nhwc", .kind = Kind::direct},
                                   {.name = "free", .kind = Kind::direct},
                                   {.name = "auto", .kind = Kind::automatic}}};
  add_times(point, {.macs = 500}, {{1, 2, 1}, {8, 8, 8}, {4, 4, 2}, {0.5, 1, 1}});
  EXPECT_EQ(point.best_direct, "free");
  EXPECT_EQ(point.fastest, "joule") << "the first of two with the same median";
  EXPECT_EQ(point.measurements[0].speedup, (Spread{2, 2, 3, 2, 4, 3}));
  EXPECT_EQ(point.measurements[1].speedup->median, 0.5);
  EXPECT_EQ(point.measurements[1].dense_equivalent_flops, 125);
  EXPECT_EQ(point.measurements[3].seconds.least, 0.5);
}

TEST(ConvReport, DenseWinsWhereTheFastestSkippedNothing) {
  const auto says = [](const ConvCurve& curve) {
    const std::string text = table(curve);
    const std::size_t at = text.find("dense wins at ");
    return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
  };
  ConvCurve curve = report().curves[0];
  EXPECT_EQ(says(curve), "dense wins at 0 % zeros");
  curve.points[0].fastest = "joule";
  EXPECT_EQ(says(curve), "") << "without zeros there is nothing to skip";
  curve.points[1].measurements[0].macs_executed = 1000;
  curve.points[1].fastest = "joule";
  EXPECT_EQ(says(curve), "dense wins at 50 % zeros");
}

TEST(ConvReport, HasATable) {
  EXPECT_EQ(table(report().curves[0]),
            R"(2x3x4, forward, random zeros, 1e-06 GMAC: speed-up over the best direct kernel
zeros   joule   oneDNN direct, nhwc   oneDNN auto   cpu.rare   best direct
--------------------------------------------------------------------------
0 %     0.67                  1.00          2.00*                     2 ms
50 %    2.00                  1.00          1.00       4.00*          2 ms
  break-even of joule with the best direct kernel: 25 % zeros (no interval from fewer than 6 rounds); with oneDNN's own choice: 40 % zeros (no interval from fewer than 6 rounds)
  break-even of cpu.rare with the best direct kernel: faster at the only share that was measured, 50 % zeros; with oneDNN's own choice: faster at the only share that was measured, 50 % zeros
  dense wins at 0 % zeros
  joule took cpu.skip_zero at 50 % zeros, where cpu.rare was 2.00 times as fast
  joule took cpu.skip_zero
  oneDNN auto took wino
  Joule's own choice passes over: cpu.rare (conv2d: cpu.skip_zero is faster) at 50 % zeros
  left out: reference (the definition, not a kernel)
  left out: cpu.rare (needs zeros) at 0 % zeros

)");
}

TEST(ConvReport, SaysHowFarABreakEvenIsKnown) {
  ConvCurve curve = report().curves[0];
  const auto says = [&] {
    const std::string text = table(curve),
                      name = "break-even of joule with the best direct kernel: ";
    const std::size_t at = text.find(name) + name.size();
    return text.substr(at, text.find('\n', at) - at);
  };
  curve.crossovers = {{.name = "joule",
                       .direct = {.kind = Crossover::Kind::at_density,
                                  .density = 0.25,
                                  .interval = CrossoverInterval{.lower = 0.125},
                                  .measured = {1, 0.5, 0.1},
                                  .faster = {0.1}}}};
  EXPECT_EQ(says(), "75 % zeros (95 % interval: outside of what was measured to 87.5 %)");
  Crossover& c = curve.crossovers[0].direct;
  c = {.kind = Crossover::Kind::always, .interval = CrossoverInterval{}, .measured = {1, 0.1}};
  EXPECT_EQ(says(), "faster at every share that was measured, 0 % to 90 % zeros");
  c.interval->lower = 0.75;
  EXPECT_EQ(says(),
            "faster at every share that was measured, 0 % to 90 % zeros (95 % interval: outside of "
            "what was measured to 25 %)");
  c.kind = Crossover::Kind::never;
  c.interval.reset();
  EXPECT_EQ(says(), "not faster at any share that was measured, 0 % to 90 % zeros");
  c = {.kind = Crossover::Kind::several, .measured = {1, 0.5, 0.1}, .faster = {1, 0.1}};
  EXPECT_EQ(says(), "no single one: faster at 0 %, 90 % of 0 %, 50 %, 90 % zeros");
}

TEST(ConvReport, WithoutAPeerShowsTimes) {
  ConvReport alone = report();
  for (ConvPoint& point : alone.curves[0].points) {
    std::erase_if(point.measurements, [](const auto& m) { return m.kind != Kind::joule; });
    point.best_direct.clear();
    for (auto& m : point.measurements) m.speedup.reset();
  }
  EXPECT_TRUE(crossovers(alone.curves[0]).empty());
  EXPECT_NE(table(alone.curves[0]).find("GMAC: milliseconds\nzeros   joule\n"), std::string::npos);
  EXPECT_NE(to_html(alone).find("no peer"), std::string::npos);
}

TEST(ConvReport, ItsPageHoldsTheJson) {
  EXPECT_EQ(test::embedded(to_html(report()), "data"), json::parse(to_json(report())));
}

TEST(ConvReport, AChartHasTheFourWaysThatSayMost) {
  ConvReport many = report();
  ConvCurve& curve = many.curves[0];
  // cpu.d is always the fastest of the implementations, and of the others cpu.rare comes closest.
  for (ConvPoint& point : curve.points) {
    for (const auto& [name, seconds] :
         {std::pair("cpu.a", 0.009), std::pair("cpu.b", 0.008), std::pair("cpu.d", 0.0001)}) {
      point.measurements.push_back(
          measurement(name, Kind::row, name, seconds, 500, 0.002 / seconds));
    }
  }
  many.curves.push_back(curve);
  many.curves[1].pass = Pass::grad_input;
  const std::string html = to_html(many);
  const json charts = test::embedded(html, "charts");
  ASSERT_EQ(charts.size(), 2u) << "one for each pass of the shape";
  std::vector<std::string> names;
  for (const json& line : charts[0]["lines"]) names.push_back(line["name"]);
  EXPECT_EQ(names, (std::vector<std::string>{"joule", "oneDNN auto", "cpu.d", "cpu.rare"}));
  EXPECT_NE(html.find("<figcaption>grad-input</figcaption>"), std::string::npos);
  EXPECT_NE(std::string(charts[0]["x_title"]).find("log"), std::string::npos);
  EXPECT_NE(std::string(charts[0]["y_title"]).find("log"), std::string::npos);
  EXPECT_EQ(html.find("<h2", html.find("<h2") + 1), std::string::npos) << "one shape, one heading";
  // The tables have what the charts do not; the long list waits to be unfolded.
  EXPECT_NE(html.find("<th>cpu.a</th>"), std::string::npos);
  const std::size_t fold = html.find("<details><summary>forward: choices, and what was left out");
  ASSERT_NE(fold, std::string::npos);
  EXPECT_LT(fold, html.find("left out: reference"));
  EXPECT_LT(html.find("dense wins at"), fold);
}

TEST(BenchConv, MeasuresEveryPassAtEveryDensity) {
  std::vector<std::string> started;
  const ConvReport report =
      bench_conv({.problems = parse_conv_problems("3x4x5", 2),
                  .densities = {1, 0.5},
                  .passes = {Pass::forward, Pass::step},
                  .batch = 2,
                  .rounds = 3},
                 {.on_start = [&](const std::string& what) { started.push_back(what); }});
  EXPECT_EQ(started,
            (std::vector<std::string>{"3x4x5 forward, density 1", "3x4x5 step, density 1",
                                      "3x4x5 forward, density 0.5", "3x4x5 step, density 0.5"}));
  ASSERT_EQ(report.curves.size(), 2u);
  for (const ConvCurve& curve : report.curves) {
    ASSERT_EQ(curve.points.size(), 2u);
    EXPECT_EQ(curve.points[0].x_density, 1);
    EXPECT_LT(curve.points[1].x_density, 1);
    for (const ConvPoint& point : curve.points) {
      for (const ConvMeasurement& m : point.measurements) {
        EXPECT_EQ(m.seconds.count, 3);
        EXPECT_GT(m.seconds.least, 0);
        EXPECT_DOUBLE_EQ(m.dense_equivalent_flops,
                         2 * static_cast<double>(curve.work.macs) / m.seconds.median);
        EXPECT_EQ(m.executed_flops.has_value(), m.macs_executed.has_value());
        if (m.executed_flops) {
          EXPECT_DOUBLE_EQ(*m.executed_flops,
                           2 * static_cast<double>(*m.macs_executed) / m.seconds.median);
        }
        EXPECT_DOUBLE_EQ(m.share_of_peak * report.flops.most * m.seconds.median,
                         2 * static_cast<double>(m.macs_executed.value_or(curve.work.macs)));
        EXPECT_EQ(m.speedup.has_value(), !point.best_direct.empty());
        if (m.name == point.best_direct) {
          EXPECT_EQ(m.speedup->upper, 1);
        }
      }
    }
  }
  EXPECT_EQ(report.curves[1].work.macs, 3 * report.curves[0].work.macs);
}

TEST(Environment, SaysWhatSpoilsTheFigures) {
  Environment e = report().environment;
  EXPECT_EQ(warnings(e), std::vector<std::string>{});
  e.threads = 3;
  ASSERT_EQ(warnings(e).size(), 2u);
  EXPECT_TRUE(warnings(e)[0].starts_with("oversubscribed: 3 threads share 2 processors"));
  e.threads = 1;
  e.load = 1.75;
  ASSERT_EQ(warnings(e).size(), 1u);
  EXPECT_TRUE(warnings(e)[0].starts_with("the machine was busy: a load of 1.75"));
  e.load = 1;
  e.onednn.reset();
  ASSERT_EQ(warnings(e).size(), 1u);
  EXPECT_TRUE(warnings(e)[0].starts_with("oneDNN: not in this build"));
}

TEST(Environment, IsListedWithItsWarnings) {
  Environment e = report().environment;
  e.warnings.clear();
  EXPECT_EQ(facts(e).front(), std::pair(std::string("date"), e.date));
  EXPECT_EQ(facts(e).back(), std::pair(std::string("compiler"), e.compiler));
  e.warnings = {"busy", "crowded"};
  EXPECT_EQ(facts(e).back(), std::pair(std::string("warning"), std::string("busy; crowded")));
}

}  // namespace
}  // namespace joule::bench
