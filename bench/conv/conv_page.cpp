// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "joule/bench/conv/conv_text.h"
#include "joule/bench/json.h"
#include "joule/report/figures.h"
#include "joule/report/page.h"
#include "joule/training/config.h"

namespace joule::bench {
namespace {

using report::percent;

constexpr std::size_t kMostLines = 4;  // that can be told apart

constexpr const char* kHowToRead =
    "A speed-up is the time of the best direct kernel of oneDNN on the same tensors divided by the "
    "time of the way, in the same round; the bars and the ranges in brackets are from the lower to "
    "the upper quartile. All took turns in random order. The zero masks are those that the "
    "ReLU before the convolution, or its gradient, wrote. oneDNN got its weights packed and its "
    "images in the layout that it wanted for nothing. Dense-equivalent GFLOP/s count every "
    "multiply-add of the dense algorithm, also those that were skipped; executed GFLOP/s count "
    "those that ran. Charts have the four ways that say most: Joule's choice, that of oneDNN, and "
    "the "
    "implementations that were the fastest most often; tables have all. A break-even is claimed "
    "only between densities that were measured; its interval is "
    "from a bootstrap of the rounds.";

/// "12.3 (12.1 to 12.9)"
std::string with_quartiles(const Spread& s, double unit) {
  return fmt::format("{:.3g} ({:.3g} to {:.3g})", s.median / unit, s.lower / unit, s.upper / unit);
}

/// How often an implementation was the fastest of them, and how close it came where it was closest.
using Standing = std::pair<std::int64_t, double>;

/// The ways of the charts: what users get, what the peer chose for itself, and of the
/// implementations those that were the fastest of them most often, in order.  The tables have all;
/// the best direct kernel is the rule at 1.
std::vector<std::string> charted(const std::vector<const ConvCurve*>& curves) {
  std::map<std::string, Standing> standings;
  std::vector<std::string> choosers, implementations;
  const auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const ConvCurve* curve : curves) {
    for (const ConvPoint& point : curve->points) {
      double least = std::numeric_limits<double>::infinity();
      for (const ConvMeasurement& m : point.measurements) {
        if (m.kind == Kind::row) least = std::min(least, m.seconds.median);
      }
      for (const ConvMeasurement& m : point.measurements) {
        if (m.kind == Kind::direct) continue;
        add(m.kind == Kind::row ? implementations : choosers, m.name);
        if (m.kind != Kind::row) continue;
        auto& [first, closest] = standings[m.name];
        first += m.seconds.median == least;
        closest = std::max(closest, least / m.seconds.median);
      }
    }
  }
  std::ranges::stable_sort(implementations, std::greater(),
                           [&](const std::string& name) { return standings[name]; });
  choosers.insert(choosers.end(), implementations.begin(), implementations.end());
  choosers.resize(std::min(choosers.size(), kMostLines));
  return choosers;
}

report::Line line(const ConvCurve& curve, const std::string& way) {
  report::Line line{.name = way};
  for (const ConvPoint& point : curve.points) {
    const ConvMeasurement* const m = find(point, way);
    if (!m) continue;
    line.dashed = m->kind == Kind::automatic;
    if (m->speedup) {
      const Spread& s = *m->speedup;
      line.points.push_back({*point.asked, s.median, s.lower, s.upper});
    } else {
      const double flop = 1e-9 * m->dense_equivalent_flops * m->seconds.median;
      line.points.push_back({*point.asked, flop / m->seconds.median, flop / m->seconds.upper,
                             flop / m->seconds.lower});
    }
  }
  std::ranges::sort(line.points, std::greater(), &report::Point::x);
  return line;
}

report::LineChart chart(const ConvCurve& curve) {
  const bool peer = unit_of_overview(curve) != "milliseconds";
  report::LineChart chart{
      .title = std::string(name(curve.pass)),
      .x_title = "zeros (log scale of the density)",
      .y_title = peer ? "speed-up (log scale)" : "dense-equivalent GFLOP/s (log scale)",
      .log_x = true,
      .log_y = true,
      .falling_x = true};
  if (peer) chart.reference = 1;
  for (const std::string& way : charted({&curve})) chart.lines.push_back(line(curve, way));
  for (const ConvPoint& point : curve.points) {
    chart.x_ticks.push_back({*point.asked, zeros(*point.asked)});
  }
  return chart;
}

report::Table pivot(const ConvCurve& curve) {
  auto rows = overview(curve);
  report::Table table{
      .caption = fmt::format("{}: {} (* the fastest)", name(curve.pass), unit_of_overview(curve)),
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
      .caption = fmt::format("{}: every figure", name(curve.pass)),
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
  }
  for (const std::string& way : charted(layers)) bars.groups.push_back({way, {}});
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
    page.list(remarks(*layer), layer->problem.name + ": choices, and what was left out");
  }
}

/// The passes of a convolution beside each other, and their tables.
void add_random(report::Page& page, const std::vector<const ConvCurve*>& passes) {
  page.heading(passes[0]->problem.name);
  std::vector<report::LineChart> charts;
  for (const ConvCurve* curve : passes) {
    if (curve->points.size() > 1) charts.push_back(chart(*curve));
  }
  page.add(charts);
  for (const ConvCurve* curve : passes) {
    page.add(pivot(*curve)).list(findings(*curve)).add(details(*curve));
    page.list(remarks(*curve),
              fmt::format("{}: choices, and what was left out", name(curve->pass)));
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
  std::vector<std::pair<std::string, std::vector<const ConvCurve*>>> problems;
  for (const ConvCurve& curve : report.curves) {
    if (curve.real) continue;
    auto of = std::ranges::find(problems, curve.problem.name, [](auto& p) { return p.first; });
    if (of == problems.end()) of = problems.insert(of, {curve.problem.name, {}});
    of->second.push_back(&curve);
  }
  for (const auto& [name, passes] : problems) add_random(page, passes);
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
