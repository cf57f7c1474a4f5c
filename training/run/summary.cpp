// SPDX-License-Identifier: MIT
#include "joule/training/run/summary.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/energy/json/values_json.h"
#include "joule/energy/models/cost_model.h"
#include "joule/io/json_dump.h"
#include "joule/training/run/summary_json.h"

namespace joule::training {
namespace {

using nlohmann::ordered_json;

ordered_json counts(const energy::Totals& totals) {
  return {{"macs", totals.work.macs},
          {"macs_skippable", totals.tally.macs_skippable},
          {"macs_skipped", totals.tally.macs_skipped},
          {"bytes_read", totals.work.bytes_read},
          {"bytes_written", totals.work.bytes_written}};
}

/// Per profile and kind of machine.
ordered_json modelled_energy(const energy::Totals& totals) {
  using energy::Skipping;
  ordered_json profiles;
  for (const energy::CostModel& model : energy::built_in_cost_models()) {
    const auto figure = [&](Skipping skipping) {
      return energy::json_of(model.energy(totals, skipping));
    };
    profiles[model.name] = {{"none", figure(Skipping::none)},
                            {"ideal", figure(Skipping::ideal)},
                            {"executed", figure(Skipping::executed)}};
  }
  return profiles;
}

ordered_json densities(const Evaluation& evaluation) {
  ordered_json layers = ordered_json::object();
  for (const LayerDensity& relu : evaluation.relus) layers[relu.layer] = relu.density();
  return layers;
}

ordered_json inference(const Evaluation& evaluation) {
  const energy::Totals totals = total_work(evaluation);
  ordered_json json{{"images", evaluation.images}};
  json["work"] = counts(totals);
  json["modelled_energy"] = modelled_energy(totals);
  json["lines"] = energy::json_of(evaluation.work);
  return json;
}

ordered_json judged(const Evaluation& e) {
  const LayerDensity relus = all_relus(e);
  return {{"test_accuracy", e.accuracy()}, {"test_loss", e.loss},
          {"test_images", e.images},       {"relu_density", densities(e)},
          {"relu_outputs", relus.values},  {"relu_outputs_nonzero", relus.nonzeros}};
}

ordered_json ranks_json(const Together& all) {
  const RanksMetrics& r = all.ranks;
  ordered_json json{
      {"count", r.count},
      {"hosts", r.hosts},
      {"images", std::llround(all.images)},
      {"seconds", all.seconds},
      {"bytes", r.bytes},
      {"communication_seconds",
       {{"mean", r.seconds_mean}, {"least", r.seconds_least}, {"most", r.seconds_most}}},
      {"spent", energy::json_of(all.spent)}};
  const auto per_joule = all.images_per_joule();
  json["images_per_joule"] = per_joule ? ordered_json(*per_joule) : ordered_json();
  return json;
}

}  // namespace

energy::Totals total_work(const Evaluation& evaluation) {
  energy::Totals sum;
  for (const energy::Ledger::Line& line : evaluation.work) sum += line;
  return sum;
}

LayerDensity all_relus(const Evaluation& evaluation) {
  LayerDensity sum;
  for (const LayerDensity& relu : evaluation.relus) {
    sum.values += relu.values;
    sum.nonzeros += relu.nonzeros;
  }
  return sum;
}

ordered_json json_of(const RunResult& result) {
  ordered_json json = judged(result.evaluation);
  json["parameters"] = result.parameters;
  json["training_seconds"] = result.seconds;
  json["inference"] = inference(result.evaluation);
  energy::Totals all;
  ordered_json& training = json["training"];
  for (const auto& [phase, totals] : result.work) {
    training["work"][std::string(name(phase))] = counts(totals);
    all += totals;
  }
  training["modelled_energy"] = modelled_energy(all);
  if (const auto all = together(result.energy.epochs)) json["ranks"] = ranks_json(*all);
  json["energy"] = json_of(result.energy);
  json.update(choice_json(result.energy.epochs));
  if (!result.environment.empty()) json["environment"] = ordered_json::parse(result.environment);
  return json;
}

ordered_json json_of(const Evaluation& e) {
  ordered_json json = judged(e);
  ordered_json rows = ordered_json::array();
  for (std::int64_t label = 0; label < e.classes; ++label) {
    const auto row = e.confusion.begin() + label * e.classes;
    rows.push_back(std::vector<std::int64_t>(row, row + e.classes));
  }
  json["confusion"] = rows;
  json["inference"] = inference(e);
  return json;
}

std::string to_json(const RunResult& result) {
  return dumped(with_schema("joule.run", 1, json_of(result)), 2) + "\n";
}

}  // namespace joule::training
