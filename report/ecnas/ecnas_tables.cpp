// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/report/ecnas/ecnas_paper.h"
#include "joule/report/ecnas/ecnas_parts.h"
#include "joule/report/study_values.h"
#include "joule/search/statistics/mean.h"

namespace joule::report {
namespace {

using nas::Method;
using nas::SearchEvaluation;

constexpr double kJoulesPerKwh = 3.6e6;
constexpr EcnasMark kMarks[] = {EcnasMark::least_energy, EcnasMark::best_accuracy, EcnasMark::bend,
                                EcnasMark::knee};

std::optional<std::size_t> objective_number(const nas::Comparison& comparison,
                                            std::string_view metric) {
  for (std::size_t j = 0; j < comparison.objectives.size(); ++j) {
    if (comparison.objectives[j].metric == metric) return j;
  }
  return std::nullopt;
}

/// Of the runs that have it, the mean of a number of their mark.
template <class Number>
std::string mean_text(const nas::Comparison& comparison, const Method& method, EcnasMark mark,
                      Number&& number, int digits) {
  std::vector<double> sample;
  for (std::size_t r = 0; r < method.runs.size(); ++r) {
    const SearchEvaluation* const e = ecnas_mark(comparison, method, r, mark);
    const std::optional<double> value = e ? number(*e) : std::nullopt;
    if (value) sample.push_back(*value);
  }
  return sample.empty() ? kNothing : report::text_of(search::mean_interval(sample), 1, digits);
}

auto metric(const char* name) {
  return [name](const SearchEvaluation& e) { return e.number(name); };
}

double most_joules(const nas::Comparison& comparison) {
  double most = 0;
  for (const nas::SearchRun& run : comparison.runs) {
    for (const SearchEvaluation& e : run.evaluations) {
      most = std::max(most, e.number(nas::kEnergy).value_or(0));
    }
  }
  return most;
}

std::optional<double> log_parameters(const SearchEvaluation& e) {
  const std::optional<double> count = e.number(nas::kParameters);
  if (!count || *count <= 0) return std::nullopt;
  return std::log10(*count);
}

std::string spread_text(const nas::Spread& spread, double unit, int digits) {
  if (spread.low == spread.high) return fmt::format("{:.{}f}", spread.median / unit, digits);
  return fmt::format("{:.{}f} ({:.{}f} to {:.{}f})", spread.median / unit, digits,
                     spread.low / unit, digits, spread.high / unit, digits);
}

std::string_view paper_landmark(EcnasMark mark) {
  return mark == EcnasMark::bend ? "knee" : mark == EcnasMark::knee ? "" : name(mark);
}

/// The evaluation with the best accuracy that any search could find.
struct Saved {
  std::vector<double> energy, accuracy;  // % of the energy, points of accuracy
};

Saved saved_by(const nas::Comparison& comparison, const Method& method, EcnasMark mark,
               const std::optional<std::pair<double, double>>& best) {
  Saved saved;
  for (std::size_t r = 0; r < method.runs.size(); ++r) {
    const SearchEvaluation* const at = ecnas_mark(comparison, method, r, mark);
    const SearchEvaluation* const own = ecnas_mark(comparison, method, r, EcnasMark::best_accuracy);
    if (!at || !own) continue;
    const double accuracy = best ? best->first : *own->number(nas::kValidationAccuracy);
    const double energy = best ? best->second : *own->number(nas::kEnergy);
    if (!(energy > 0)) continue;
    saved.energy.push_back(100 * (*at->number(nas::kEnergy) / energy - 1));
    saved.accuracy.push_back(100 * (*at->number(nas::kValidationAccuracy) - accuracy));
  }
  return saved;
}

std::string points_text(const std::vector<double>& sample, const std::string& unit, int digits) {
  return sample.empty() ? kNothing : signed_text(search::mean_interval(sample), unit, digits);
}

/// Accuracy and energy of the most accurate of all that there is.
std::optional<std::pair<double, double>> best_of_all(const EcnasResults& results) {
  const auto a = objective_number(results.comparison, nas::kValidationAccuracy);
  const auto e = objective_number(results.comparison, nas::kEnergy);
  if (!a || !e || results.everything.empty()) return std::nullopt;
  const auto key = [&](const std::vector<double>& v) { return std::pair(v[*a], -v[*e]); };
  const auto best = std::ranges::max_element(results.everything, {}, key);
  return std::pair((*best)[*a], (*best)[*e]);
}

}  // namespace

std::string_view name(EcnasMark mark) {
  constexpr std::string_view kNames[] = {"least energy", "best accuracy", "knee by bend",
                                         "knee by chord"};
  return kNames[static_cast<std::size_t>(mark)];
}

const SearchEvaluation* ecnas_mark(const nas::Comparison& comparison, const Method& method,
                                   std::size_t run, EcnasMark mark) {
  const nas::Landmarks& marks = method.landmarks[run];
  const auto at = [&](std::size_t number) {
    return &comparison.runs[method.runs[run]].evaluations[number];
  };
  if (mark == EcnasMark::bend) return marks.bend ? at(*marks.bend) : nullptr;
  if (mark == EcnasMark::knee) return marks.knee ? at(*marks.knee) : nullptr;
  const auto objective = objective_number(
      comparison, mark == EcnasMark::least_energy ? nas::kEnergy : nas::kValidationAccuracy);
  if (!objective || marks.extrema.empty()) return nullptr;
  return at(marks.extrema[*objective]);
}

bool ecnas_has_accuracy_and_energy(const EcnasResults& results) {
  return results.comparison.objectives.size() == 2 &&
         objective_number(results.comparison, nas::kValidationAccuracy) &&
         objective_number(results.comparison, nas::kEnergy);
}

Table ecnas_methods_table(const EcnasResults& results) {
  const nas::Comparison& comparison = results.comparison;
  const double unit = comparison.whole ? *comparison.whole / 100 : 1;
  Table table{.caption = "What the searches came to: the median over the runs, and the quartiles",
              .head = {"strategy", "runs", "evaluations", "no cell",
                       comparison.whole ? "hypervolume, % of the whole" : "hypervolume",
                       "energy of the trainings, kJ", "the search itself, s"},
              .rows = {}};
  for (const Method& method : comparison.methods) {
    std::size_t most = 0;
    for (const std::size_t run : method.runs) {
      most = std::max(most, comparison.runs[run].evaluations.size());
    }
    table.rows.push_back({method.strategy, str(method.runs.size()), str(most),
                          spread_text(method.invalid, 1, 0), spread_text(method.volume, unit, 2),
                          spread_text(method.joules, 1000, 1), spread_text(method.seconds, 1, 3)});
  }
  return table;
}

Table ecnas_landmarks_table(const EcnasResults& results) {
  const nas::Comparison& comparison = results.comparison;
  const bool small = most_joules(comparison) < kJoulesPerKwh / 1000;
  const double unit = small ? 1 : kJoulesPerKwh;
  Table table{.caption = "Extrema and knees, in the mean over the runs, beside the paper's table 1",
              .head = {"strategy", "point", "training time, s", "validation accuracy",
                       small ? "energy, J" : "energy, kWh", "log10 parameters"},
              .rows = {}};
  for (const Method& method : comparison.methods) {
    const std::string base = method.strategy.substr(0, method.strategy.find(':'));
    for (const EcnasMark mark : kMarks) {
      table.rows.push_back(
          {method.strategy, std::string(name(mark)),
           mean_text(comparison, method, mark, metric(nas::kTrainingTime), 1),
           mean_text(comparison, method, mark, metric(nas::kValidationAccuracy), 4),
           mean_text(
               comparison, method, mark,
               [unit](const SearchEvaluation& e) -> std::optional<double> {
                 const auto joules = e.number(nas::kEnergy);
                 if (!joules) return std::nullopt;
                 return *joules / unit;
               },
               small ? 2 : 5),
           mean_text(comparison, method, mark, log_parameters, 2)});
      for (const EcnasPaperRow& row : ecnas_paper_rows()) {
        if (row.method != base || row.landmark != paper_landmark(mark)) continue;
        table.rows.push_back({str(base, " (paper)"), std::string(row.landmark),
                              fmt::format("{:.1f}", row.seconds),
                              fmt::format("{:.2f}", row.accuracy),
                              small ? fmt::format("{:.0f}", row.kwh * kJoulesPerKwh)
                                    : fmt::format("{:.2f}", row.kwh),
                              fmt::format("{:.2f}", row.log_parameters)});
      }
    }
  }
  return table;
}

Table ecnas_savings_table(const EcnasResults& results) {
  const nas::Comparison& comparison = results.comparison;
  const auto best = best_of_all(results);
  Table table{.caption =
                  "What a knee saves, against the most accurate point of the same run and "
                  "of all that there is",
              .head = {"strategy", "knee", "energy against own", "accuracy against own"},
              .rows = {}};
  if (best) {
    table.head.emplace_back("energy against all");
    table.head.emplace_back("accuracy against all");
  }
  for (const Method& method : comparison.methods) {
    for (const EcnasMark mark : {EcnasMark::bend, EcnasMark::knee}) {
      const Saved own = saved_by(comparison, method, mark, std::nullopt);
      std::vector<std::string> row{method.strategy, std::string(name(mark)),
                                   points_text(own.energy, "%", 1),
                                   points_text(own.accuracy, "points", 2)};
      if (best) {
        const Saved all = saved_by(comparison, method, mark, best);
        row.push_back(points_text(all.energy, "%", 1));
        row.push_back(points_text(all.accuracy, "points", 2));
      }
      table.rows.push_back(std::move(row));
    }
  }
  std::vector<std::string> paper{"paper", "its text", "about -70 %", "about -1 points"};
  paper.resize(table.head.size(), kNothing);
  table.rows.push_back(std::move(paper));
  return table;
}

Table ecnas_swaps_table(const EcnasResults& results) {
  Table table{
      .caption = "One operation for another, beside the paper's",
      .head = {"from", "to", "metric", "pairs", "mean before", "mean after", "change", "paper"},
      .rows = {}};
  for (const EcnasPaperSwap& paper : ecnas_paper_swaps()) {
    for (const nas::SwapTable& swaps : results.swaps) {
      const nas::OpSwap& swap = swaps.swaps[paper.from][paper.to];
      const bool absolute = swaps.metric.ends_with("accuracy");
      const std::string unit = swaps.unit.empty() ? "" : " " + swaps.unit;
      std::string theirs = kNothing;
      if (swaps.metric == nas::kEnergy) theirs = fmt::format("{:+.2f} %", paper.energy);
      if (swaps.metric == nas::kTrainingTime) theirs = fmt::format("{:+.2f} %", paper.seconds);
      if (swaps.metric == nas::kParameters) theirs = fmt::format("{:+.2f} %", paper.parameters);
      if (swaps.metric == nas::kValidationAccuracy) theirs = fmt::format("{:+.4f}", paper.accuracy);
      const auto percent = swap.percent();
      table.rows.push_back({std::string(name(static_cast<nas::CellOp>(paper.from))),
                            std::string(name(static_cast<nas::CellOp>(paper.to))), swaps.metric,
                            str(swap.pairs), fmt::format("{:.6g}{}", swap.before, unit),
                            fmt::format("{:.6g}{}", swap.after, unit),
                            absolute  ? fmt::format("{:+.4f}", swap.difference())
                            : percent ? fmt::format("{:+.2f} %", *percent)
                                      : kNothing,
                            theirs});
    }
  }
  return table;
}

}  // namespace joule::report
