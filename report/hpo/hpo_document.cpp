// SPDX-License-Identifier: MIT
#include "joule/report/hpo/hpo_document.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/report/hpo/hpo_tables.h"
#include "joule/report/study_values.h"
#include "joule/study/training_trial.h"
#include "joule/training/config_fields.h"

namespace joule::report {
namespace {

using study::HpoResults;
using study::HpoSearch;
using study::Quality;

std::string hpo_lead(const HpoResults& results) {
  const training::Config& t = results.config.training;
  const std::size_t searches = results.searches.size() / results.strategies.size();
  return str(t.model, " on ", t.data,
             t.limit > 0 ? str(", ", t.limit, " images of each half at most") : "", ", ", t.epochs,
             t.epochs == 1 ? " epoch, " : " epochs, ", results.config.repeats,
             results.config.repeats == 1 ? " training" : " trainings", " a round, ",
             results.config.rounds, " rounds, ", searches, searches == 1 ? " search" : " searches",
             " of each strategy, preset ", results.config.preset, ". Searched: ", results.space,
             " (space ", results.config.space_name, "), for ", results.config.objective,
             ". After arXiv:2303.13972.");
}

void add_hpo_warnings(Document& document, const HpoResults& results) {
  const auto warn = [&](std::string text) {
    document.parts.emplace_back(Warning{std::move(text)});
  };
  std::vector<std::string> failures, ended;
  for (const HpoSearch& search : results.searches) {
    const std::string name = str(search.strategy, "-", search.repetition);
    for (const std::string& error : search.errors) failures.push_back(name + ", " + error);
    if (!search.ended.empty()) ended.push_back(name + ": " + search.ended);
  }
  if (!ended.empty()) {
    warn("Searches ended before their last round:");
    document.parts.emplace_back(Items{ended});
  }
  if (results.searches.size() == results.strategies.size()) {
    warn(
        "One search of each strategy (n = 1): no figure has an interval, and which strategy is "
        "better this does not tell.");
  }
  if (study::chosen_on(results.config.training) == study::ChosenOn::test) {
    warn(
        "Nothing was held back, as in the paper: rounds were judged by the test images, so the "
        "best accuracy is too good.");
  }
  if (results.config.budget_joules && !results.best) {
    warn(str("No training was within the budget of ", *results.config.budget_joules, " J."));
  }
  if (study::joules_choose_nothing(results)) {
    warn(str("All ", results.rounds.size(), " rounds took the same joules (",
             name(results.training_quality),
             "): no dimension of this space changes the work of a training, so by joules the "
             "strategies cannot differ."));
  }
  if (results.quality == Quality::unavailable) {
    warn(str("There are no joules to compare the searches by: ", results.no_joules, "."));
  }
  if (!failures.empty()) {
    warn(str(failures.size(), failures.size() == 1 ? " round" : " rounds",
             " failed, most often as training diverged. What they spent counts; samplers take them "
             "for as bad as the worst complete round."));
    constexpr std::size_t kShown = 5;
    if (failures.size() > kShown) {
      const std::size_t rest = failures.size() - kShown;
      failures.resize(kShown);
      failures.push_back(str("and ", rest, " more (results.json has all)"));
    }
    document.parts.emplace_back(Items{failures});
  }
}

void add_hpo_how(Document& document, const study::Study& study, const HpoResults& results) {
  const study::HpoConfig& c = results.config;
  document.parts.emplace_back(Heading{"How it was obtained"});
  Table options{.caption = "Options that differ from those of joule train",
                .head = {"option", "value"},
                .prose = true};
  const training::Config defaults;
  for (const training::ConfigField& field : training::config_fields()) {
    if (field.text(c.training) != field.text(defaults) && !field.document) {
      options.rows.push_back({field.option(), field.text(c.training)});
    }
  }
  if (!options.rows.empty()) document.parts.emplace_back(options);
  std::string ignored;
  for (const std::string& name : c.ignored) ignored += (ignored.empty() ? "" : ", ") + name;
  std::vector<std::string> items{
      str("A round is a point of the space with ", c.repeats,
          c.repeats == 1 ? " training" : " trainings, and counts with their mean",
          ". Accuracy is that after the last epoch, on ",
          study::chosen_on(c.training) == study::ChosenOn::validation
              ? "images that are held back; the test images decide nothing."
              : "the test images."),
      results.quality == Quality::unavailable
          ? std::string("Joules of whole searches are unavailable.")
          : str("Joules of whole searches are ", name(results.quality),
                results.quality == Quality::modelled
                    ? " (horowitz45: counted work times constants); no meter was read. Those of "
                      "the proposals are not in them, as what proposes is not counted."
                    : ", those of the proposals included as far as the meter resolves them."),
      "Time is from the start to the end of each round, with the proposal; a round that was "
      "interrupted counts from its last start.",
      "± is the half-width of Student's 95 % interval over the repetitions of the whole search; n "
      "is their number. Repetitions have other seeds; strategies of one repetition have the same."};
  if (!ignored.empty()) {
    items.push_back(str("Proposed and not applied, as in the authors' code: ", ignored, "."));
  }
  if (c.preset == "paper") {
    items.emplace_back(
        "The paper measured a GPU's energy less its idle power; its test pass ran in training "
        "mode, "
        "where batch norm goes by the batch. Here evaluation runs in evaluation mode, and energies "
        "are gross.");
  }
  if (c.pruner != "none") {
    items.push_back(str("Pruner: ", c.pruner,
                        ". The joules that it saved are estimated: the epochs that were not "
                        "trained, times what the round's trained ones cost on average."));
  }
  items.push_back(machine_item(study.origin.machine));
  document.parts.emplace_back(Items{items});
}

}  // namespace

Document hpo_document(const study::Study& study, const HpoResults& results) {
  const training::Config& t = results.config.training;
  Document document{.title = "Hyper-parameter searches: " + t.model + ", " + t.data,
                    .lead = hpo_lead(results)};
  add_hpo_warnings(document, results);
  document.parts.emplace_back(Heading{"The strategies"});
  document.parts.emplace_back(strategies_table(results));
  document.parts.emplace_back(best_of_all_table(results));
  for (auto& chart : best_charts(results)) document.parts.emplace_back(std::move(chart));
  if (Table paper = hpo_paper_table(results); !paper.rows.empty()) {
    document.parts.emplace_back(std::move(paper));
  }
  document.parts.emplace_back(Heading{"What it took"});
  document.parts.emplace_back(spent_table(results));
  if (!results.rounds.empty()) document.parts.emplace_back(rounds_chart(results));
  document.parts.emplace_back(Heading{"What was found"});
  document.parts.emplace_back(best_points_table(results));
  add_hpo_how(document, study, results);
  return document;
}

}  // namespace joule::report
