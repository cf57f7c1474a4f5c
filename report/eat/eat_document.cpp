// SPDX-License-Identifier: MIT
#include "joule/report/eat/eat_document.h"

#include <fmt/core.h>

#include "joule/report/eat/eat_tables.h"
#include "joule/report/study_values.h"
#include "joule/study/eat/eat_study.h"

namespace joule::report {
namespace {

using study::ChosenOn;
using study::EatCell;
using study::EatResults;

std::string lead_of(const EatResults& results) {
  const training::Config& t = results.config.training;
  return str(t.model, " on ", t.data,
             t.limit > 0 ? str(", ", t.limit, " images of each half at most") : "", ", ", t.epochs,
             t.epochs == 1 ? " epoch, " : " epochs, ", results.config.seeds,
             results.config.seeds == 1 ? " seed" : " seeds", ", preset ", results.config.preset,
             ". Standard training beside training with the smooth L0 penalty on the outputs of ",
             t.l0_layers == "relu" ? "the ReLUs" : "all layers", " (arXiv:2307.00368).");
}

void add_warnings(Document& document, const EatResults& results) {
  if (!results.finished) {
    document.parts.emplace_back(
        Warning{"The study is not finished: what follows is of the trials that are complete. The "
                "same command goes on with it."});
  }
  if (results.learnt_nothing) {
    document.parts.emplace_back(Warning{fmt::format(
        "Standard training has learnt nothing: its test accuracy, {:.2f} %, is one that a net "
        "reaches by chance, with the same answer for all images (up to {:.2f} %). Nothing below "
        "says what the penalty does to a trained net; try another --lr or more --epochs.",
        results.learnt_nothing->accuracy, results.learnt_nothing->chance)});
  }
  std::vector<std::string> failures;
  for (const EatCell& cell : results.cells) {
    for (const std::string& error : cell.errors) failures.push_back(cell.title() + ": " + error);
  }
  if (!failures.empty()) {
    document.parts.emplace_back(Warning{
        "Trials failed. Their points are neither chosen nor on the front, as the mean of the other "
        "seeds would be too good:"});
    document.parts.emplace_back(Items{failures});
  }
  if (results.config.seeds == 1) {
    document.parts.emplace_back(Warning{
        "One seed: no figure has an interval over seeds, and no two points are told apart."});
  }
  if (results.config.chosen_on() == ChosenOn::test) {
    document.parts.emplace_back(
        Warning{"Nothing was held back, as in the paper: points were chosen by the test images, so "
                "the figures of a chosen point are too good."});
  }
}

void add_choices(Document& document, const EatResults& results) {
  const auto chosen = [&](const study::EatChoice& choice) {
    return choice.rule + ": " +
           (choice.cell ? results.cells[*choice.cell].title() : "none, as " + choice.why_none) +
           ".";
  };
  document.parts.emplace_back(Items{
      {"The paper's rule: " + chosen(results.paper), "Within 1 point: " + chosen(results.ours)}});
}

void add_how(Document& document, const study::Study& study, const EatResults& results) {
  const training::Config& t = results.config.training;
  document.parts.emplace_back(Heading{"How it was obtained"});
  const Table options = options_table(t);
  if (!options.rows.empty()) document.parts.emplace_back(options);
  document.parts.emplace_back(Items{
      {str("Accuracies, firing and MACs are counted, on ",
           results.config.chosen_on() == ChosenOn::validation
               ? "the validation images where points are chosen, on the test images where they are "
                 "reported."
               : "the test images."),
       str("Energy ratios are modelled: the unweighted mean of E_opt / E_worst over batches of ",
           results.config.asic_batch,
           " images, on the accelerator of the sponge papers; of zero-skip the ratio of what Joule "
           "counts per layer (docs/energy.md). No joule of them was measured."),
       str("Times are measured by a clock, ", results.config.timing_rounds, " rounds of ",
           results.config.timing_images,
           " images in which the two ways take turns. They hold for this machine."),
       "± is the half-width of Student's 95 % interval over the seeds; changes are by seed, in "
       "pairs; n is the number of seeds.",
       machine_item(study.origin.machine)}});
}

}  // namespace

Document eat_document(const study::Study& study, const EatResults& results,
                      const std::vector<PeerPace>& peers) {
  Document document{.title = "Energy-aware training: " + results.config.training.model + ", " +
                             results.config.training.data,
                    .lead = lead_of(results)};
  add_warnings(document, results);
  document.parts.emplace_back(Heading{"The table"});
  add_choices(document, results);
  document.parts.emplace_back(beside_the_paper(results));
  document.parts.emplace_back(speed_chart(results));
  document.parts.emplace_back(layer_time_chart(results));
  if (!peers.empty()) document.parts.emplace_back(peers_table(peers));
  document.parts.emplace_back(Heading{"Accuracy and energy"});
  document.parts.emplace_back(front_chart(results));
  document.parts.emplace_back(Heading{"Which layers fire"});
  document.parts.emplace_back(firing_chart(results));
  document.parts.emplace_back(Heading{"Lambda and sigma"});
  for (auto& chart : ablation_charts(results)) document.parts.emplace_back(std::move(chart));
  document.parts.emplace_back(sweep_table(results));
  add_how(document, study, results);
  return document;
}

}  // namespace joule::report
