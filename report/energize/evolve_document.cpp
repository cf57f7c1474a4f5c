// SPDX-License-Identifier: MIT
#include "joule/report/energize/evolve_document.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/report/energize/evolution_parts.h"

namespace joule::report {
namespace {

using study::EnergizeResults;
using study::EvolveResults;

void add_warnings(Document& document, const std::vector<EvolveResults>& runs) {
  std::vector<std::string> without;
  for (const EvolveResults& run : runs) {
    if (!study::deployed(run))
      without.push_back(str(variant_name(run.variant), ", seed ", run.seed));
  }
  if (!without.empty()) {
    document.parts.emplace_back(Warning{"Runs that are left without a valid net:"});
    document.parts.emplace_back(Items{without});
  }
  if (runs.front().power_unit != "W") {
    document.parts.emplace_back(
        Warning{"No meter was read: what is called power here is modelled joules per image."});
  }
}

void add_course(Document& document, const EnergizeResults& results) {
  document.parts.emplace_back(Heading{"Over the generations"});
  for (auto& chart : evolution_charts(results)) document.parts.emplace_back(std::move(chart));
  if (Picture<BarChart> chart = mutation_chart(results); !chart.chart.categories.empty()) {
    document.parts.emplace_back(std::move(chart));
  }
}

void add_how(Document& document, const EvolveResults& run) {
  document.parts.emplace_back(Heading{"How it was obtained"});
  document.parts.emplace_back(Items{how_items(run)});
}

/// Of each variant the run whose deployed net is the most accurate on evolution-test.
void add_best_nets(Document& document, const EnergizeResults& results) {
  document.parts.emplace_back(Heading{"The best nets"});
  for (std::size_t i = 0; i < results.variants.size(); ++i) {
    const EvolveResults* best = nullptr;
    double most = -1;
    for (const EvolveResults* run : results.runs[i]) {
      const auto net = study::deployed(*run);
      if (!net) continue;
      const double accuracy =
          *study::metric_or_none(net->net->values, net->output == 0 ? "accuracy_0" : "accuracy_1");
      if (accuracy <= most) continue;
      most = accuracy;
      best = run;
    }
    if (best) document.parts.emplace_back(net_picture(*best, "net-" + results.variants[i]));
  }
}

}  // namespace

Document evolve_document(const EvolveResults& run) {
  const std::vector<EvolveResults> alone{run};
  const EnergizeResults results = study::energize_results(alone);
  Document document{.title = "Evolution of nets: " + run.study.definition.name,
                    .lead = str("Preset ", run.config.preset, " on ", run.config.data, ", seed ",
                                run.seed, ": ", run.steps.size(), " generations. Fitness: ",
                                to_text(run.config.fitness), ". After arXiv:2401.17733.")};
  add_warnings(document, alone);
  document.parts.emplace_back(Heading{"The result"});
  document.parts.emplace_back(runs_table(results));
  document.parts.emplace_back(finals_table(run));
  if (study::deployed(run)) document.parts.emplace_back(net_picture(alone.front(), "net"));
  if (!run.steps.empty()) add_course(document, results);
  add_how(document, run);
  return document;
}

Document energize_document(const std::vector<EvolveResults>& runs) {
  const EnergizeResults results = study::energize_results(runs);
  const study::EvolveConfig& config = runs.front().config;
  Document document{
      .title = "Neuroevolution with power in the fitness",
      .lead = str("Evolution of nets on ", config.data, ", preset ", config.preset, ": ",
                  results.variants.size(), " variants, ", results.runs[0].size(),
                  results.runs[0].size() == 1 ? " seed" : " seeds",
                  " each. After ENERGIZE, arXiv:2401.17733.")};
  add_warnings(document, runs);
  document.parts.emplace_back(Heading{"The result"});
  document.parts.emplace_back(deployed_table(results));
  document.parts.emplace_back(at_accuracy_table(results));
  document.parts.emplace_back(tests_table(results));
  document.parts.emplace_back(energize_paper_table());
  add_course(document, results);
  add_best_nets(document, results);
  document.parts.emplace_back(Heading{"The runs"});
  document.parts.emplace_back(runs_table(results));
  add_how(document, runs.front());
  std::vector<std::string> variants;
  for (std::size_t i = 0; i < results.variants.size(); ++i) {
    const study::EvolveConfig& c = results.runs[i][0]->config;
    variants.push_back(
        str(results.variants[i], ": fitness ", to_text(c.fitness), "; selection ", c.selection));
  }
  document.parts.emplace_back(Items{variants});
  return document;
}

}  // namespace joule::report
