// SPDX-License-Identifier: MIT
#include "joule/report/hpo/hpo_json.h"

#include <nlohmann/json.hpp>

#include "joule/search/space_json.h"
#include "joule/study/study_json.h"

namespace joule::report {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json json_or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json json_of_reached(const std::optional<study::HpoReached>& reached) {
  if (!reached) return {};
  return {{"round", reached->round},
          {"seconds", reached->seconds},
          {"joules", json_or_null(reached->joules)}};
}

ordered_json json_of_search(const study::HpoRun& run, const study::HpoSearch& search) {
  ordered_json json{{"strategy", search.strategy},
                    {"repetition", search.repetition},
                    {"study", run.study.definition.name},
                    {"complete", search.complete},
                    {"failed", search.failed},
                    {"pruned", search.pruned},
                    {"errors", search.errors},
                    {"ended", search.ended},
                    {"best", json_of_reached(search.best_at)},
                    {"close_to_own_best", json_of_reached(search.close_to_own)},
                    {"close_to_best_of_all", json_of_reached(search.close_to_all)},
                    {"epochs_saved", search.epochs_saved},
                    {"joules_saved_modelled", json_or_null(search.joules_saved)},
                    {"steps", ordered_json::array()},
                    {"rounds", ordered_json::array()}};
  if (search.best) {
    json["best"]["point"] = search::json_of(run.trials[*search.best].point);
    json["best"]["score"] = json_or_null(search.steps.back().score);
  }
  for (const study::HpoStep& step : search.steps) {
    json["steps"].push_back({{"round", step.round},
                             {"best", json_or_null(step.score)},
                             {"seconds", step.seconds},
                             {"proposal_seconds", step.proposal_seconds},
                             {"joules", json_or_null(step.joules)},
                             {"proposal_joules", json_or_null(step.proposal_joules)}});
  }
  for (const study::Trial& trial : run.trials) {
    ordered_json one = study::json_of(trial);
    one.erase("reports");  // those of study.db
    json["rounds"].push_back(std::move(one));
  }
  return json;
}

}  // namespace

ordered_json hpo_json(const std::vector<study::HpoRun>& runs, const study::HpoResults& results) {
  const study::Study& study = runs.front().study;
  ordered_json json{{"config", ordered_json::parse(study.definition.config)},
                    {"space", search::json_of(study.definition.space)},
                    {"joule", study.origin.joule},
                    {"machine", study.origin.machine},
                    {"score", results.score},
                    {"direction", name(results.direction)},
                    {"joules", name(results.quality)},
                    {"joules_missing", results.no_joules},
                    {"training_energy", name(results.training_quality)},
                    {"best", json_or_null(results.best)},
                    {"searches", ordered_json::array()},
                    {"front", ordered_json::array()}};
  for (std::size_t i = 0; i < results.searches.size(); ++i) {
    json["searches"].push_back(json_of_search(runs[i], results.searches[i]));
  }
  for (const std::size_t i : results.front) {
    const study::HpoRound& round = results.rounds[i];
    json["front"].push_back({{"study", runs[round.search].study.definition.name},
                             {"round", runs[round.search].trials[round.trial].number + 1},
                             {"accuracy", round.accuracy},
                             {"joules", round.joules}});
  }
  return json;
}

}  // namespace joule::report
