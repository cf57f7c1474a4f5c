// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>

#include "joule/bench/conv/conv_text.h"
#include "joule/bench/json.h"
#include "joule/report/figures.h"
#include "joule/report/page.h"
#include "joule/training/config.h"

namespace joule::bench {
namespace {

using report::percent;

constexpr const char* kHowToRead =
    "A speed-up is the time of the best direct kernel of oneDNN on the same tensors divided by the "
    "time of the way, in the same round; the bars and the ranges in brackets are from the lower to "
    "the upper quartile. All took turns in random order. The zero masks are those that the "
    "ReLU before the convolution, or its gradient, wrote. oneDNN got its weights packed and its "
    "images in the layout that it wanted for nothing. Dense-equivalent GFLOP/s count every "
    "multiply-add of the dense algorithm, also those that were skipped; executed GFLOP/s count "
    "those "
    "that ran. A break-even is claimed only between densities that were measured; its interval is "
    "from a bootstrap of the rounds.";

/// "12.3 (12.1 to 12.9)"
std::string with_quartiles(const Spread& s, double unit) {
  return fmt::format("{:.3g} ({:.3g} to {:.3g})", s.median / unit, s.lower / unit, s.upper / unit);
}

report::LineChart chart(const ConvCurve& curve) {
  const bool peer = unit_of_overview(curve) != "milliseconds";
  report::LineChart chart{
      .title = peer ? "Speed-up over the best direct kernel, by the share of zeros"
                    : "Dense-equivalent GFLOP/s, by the share of zeros",
      .x_title = "zeros",
      .y_title = peer ? "speed-up" : "dense-equivalent GFLOP/s",
      .log_x = true,
      .log_y = true,
      .falling_x = true};
  if (peer) chart.reference = 1;
  for (const std::string& way : ways(curve)) {
    report::Line line{.name = way};
    for (const ConvPoint& point : curve.points) {
      const ConvMeasurement* const m = find(point, way);
      if (!m) continue;
      line.dashed = m->kind == Kind::direct || m->kind == Kind::automatic;
      if (m->speedup) {
        const Spread& s = *m->speedup;
        line.points.push_back({*point.asked, s.median, s.lower, s.upper});
      } else {
        const double flop = 1e-9 * m->dense_equivalent_flops * m->seconds.median;
        line.points.push_back({*point.asked, flop / m->seconds.median, flop / m->seconds.upper,
                               flop / m->seconds.lower});
      }
    }
    std::sort(line.points.begin(), line.points.end(),
              [](const auto& a, const auto& b) { return a.x > b.x; });
    chart.lines.push_back(std::move(line));
  }
  for (const ConvPoint& point : curve.points) {
    chart.x_ticks.push_back({*point.asked, zeros(*point.asked)});
  }
  return chart;
}

report::Table pivot(const ConvCurve& curve) {
  auto rows = overview(curve);
  report::Table table{.caption = unit_of_overview(curve) + " (* the fastest)",
                      .head = std::move(rows[0])};
  table.rows.assign(rows.begin() + 1, rows.end());
  return table;
}

std::vector<std::string> details_row(const ConvCurve& curve, const ConvPoint& point,
                                     const ConvMeasurement& m) {
  const auto dense = static_cast<double>(curve.work.macs);
  return {zeros(point.asked.value_or(point.density(curve.pass))),
          m.name,
          m.ran,
          with_quartiles(m.seconds, 1e-3),
          fmt::format("{:.3g}", 1e-9 * m.dense_equivalent_flops),
          m.executed_flops ? fmt::format("{:.3g}", 1e-9 * *m.executed_flops) : "not counted",
          m.macs_executed ? percent(static_cast<double>(*m.macs_executed) / dense) : "not counted",
          percent(m.share_of_peak),
          percent(m.share_of_bandwidth),
          m.speedup ? with_quartiles(*m.speedup, 1) : "no peer",
          fmt::format("{:.1e}", m.difference)};
}

report::Table details(const ConvCurve& curve) {
  report::Table table{
      .caption = "Every figure",
      .head = {"zeros", "way", "ran", "ms", "dense-equivalent GFLOP/s", "executed GFLOP/s",
               "MACs executed", "of FMA peak", "of bandwidth", "speed-up", "difference"},
      .folded = true};
  for (const ConvPoint& point : curve.points) {
    for (const ConvMeasurement& m : point.measurements) {
      table.rows.push_back(details_row(curve, point, m));
    }
  }
  return table;
}

/// The layers of a net side by side, for one pass.
void add_real(report::Page& page, Pass pass, const std::vector<const ConvCurve*>& layers) {
  page.heading(fmt::format("{}, real zeros", name(pass)));
  report::BarChart bars{
      .title = unit_of_overview(*layers[0]) + ", layer by layer",
      .value_title = unit_of_overview(*layers[0]) == "milliseconds" ? "milliseconds" : "speed-up"};
  for (const ConvCurve* layer : layers) {
    const ConvPoint& point = layer->points[0];
    bars.categories.push_back(layer->problem.name + ", " + zeros(point.density(pass)));
    for (const std::string& way : ways(*layer)) {
      const auto same = [&](const auto& group) { return group.name == way; };
      if (std::none_of(bars.groups.begin(), bars.groups.end(), same)) {
        bars.groups.push_back({way, {}});
      }
    }
  }
  for (report::BarGroup& group : bars.groups) {
    for (const ConvCurve* layer : layers) {
      const ConvMeasurement* const m = find(layer->points[0], group.name);
      group.values.push_back(!m           ? std::nullopt
                             : m->speedup ? std::optional(m->speedup->median)
                                          : std::optional(1e3 * m->seconds.median));
    }
  }
  page.add(bars);
  for (const ConvCurve* layer : layers) {
    report::Table table = details(*layer);
    table.caption = layer->problem.name;
    page.add(table).list(findings(*layer));
  }
}

}  // namespace

std::string to_html(const ConvReport& report) {
  report::Page page("Convolutions that skip zeros",
                    summary(report.environment) + "; " + report.environment.date);
  for (const std::string& warning : report.environment.warnings) page.warning(warning);
  page.paragraph(kHowToRead);
  page.paragraph(fmt::format(
      "Batch {}, {} rounds, products in {}; {}.", report.batch, report.rounds,
      training::products_in({.precision = report.precision, .algorithms = report.algorithms}),
      roofline(report)));
  for (const ConvCurve& curve : report.curves) {
    if (curve.real) continue;
    page.heading(fmt::format("{}, {}", curve.problem.name, name(curve.pass)));
    if (curve.points.size() > 1) page.add(chart(curve));
    page.add(pivot(curve)).list(findings(curve)).add(details(curve));
  }
  for (const Pass pass : kPasses) {
    std::vector<const ConvCurve*> layers;
    for (const ConvCurve& curve : report.curves) {
      if (curve.real && curve.pass == pass) layers.push_back(&curve);
    }
    if (!layers.empty()) add_real(page, pass, layers);
  }
  return page.data(json_of(report)).html();
}

}  // namespace joule::bench
