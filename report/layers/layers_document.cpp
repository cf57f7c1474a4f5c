// SPDX-License-Identifier: MIT
#include "joule/report/layers/layers_document.h"

#include <fmt/core.h>

#include <algorithm>

#include "joule/report/layers/layers_tables.h"
#include "joule/report/study_values.h"
#include "joule/study/layers/layers_paper.h"
#include "joule/study/layers/layers_study.h"
#include "joule/study/training_trial.h"

namespace joule::report {
namespace {

using study::ChosenOn;
using study::LayersCell;
using study::LayersResults;
using study::Quality;

std::string layers_lead(const LayersResults& results) {
  const study::LayersConfig& c = results.config;
  const training::Config& t = c.training;
  return str("Nets of linear layers, convolutions and ReLUs on ", t.data,
             t.limit > 0 ? str(", ", t.limit, " images of each half at most") : "", ", ", t.epochs,
             t.epochs == 1 ? " epoch, " : " epochs, ", c.repeats,
             c.repeats == 1 ? " draw" : " draws", " of the hyper-parameters, preset ", c.preset,
             " (arXiv:2303.13972, its experiment on layers).");
}

void add_layers_warnings(Document& document, const LayersResults& results) {
  if (!results.finished) {
    document.parts.emplace_back(
        Warning{"The study is not finished: what follows is of the trials that are complete. The "
                "same command goes on with it."});
  }
  std::vector<std::string> failures;
  for (const LayersCell& cell : results.cells) {
    for (const std::string& error : cell.errors) {
      failures.push_back(cell.net.title() + ": " + error);
    }
  }
  if (!failures.empty()) {
    document.parts.emplace_back(
        Warning{"Trials failed. Their nets are not on the front, and effects are of the draws that "
                "all nets of the factorial have:"});
    document.parts.emplace_back(Items{failures});
  }
  if (results.draws.size() == 1) {
    document.parts.emplace_back(
        Warning{"One draw: no figure has an interval, and no two nets are told apart."});
  } else if (results.draws.empty()) {
    document.parts.emplace_back(
        Warning{"No draw has all nets of the factorial yet: there are no effects to show."});
  }
  if (study::chosen_on(results.config.training) == ChosenOn::test) {
    document.parts.emplace_back(
        Warning{"Nothing was held back, as in the paper: the best draw and the front are chosen by "
                "the test images, so their accuracies are too good."});
  }
}

/// How far the accounts of the layers add up to the run's own ledger.
std::string coverage_of(const LayersResults& results) {
  double least = 1e300, most = 0;
  for (const LayersCell& cell : results.cells) {
    const study::Over* const whole = cell.find(study::layers::kTrainingEnergy, Quality::modelled);
    const auto kinds = by_layer_kind(cell, study::layers::kLayerEnergy, Quality::modelled);
    if (!whole || kinds.empty()) continue;
    for (std::size_t i = 0; i < whole->numbers.size(); ++i) {
      double sum = 0;
      for (const study::Over& kind : kinds) sum += kind.numbers.at(i);
      least = std::min(least, sum / whole->numbers[i]);
      most = std::max(most, sum / whole->numbers[i]);
    }
  }
  if (most == 0) return "";
  return fmt::format(
      "The layers' modelled joules add up to {:.2f} to {:.2f} % of what the run's own ledger "
      "counted: the last batch of an epoch is smaller, and the trained net of the probe skips "
      "other "
      "zeros than the one that learned.",
      100 * least, 100 * most);
}

void add_why(Document& document, const LayersResults& results) {
  std::vector<std::string> why{
      "A net with more blocks has a smaller image behind them: its first linear layer takes 81 "
      "values instead of 588 (Fashion-MNIST, four blocks instead of one). The factorial sees that "
      "saving as a part of what convolutions cost; the layers' account does not.",
      "A deeper stack of linear layers has layers of other widths in the same places (196 to 98 "
      "instead of 196 to 10); the account has the difference of the whole stack.",
      "A ReLU makes zeros. Where Joule's kernels skip them, the layers behind it do less work: a "
      "saving that the factorial counts for the ReLU and the account for those layers. A ReLU that "
      "runs within another layer's operation is that layer's.",
      "Time has a part that is no operation's: batches, bookkeeping, the loop. The account has the "
      "operations alone."};
  if (const std::string coverage = coverage_of(results); !coverage.empty()) why.push_back(coverage);
  document.parts.emplace_back(Paragraph{"Where the two ways disagree:"});
  document.parts.emplace_back(Items{why});
}

void add_layers_how(Document& document, const study::Study& study, const LayersResults& results) {
  const study::LayersConfig& c = results.config;
  document.parts.emplace_back(Heading{"How it was obtained"});
  training::Config shared = c.training;  // without what each trial has of its own
  const training::Config defaults;
  shared.model = defaults.model;
  shared.lr = defaults.lr;
  const Table options = options_table(shared);
  if (!options.rows.empty()) document.parts.emplace_back(options);
  document.parts.emplace_back(draws_table(results));
  document.parts.emplace_back(Items{
      {fmt::format("Each draw is trained with every net: lr from {} to {}, beta1 from {} to {}, "
                   "beta2 from {} to {}, uniform; a beta of exactly 1, with which Adam divides by "
                   "0, is not drawn.",
                   c.lr.low, c.lr.high, c.beta1.low, c.beta1.high, c.beta2.low, c.beta2.high),
       c.seeds == "one"
           ? "Every training begins with the same seed, as in the paper: intervals hold the chance "
             "of the hyper-parameters alone."
           : "Each draw has a seed of its own: intervals hold the chance of weights and order, "
             "too.",
       "Energies are of the training steps. Modelled joules are counts times constants "
       "(docs/energy.md): nothing of them was measured. Times are of the steps, by a clock, and "
       "hold for this machine and what else ran on it.",
       "The paper's joules are measured, of a GPU with its idle power subtracted, and its test "
       "pass runs in training mode; ours are of this machine, and the test pass is in evaluation "
       "mode. Compare the ratios and the changes in %, not the joules.",
       str("The best draw and the front are chosen by the ", name(study::chosen_on(c.training)),
           " images."),
       "± is the half-width of Student's 95 % interval over the draws; changes are by draw, in "
       "pairs; n is the number of draws. Eta squared is that of Kruskal and Wallis, (H - k + 1) / "
       "(n - k); with two groups of equal size it is at most about 0.75.",
       machine_item(study.origin.machine)}});
}

void add_effects(Document& document, const LayersResults& results) {
  document.parts.emplace_back(Heading{"What the factors do"});
  document.parts.emplace_back(effects_chart(results));
  document.parts.emplace_back(cost_effects_table(results));
  document.parts.emplace_back(accuracy_effects_table(results));
  const std::vector<std::string> halved = halved_lines(results);
  if (!halved.empty()) document.parts.emplace_back(Items{halved});
  document.parts.emplace_back(anova_table(results));
  if (results.two_ways.empty()) return;
  document.parts.emplace_back(Heading{"What a layer costs, two ways"});
  for (auto& chart : layer_kind_charts(results)) document.parts.emplace_back(std::move(chart));
  document.parts.emplace_back(two_ways_table(results));
  document.parts.emplace_back(along_table(results));
  add_why(document, results);
}

void add_layers_front(Document& document, const LayersResults& results) {
  document.parts.emplace_back(Heading{"Accuracy and cost"});
  document.parts.emplace_back(layers_front_chart(results));
  document.parts.emplace_back(layers_front_table(results));
  std::vector<std::string> open;
  for (const auto& [a, b] : results.unseparated) {
    open.push_back(results.cells[a].net.title() + " and " + results.cells[b].net.title());
  }
  if (open.empty()) return;
  document.parts.emplace_back(
      Warning{"The intervals do not tell these nets of the front apart; one of each two may beat "
              "the other:"});
  document.parts.emplace_back(Items{open});
}

}  // namespace

Document layers_document(const study::Study& study, const LayersResults& results) {
  Document document{.title = "What layers cost: " + results.config.training.data,
                    .lead = layers_lead(results),
                    .parts = {}};
  add_layers_warnings(document, results);
  document.parts.emplace_back(Heading{"The table"});
  document.parts.emplace_back(factorial_table(results));
  if (results.cells.size() > results.factorial()) {
    document.parts.emplace_back(dense_table(results));
  }
  for (auto& chart : cost_charts(results)) document.parts.emplace_back(std::move(chart));
  if (!results.effects.empty()) {
    add_effects(document, results);
    add_layers_front(document, results);
  }
  add_layers_how(document, study, results);
  return document;
}

}  // namespace joule::report
