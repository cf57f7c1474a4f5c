// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>

#include "joule/core/error.h"
#include "joule/report/energize/evolution_parts.h"

namespace joule::report {
namespace {

using study::EnergizeResults;
using study::EvolveResults;
using study::EvolveStep;

/// Quartiles of a figure of the runs in each generation that all of them have.
template <class Figure>
Line quartile_line(const std::string& name, const std::vector<const EvolveResults*>& runs,
                   Figure&& figure) {
  Line line{.name = variant_name(name), .marks = false};
  std::size_t generations = runs.at(0)->steps.size();
  for (const EvolveResults* run : runs) generations = std::min(generations, run->steps.size());
  for (std::size_t i = 0; i < generations; ++i) {
    std::vector<double> values;
    for (const EvolveResults* run : runs) {
      if (const std::optional<double> value = figure(run->steps[i])) values.push_back(*value);
    }
    if (values.empty()) continue;
    line.points.push_back({.x = static_cast<double>(i),
                           .y = *study::quantile_of(values, 0.5),
                           .low = *study::quantile_of(values, 0.25),
                           .high = *study::quantile_of(values, 0.75)});
  }
  return line;
}

template <class Figure>
Picture<LineChart> over_generations(const EnergizeResults& results, const std::string& file,
                                    const std::string& title, const std::string& y,
                                    Figure&& figure) {
  LineChart chart{.title = title, .x_title = "generation", .y_title = y};
  for (std::size_t i = 0; i < results.variants.size(); ++i) {
    chart.lines.push_back(quartile_line(results.variants[i], results.runs[i], figure));
  }
  const bool several = results.runs[0].size() > 1;
  return {file,
          str(title, " over the generations",
              several ? ": the median over the seeds, with the quartiles as bars; as far as all "
                        "runs of a variant got."
                      : "."),
          std::move(chart)};
}

auto survivor(const std::string& metric, double factor = 1) {
  return [metric, factor](const EvolveStep& step) -> std::optional<double> {
    const auto found = step.survivor.find(metric);
    if (found == step.survivor.end()) return {};
    return factor * found->second;
  };
}

}  // namespace

std::vector<Picture<LineChart>> evolution_charts(const EnergizeResults& results) {
  const bool watts = results.runs[0][0]->power_unit == "W";
  const std::string power = power_label(*results.runs[0][0]);
  const double factor = watts ? 1 : 1e6;
  return {
      over_generations(results, "fitness", "Fitness of the survivor", "fitness",
                       [](const EvolveStep& step) { return step.fitness; }),
      over_generations(results, "accuracy", "Accuracy of the survivor's short net",
                       "share of evolution-test", survivor("accuracy_1")),
      over_generations(results, "power", "Power of the survivor's short net", power,
                       survivor("power_1", factor)),
      over_generations(results, "macs", "MACs executed by the survivor's short net",
                       "per image, without those that zeros saved", survivor("macs_executed_1")),
      over_generations(
          results, "archive", "Modules in the archive", "modules",
          [](const EvolveStep& step) { return std::optional(static_cast<double>(step.archive)); }),
      over_generations(results, "archive-power", "Power of the archive's median module", power,
                       [factor](const EvolveStep& step) -> std::optional<double> {
                         if (step.archive == 0) return {};
                         return factor * step.archive_median;
                       })};
}

Picture<BarChart> mutation_chart(const EnergizeResults& results) {
  std::map<std::string, study::MutationCount> counts;
  for (const auto& variant : results.runs) {
    for (const EvolveResults* run : variant) {
      for (const auto& [kind, count] : run->mutations) {
        counts[kind].made += count.made;
        counts[kind].valid += count.valid;
        counts[kind].survived += count.survived;
      }
    }
  }
  BarChart chart{.title = "What became of mutants",
                 .value_title = "share of those that were made, %",
                 .groups = {{.name = "valid"}, {.name = "became a parent"}},
                 .category_title = "mutation",
                 .lying = true};
  for (const auto& [kind, count] : counts) {
    chart.categories.push_back(fmt::format("{} ({})", kind, count.made));
    const auto share = [&](std::int64_t part) {
      return 100 * static_cast<double>(part) / static_cast<double>(count.made);
    };
    chart.groups[0].values.emplace_back(share(count.valid));
    chart.groups[1].values.emplace_back(share(count.survived));
  }
  return {"mutations",
          "In brackets how many mutants a kind of mutation had a part in; of one mutant there are "
          "often several.",
          std::move(chart)};
}

Picture<GraphPicture> net_picture(const EvolveResults& run, const std::string& file) {
  const auto best = study::deployed(run);
  require(best.has_value(), "evolve: no valid net is left");
  const std::string title = str("The net that is left", run.variant.empty() ? "" : ", ",
                                run.variant, ", seed ", run.seed);
  return {file,
          str("Trial ", best->net->trial, "; the coloured layers put out the answers",
              best->net->graph.outputs.size() == 2
                  ? str(", of which the ", best->output == 0 ? "whole" : "short",
                        " net is the one to deploy")
                  : "",
              "."),
          picture_of(best->net->graph, title)};
}

}  // namespace joule::report
