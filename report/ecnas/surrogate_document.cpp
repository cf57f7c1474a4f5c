// SPDX-License-Identifier: MIT
#include "joule/report/ecnas/surrogate_document.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

namespace joule::report {
namespace {

using nas::SurrogateKind;
using nas::SurrogateTrial;
using nlohmann::ordered_json;

constexpr double kJoulesPerWh = 3600;
// The paper's: figure 2 and its curve over training sets, read off.
constexpr double kPaperTau = 0.9030, kPaperSmall = 2.5, kPaperWhole = 0.77;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

using Pick = std::function<double(const SurrogateTrial&)>;

double tau_squared(const SurrogateTrial& t) { return t.tau * t.tau; }
double error_wh(const SurrogateTrial& t) { return t.mean_error / kJoulesPerWh; }

/// "0.923 (0.915 to 0.930)": the median and the extremes.
std::string spread(const std::vector<SurrogateTrial>& trials, const Pick& pick, int digits) {
  std::vector<double> values;
  std::ranges::transform(trials, std::back_inserter(values), pick);
  const auto [low, high] = std::ranges::minmax(values);
  return fmt::format("{:.{}f} ({:.{}f} to {:.{}f})", median(values), digits, low, digits, high,
                     digits);
}

std::map<SurrogateKind, std::vector<SurrogateTrial>> by_kind(
    const std::vector<SurrogateTrial>& trials) {
  std::map<SurrogateKind, std::vector<SurrogateTrial>> kinds;
  for (const SurrogateTrial& trial : trials) kinds[trial.kind].push_back(trial);
  return kinds;
}

Table summary(const nas::SurrogateResults& results) {
  Table table{.caption = "Median of the splits, and the extremes",
              .head = {"surrogate", "splits", "tau squared", "after the last epoch",
                       "mean error, Wh", "in the 95 % intervals", "intervals, Wh", "training, s"}};
  for (const auto& [kind, trials] : by_kind(results.whole)) {
    const bool intervals = trials.front().coverage.has_value();
    table.rows.push_back(
        {std::string(name(kind)), fmt::format("{}", trials.size()), spread(trials, tau_squared, 4),
         trials.front().last_tau
             ? spread(
                   trials, [](const auto& t) { return *t.last_tau * *t.last_tau; }, 4)
             : "-",
         spread(trials, error_wh, 3),
         intervals ? spread(
                         trials, [](const auto& t) { return *t.coverage; }, 3)
                   : "-",
         intervals
             ? "+-" + spread(
                          trials, [](const auto& t) { return *t.half_width / kJoulesPerWh; }, 2)
             : "-",
         spread(
             trials, [](const auto& t) { return t.seconds; }, 1)});
  }
  table.rows.push_back({"the paper", "1", "-", fmt::format("{:.4f}", kPaperTau),
                        fmt::format("{:.2f}", kPaperWhole), "-", "-", "-"});
  return table;
}

Table every_split(const nas::SurrogateResults& results) {
  Table table{.caption = "Every split",
              .head = {"surrogate", "seed", "trained on", "tested on", "tau squared",
                       "mean error, Wh", "in the intervals"},
              .folded = true};
  for (const auto* const list : {&results.whole, &results.by_size}) {
    for (const SurrogateTrial& t : *list) {
      table.rows.push_back({std::string(name(t.kind)), fmt::format("{}", t.seed),
                            fmt::format("{}", t.trained), fmt::format("{}", t.tested),
                            fmt::format("{:.4f}", tau_squared(t)),
                            fmt::format("{:.3f}", error_wh(t)),
                            t.coverage ? fmt::format("{:.3f}", *t.coverage) : "-"});
    }
  }
  return table;
}

LineChart error_chart(const nas::SurrogateResults& results) {
  LineChart chart{.title = "Error over the size of the training set",
                  .x_title = "cells trained on",
                  .y_title = "mean error, Wh",
                  .log_x = true,
                  .zero_y = true};
  for (const auto& [kind, whole] : by_kind(results.whole)) {
    std::map<std::size_t, std::vector<double>> sizes;
    for (const SurrogateTrial& t : whole) sizes[t.trained].push_back(error_wh(t));
    for (const SurrogateTrial& t : results.by_size) {
      if (t.kind == kind) sizes[t.trained].push_back(error_wh(t));
    }
    Line line{.name = std::string(name(kind)), .points = {}};
    for (const auto& [size, errors] : sizes) {
      const auto [low, high] = std::ranges::minmax(errors);
      line.points.push_back({static_cast<double>(size), median(errors), low, high});
    }
    chart.lines.push_back(std::move(line));
  }
  chart.lines.push_back({.name = "the paper (its ends, read off)",
                         .points = {{100, kPaperSmall, kPaperSmall, kPaperSmall},
                                    {3020, kPaperWhole, kPaperWhole, kPaperWhole}},
                         .dashed = true});
  return chart;
}

LineChart scatter(const nas::SurrogateResults& results) {
  LineChart chart{.title = "Boosted trees: predicted over measured energy",
                  .x_title = "measured, Wh",
                  .y_title = "predicted, Wh",
                  .log_x = true,
                  .log_y = true};
  Line points{.name = "a cell that was not trained on, with its interval of 95 %", .points = {}};
  double least = 1e300, most = 0;
  for (const nas::PredictionPoint& one : results.points) {
    points.points.push_back({.x = one.measured / kJoulesPerWh,
                             .y = one.predicted / kJoulesPerWh,
                             .low = one.low / kJoulesPerWh,
                             .high = one.high / kJoulesPerWh,
                             .apart = true});
    least = std::min(least, one.measured / kJoulesPerWh);
    most = std::max(most, one.measured / kJoulesPerWh);
  }
  chart.lines.push_back(std::move(points));
  chart.lines.push_back({.name = "equal",
                         .points = {{least, least, least, least}, {most, most, most, most}},
                         .dashed = true,
                         .marks = false});
  return chart;
}

std::string spread_text(const nas::MeasurementSpread& s) {
  return fmt::format(
      "How near can a prediction come? {} groups of cells ({} cells) make nets of exactly the same "
      "layers, which differ in their connections alone; within such a group the measured energies "
      "differ by {:.2f} % (pooled standard deviation; the median group: {:.2f} %). If each "
      "measured "
      "energy is changed by a difference drawn from those, tau squared of the energies with "
      "themselves is {:.4f}: what knows a net's layers alone and is tested on such measurements "
      "cannot be expected to reach more.",
      s.groups, s.cells, 100 * s.deviation, 100 * s.median, s.tau * s.tau);
}

ordered_json json_of(const SurrogateTrial& t) {
  ordered_json json{{"surrogate", name(t.kind)}, {"seed", t.seed}, {"trained", t.trained},
                    {"tested", t.tested},        {"tau", t.tau},   {"mean_error_J", t.mean_error},
                    {"seconds", t.seconds}};
  if (t.last_tau) json["last_tau"] = *t.last_tau;
  if (t.coverage) json["coverage"] = *t.coverage;
  if (t.half_width) json["half_width_J"] = *t.half_width;
  return json;
}

}  // namespace

Document surrogate_document(const nas::SurrogateResults& results, const std::string& command,
                            const std::string& data) {
  Document document{
      .title = "EC-NAS: predicting the energy of a training",
      .lead = fmt::format(
          "Surrogates trained on {} of {} measured cells of {}, tested on cells that "
          "they have not seen.",
          results.whole.empty() ? 0 : results.whole.front().trained, results.cells, data)};
  document.parts.emplace_back(Paragraph{"Made by: " + command});
  document.parts.emplace_back(Heading{"Beside the paper"});
  document.parts.emplace_back(Paragraph{
      "Each split is a random order of the cells by its seed: 70 % to train on, 10 % to choose "
      "the net's epoch and to calibrate the intervals with, the rest to test on. The paper's net "
      "has 36 inputs (the adjacency matrix, "
      "the vertices' operations, the number of parameters) and is trained as the paper says: 200 "
      "epochs, batches of 32, Adam at 0.005, mean absolute error; of the epochs it is the best on "
      "the "
      "second share, and what the last one reaches, as in the authors' code, stands beside it. The "
      "boosted trees see what is "
      "counted of the net's graph. Tau is Kendall's; the paper's figure states its square."});
  document.parts.emplace_back(summary(results));
  document.parts.emplace_back(Warning{spread_text(results.spread)});
  if (!results.points.empty()) {
    document.parts.emplace_back(Picture<LineChart>{
        "scatter", "Predicted over measured energy of the boosted trees, seed 1, with intervals.",
        scatter(results)});
  }
  document.parts.emplace_back(Heading{"How many measurements it takes"});
  document.parts.emplace_back(Picture<LineChart>{
      "error", "Mean error over the size of the training set; bars: the extremes of the splits.",
      error_chart(results)});
  document.parts.emplace_back(every_split(results));
  return document;
}

ordered_json surrogate_json(const nas::SurrogateResults& results) {
  ordered_json json{{"cells", results.cells},
                    {"trials", ordered_json::array()},
                    {"equal layers",
                     {{"groups", results.spread.groups},
                      {"cells", results.spread.cells},
                      {"deviation", results.spread.deviation},
                      {"median", results.spread.median},
                      {"tau", results.spread.tau}}},
                    {"points", ordered_json::array()}};
  for (const auto* const list : {&results.whole, &results.by_size}) {
    for (const SurrogateTrial& t : *list) json["trials"].push_back(json_of(t));
  }
  for (const nas::PredictionPoint& p : results.points) {
    json["points"].push_back({p.measured, p.predicted, p.low, p.high});
  }
  return json;
}

}  // namespace joule::report
