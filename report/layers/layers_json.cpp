// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "joule/report/layers/layers_document.h"
#include "joule/report/study_values.h"
#include "joule/study/layers/layers_paper.h"
#include "joule/study/training_trial.h"

namespace joule::report {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json optional_json(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}
ordered_json optional_json(const std::optional<search::Mean>& value) {
  return value ? report::json_of(*value) : ordered_json();
}

ordered_json net_json(const study::LayersNet& net) {
  ordered_json json{{"net", net.family}, {"model", net.model()}, {"linear", net.linear}};
  if (net.in_factorial()) {
    json["conv"] = net.conv;
    json["relu"] = net.relu ? "each" : "none";
  }
  return json;
}

ordered_json cell_json(const study::LayersConfig& config, const study::LayersCell& cell) {
  ordered_json json = net_json(cell.net);
  json["complete"] = cell.complete;
  json["failed"] = cell.failed;
  json["errors"] = cell.errors;
  if (const auto best = best_draw(config, cell)) {
    json["best"] = {{"draw", best->draw}, {"test_accuracy", best->test_accuracy}};
  }
  if (const auto* const paper = study::layers_paper_cell(config.training.data, cell.net)) {
    json["paper"] = {{"joules", paper->joules},
                     {"accuracy", paper->accuracy},
                     {"best_accuracy", paper->best_accuracy}};
  }
  json["values"] = ordered_json::array();
  for (const study::Over& over : cell.values) json["values"].push_back(report::json_of(over));
  return json;
}

ordered_json measure_json(const study::LayersMeasure& measure) {
  return {{"value", measure.value}, {"quality", name(measure.quality)}, {"unit", measure.unit}};
}

ordered_json factor_json(const study::FactorEffect& effect) {
  ordered_json json{{"factor", effect.factor},
                    {"from", effect.from},
                    {"to", effect.to},
                    {"layers", effect.layers},
                    {"difference", report::json_of(mean_of(effect.difference))},
                    {"per_layer", report::json_of(effect.per_layer)},
                    {"percent", optional_json(effect.percent)}};
  if (effect.ranks) {
    json["kruskal_wallis"] = {{"h", effect.ranks->h},
                              {"p", effect.ranks->p},
                              {"eta_squared", optional_json(effect.ranks->eta_squared)}};
  }
  return json;
}

ordered_json anova_json(const search::Anova& anova) {
  ordered_json json = ordered_json::array();
  for (const search::AnovaTerm& term : anova.terms) {
    json.push_back({{"term", term.name},
                    {"sum_of_squares", term.sum_of_squares},
                    {"degrees", term.degrees},
                    {"eta_squared", term.eta_squared},
                    {"partial_eta_squared", optional_json(term.partial_eta_squared)},
                    {"f", optional_json(term.f)},
                    {"p", optional_json(term.p)}});
  }
  return json;
}

ordered_json effects_json(const study::MeasureEffects& effects) {
  ordered_json json{{"measure", measure_json(effects.measure)},
                    {"factors", ordered_json::array()},
                    {"anova", effects.anova ? anova_json(*effects.anova) : ordered_json()}};
  for (const study::FactorEffect& effect : effects.factors) {
    json["factors"].push_back(factor_json(effect));
  }
  if (effects.halved) {
    json["halved"] = {{"from", effects.halved->from},
                      {"to", effects.halved->to},
                      {"difference", report::json_of(mean_of(effects.halved->difference))},
                      {"percent", optional_json(effects.halved->percent)}};
  }
  return json;
}

ordered_json two_ways_json(const study::TwoWays& ways) {
  ordered_json json{{"factor", ways.factor},
                    {"measure", measure_json(ways.measure)},
                    {"layers", ways.layers},
                    {"factorial", report::json_of(ways.factorial)},
                    {"own", report::json_of(ways.own)},
                    {"ratio", optional_json(ways.ratio)},
                    {"along", ordered_json::object()},
                    {"rest", report::json_of(ways.rest)}};
  for (const study::LayerKindDifference& kind : ways.along) {
    json["along"][kind.kind] = report::json_of(kind.difference);
  }
  return json;
}

ordered_json paper_effects_json(const study::LayersConfig& config) {
  const auto* const paper = study::layers_paper_effects(config.training.data);
  if (!paper) return {};
  const auto factor = [](const auto& f) {
    return ordered_json{{"percent", f.percent}, {"eta_squared", f.eta_squared}};
  };
  return {{"linear", factor(paper->linear)},
          {"conv", factor(paper->conv)},
          {"relu", factor(paper->relu)},
          {"joules_per_linear", paper->joules_per_linear},
          {"joules_per_conv", paper->joules_per_conv},
          {"halved", {{"energy", paper->halved_energy}, {"accuracy", paper->halved_accuracy}}}};
}

}  // namespace

ordered_json layers_json(const study::Study& study, const study::LayersResults& results) {
  ordered_json json{{"study", study.definition.name},
                    {"config", ordered_json::parse(study.definition.config)},
                    {"joule", study.origin.joule},
                    {"machine", study.origin.machine},
                    {"finished", results.finished},
                    {"chosen_on", name(study::chosen_on(results.config.training))},
                    {"draws", results.draws},
                    {"paper", paper_effects_json(results.config)},
                    {"cells", ordered_json::array()},
                    {"effects", ordered_json::array()},
                    {"two_ways", ordered_json::array()},
                    {"front", ordered_json::array()},
                    {"front_not_told_apart", results.unseparated}};
  for (const study::LayersCell& cell : results.cells) {
    json["cells"].push_back(cell_json(results.config, cell));
  }
  for (const auto& effects : results.effects) json["effects"].push_back(effects_json(effects));
  for (const auto& ways : results.two_ways) json["two_ways"].push_back(two_ways_json(ways));
  for (const study::LayersStep& step : results.front) {
    json["front"].push_back({{"cell", step.cell},
                             {"cost", step.cost},
                             {"accuracy", step.accuracy},
                             {"more_cost", optional_json(step.more_cost)},
                             {"more_accuracy", optional_json(step.more_accuracy)}});
  }
  return json;
}

}  // namespace joule::report
