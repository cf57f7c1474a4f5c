// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "joule/evolution/individual.h"
#include "joule/report/energize/evolve_document.h"
#include "joule/study/evolve/energize_results.h"

namespace joule::report {
namespace {

using nlohmann::ordered_json;
using study::EvolveResults;

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json json_of(const study::EvolveStep& step) {
  return {{"generation", step.generation},
          {"seconds", step.seconds},
          {"epochs", step.epochs},
          {"trained", step.trained},
          {"invalid", step.invalid},
          {"fitness", or_null(step.fitness)},
          {"mean_fitness", or_null(step.mean_fitness)},
          {"survivor", step.survivor},
          {"archive",
           {{"modules", step.archive},
            {"cheapest", step.archive_cheapest},
            {"median", step.archive_median}}}};
}

ordered_json values_json(const std::vector<study::Value>& values) {
  ordered_json json = ordered_json::object();
  for (const study::Value& value : values) {
    ordered_json one{
        {"value", or_null(value.number)}, {"unit", value.unit}, {"quality", name(value.quality)}};
    if (value.low) one.update({{"low", *value.low}, {"high", *value.high}});
    if (!value.reason.empty()) one["reason"] = value.reason;
    // Of two qualities of one name each stays.
    json[json.contains(value.name) ? value.name + ", " + std::string(name(value.quality))
                                   : value.name] = std::move(one);
  }
  return json;
}

/// A candidate: its genes, its losses, what it came to.
ordered_json candidate_json(const EvolveResults& run, const study::EvolvedNet& net) {
  const study::Trial& trial = run.trials.at(static_cast<std::size_t>(net.trial));
  ordered_json losses = ordered_json::array();
  for (const study::Report& report : trial.reports) {
    losses.push_back({or_null(study::metric_or_none(report.values, "training loss")),
                      or_null(study::metric_or_none(report.values, "validation loss"))});
  }
  return {{"trial", net.trial},
          {"generation", net.point.generation},
          {"role", name(net.point.role)},
          {"slots", net.point.slots},
          {"valid", net.valid},
          {"fitness", net.fitness},
          {"individual", ordered_json::parse(to_json(net.point.individual))},
          {"losses", std::move(losses)},
          {"values", values_json(trial.values)},
          {"error", trial.error}};
}

ordered_json final_json(const study::FinalNet& net) {
  return {{"trial", net.trial},
          {"phenotype", net.phenotype},
          {"net", ordered_json::parse(to_json(net.graph))},
          {"test_accuracy_0", net.test_accuracy_0},
          {"test_accuracy_1", net.test_accuracy_1},
          {"deployed", net.deployed}};
}

}  // namespace

ordered_json evolve_json(const EvolveResults& run) {
  ordered_json generations = ordered_json::array(), candidates = ordered_json::array(),
               finals = ordered_json::array(), mutations = ordered_json::object();
  for (const study::EvolveStep& step : run.steps) generations.push_back(json_of(step));
  for (const study::EvolvedNet& net : run.nets) candidates.push_back(candidate_json(run, net));
  for (const study::FinalNet& net : run.finals) finals.push_back(final_json(net));
  for (const auto& [kind, count] : run.mutations) {
    mutations[kind] = {{"made", count.made}, {"valid", count.valid}, {"survived", count.survived}};
  }
  return {{"variant", run.variant},
          {"seed", run.seed},
          {"config", ordered_json::parse(to_json(run.config))},
          {"power_unit", run.power_unit},
          {"power_quality", name(run.power_quality)},
          {"overhead_seconds", run.overhead},
          {"generations", std::move(generations)},
          {"mutations", std::move(mutations)},
          {"finals", std::move(finals)},
          {"candidates", std::move(candidates)}};
}

ordered_json energize_json(const std::vector<EvolveResults>& runs) {
  const study::EnergizeResults results = study::energize_results(runs);
  ordered_json tests = ordered_json::array(), levels = ordered_json::array(),
               all = ordered_json::array();
  for (const study::VariantTest& t : results.tests) {
    ordered_json test{{"figure", t.figure},
                      {"variant", t.variant},
                      {"against", t.against},
                      {"median", t.median},
                      {"median_against", t.median_against},
                      {"effect", or_null(t.effect)}};
    if (t.test) {
      test.update({{"n", {t.test->n_a, t.test->n_b}},
                   {"u", t.test->u},
                   {"p", t.test->p},
                   {"exact", t.test->exact}});
    }
    tests.push_back(std::move(test));
  }
  for (const study::AtAccuracy& level : results.levels) {
    levels.push_back({{"accuracy", level.accuracy}, {"joules", level.joules}});
  }
  for (const EvolveResults& run : runs) all.push_back(evolve_json(run));
  return {{"variants", results.variants},
          {"tests", std::move(tests)},
          {"at_accuracy", std::move(levels)},
          {"runs", std::move(all)}};
}

}  // namespace joule::report
