// SPDX-License-Identifier: MIT
#include "joule/report/ecnas/ecnas_document.h"

#include <fmt/core.h>

#include <algorithm>

#include "joule/core/error.h"
#include "joule/report/ecnas/ecnas_parts.h"
#include "joule/report/study_values.h"

namespace joule::report {
namespace {

constexpr std::int64_t kPaperBudget = 108;  // epochs: the largest of the paper's

std::string ecnas_lead(const EcnasResults& results) {
  const nas::Comparison& comparison = results.comparison;
  std::string objectives;
  for (const nas::Objective& objective : comparison.objectives) {
    objectives += (objectives.empty() ? "" : ", ") + objective.metric + " (" +
                  std::string(name(objective.direction)) + ")";
  }
  return str(results.where, " Objectives: ", objectives, ". ", comparison.methods.size(),
             comparison.methods.size() == 1 ? " strategy" : " strategies",
             ". After arXiv:2210.06015.");
}

void add_ecnas_warnings(Document& document, const EcnasResults& results) {
  const auto warn = [&](std::string text) {
    document.parts.emplace_back(Warning{std::move(text)});
  };
  const bool one = std::ranges::any_of(results.comparison.methods, [](const nas::Method& method) {
    return method.runs.size() == 1 && !method.sampler.empty();
  });
  if (one) {
    warn("One run of a strategy (n 1) has no interval: which strategy is better it does not tell.");
  }
  if (results.cells > 0 && results.budgets.back() < kPaperBudget) {
    warn(
        str("The largest budget here is ", results.budgets.back(),
            " epochs, where nets have learnt little; the paper's table 1 and its \"about 70 % less "
            "energy for about 1 % of accuracy\" are of ",
            kPaperBudget,
            " epochs. A knee is compared with the most accurate point that there is here; the "
            "paper's figures are told by a table that holds ",
            kPaperBudget, " epochs."));
  }
}

std::vector<std::string> ecnas_how(const EcnasResults& results) {
  const nas::Comparison& comparison = results.comparison;
  std::string reference;
  for (std::size_t j = 0; j < comparison.reference.size(); ++j) {
    reference += str(j > 0 ? ", " : "", comparison.objectives[j].metric, " ",
                     fmt::format("{:.6g}", comparison.reference[j]));
  }
  std::vector<std::string> items{
      str("Hypervolume: up to one reference for all strategies, ", reference,
          results.everything.empty() ? ": the worst that any evaluation gave."
                                     : ": the worst that the table holds.",
          comparison.whole ? " The whole is the hypervolume of all that the table holds." : ""),
      "An evaluation is a training that is asked for, also of a cell that was asked for before: "
      "evaluations and joules count it again.",
      "A point whose output is not reached, or of which too many edges are left after pruning, is "
      "no "
      "cell: it costs an evaluation and no joules, and samplers take it for as bad as the worst "
      "that "
      "they have seen (as the authors' code does, with a fixed bad value).",
      "Knee by bend: the largest angle between neighbours on the front, in its own units scaled to "
      "the unit square. Knee by chord, the definition of the other pages of Joule: the point that "
      "lies farthest from the line between the ends of the front. The authors' code has the angles "
      "between neighbours of the unscaled front.",
      "± is the half-width of Student's 95 % interval of the mean over runs, n their number."};
  for (const nas::Method& method : comparison.methods) {
    if (!method.sampler.empty() && method.sampler != method.strategy) {
      items.push_back(str(method.strategy, " is ", method.sampler, "."));
    }
  }
  items.push_back(machine_item(results.machine));
  return items;
}

}  // namespace

Document ecnas_document(const EcnasResults& results) {
  Document document{.title = results.title, .lead = ecnas_lead(results), .parts = {}};
  add_ecnas_warnings(document, results);
  document.parts.emplace_back(Heading{"The strategies"});
  document.parts.emplace_back(ecnas_methods_table(results));
  for (auto& chart : ecnas_charts(results)) document.parts.emplace_back(std::move(chart));
  if (ecnas_has_accuracy_and_energy(results)) {
    document.parts.emplace_back(Heading{"Extrema and knees"});
    document.parts.emplace_back(ecnas_savings_table(results));
    document.parts.emplace_back(ecnas_landmarks_table(results));
    document.parts.emplace_back(Paragraph{
        "The paper's rows are of its 7V table with budgets of 4 to 108 epochs, of one GPU's energy "
        "times 1.59; its column |theta| (M) is log10 of the number of parameters, by the sizes of "
        "its nets. So they are comparable with a run in that table alone."});
    Picture<RadarChart> radar = ecnas_radar(results);
    if (radar.chart.directions.size() >= 3) document.parts.emplace_back(std::move(radar));
  }
  if (!results.swaps.empty()) {
    document.parts.emplace_back(Heading{"One operation for another"});
    document.parts.emplace_back(Paragraph{
        "Over all cells of the table and their vertices: the cell beside the one with another "
        "operation at that vertex. Changes are of the means, against that of the cells before; the "
        "paper's matrices are antisymmetric, so how it scales its percentages is another matter."});
    document.parts.emplace_back(ecnas_swaps_table(results));
    for (auto& map : ecnas_heat_maps(results)) document.parts.emplace_back(std::move(map));
  }
  document.parts.emplace_back(Heading{"How it was obtained"});
  document.parts.emplace_back(Items{ecnas_how(results)});
  return document;
}

}  // namespace joule::report
