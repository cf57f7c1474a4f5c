// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "joule/cli/commands.h"
#include "joule/cli/options/model_and_data.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/io/json_dump.h"
#include "joule/report/text_layout.h"
#include "joule/training/evaluate.h"
#include "joule/training/relu_threshold.h"
#include "joule/training/run/summary.h"
#include "joule/training/run/summary_json.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule eval --model runs/first
      accuracy, loss, densities and confusion matrix on the test images
  joule eval --model model.safetensors --data fashion-mnist --json
      the same as JSON, with the work of every layer and its modelled energy
  joule eval --model runs/first --relu-threshold 1% --save-model a.safetensors
      outputs of ReLUs below thresholds become zeros, as many as one percentage
      point of accuracy on the images that the run held back allows)";

struct EvalOptions {
  ModelAndData input;
  bool json = false;
  std::optional<double> most_lost;  // in percentage points
  std::string saved;  // where the net with the thresholds is to be written; empty: not
};

void print(const training::Evaluation& e, const Dataset& test) {
  fmt::print("{} images: accuracy {:.2f} %, loss {:.4f}\n\n", e.images, 100 * e.accuracy(), e.loss);
  for (const training::LayerDensity& relu : e.relus) {
    fmt::print("density of {:<12} {:.3f}\n", relu.layer, relu.density());
  }
  fmt::print("\nrows: the label; columns: what the net said\n");
  report::TextTable table{.head = {""}, .gap = " "};
  for (std::int64_t label = 0; label < e.classes; ++label) {
    const std::string number = std::to_string(label);
    table.head.push_back(fmt::format("{:>5}", number));
    std::vector<std::string>& row = table.rows.emplace_back(
        1, number + " " + test.class_names[static_cast<std::size_t>(label)]);
    for (std::int64_t said = 0; said < e.classes; ++said) {
      row.push_back(
          std::to_string(e.confusion[static_cast<std::size_t>(label * e.classes + said)]));
    }
  }
  fmt::print("{}", text_of(table, columns_of(STDOUT_FILENO)));
}

double macs_executed(const training::Evaluation& e) {
  const energy::Totals work = total_work(e);
  return static_cast<double>(work.work.macs - work.tally.macs_skipped) /
         static_cast<double>(e.images);
}

/// What the thresholds are, what they cost and what they save.
void print(const training::ThresholdedModel& chosen, const training::Evaluation& without,
           const training::Evaluation& with) {
  for (const auto& [layer, threshold] : chosen.thresholds) {
    fmt::print("threshold of {:<10} {:.4g}\n", layer, threshold);
  }
  fmt::print(
      "\nchosen on {} images that were held back: accuracy {:.2f} %, without thresholds {:.2f} %\n"
      "on the test images: accuracy {:.2f} %, without {:.2f} %; MACs executed per image {:.4g}, "
      "without {:.4g}\n\n",
      chosen.after.images, 100 * chosen.after.accuracy(), 100 * chosen.before.accuracy(),
      100 * with.accuracy(), 100 * without.accuracy(), macs_executed(with), macs_executed(without));
}

nlohmann::ordered_json json_of(const training::ThresholdedModel& chosen,
                               const training::Evaluation& without) {
  return {{"thresholds", chosen.thresholds},
          {"held_back_images", chosen.after.images},
          {"held_back_accuracy", chosen.after.accuracy()},
          {"held_back_accuracy_without", chosen.before.accuracy()},
          {"accuracy_without", without.accuracy()},
          {"macs_executed_without", macs_executed(without)}};
}

int eval(const EvalOptions& options) {
  auto [model, test] = options.input.load();
  std::optional<training::ThresholdedModel> chosen;
  if (options.most_lost) {
    chosen = training::threshold_relus(model, training::held_back(options.input.model, model),
                                       *options.most_lost);
    if (!options.saved.empty()) training::save_model(options.saved, chosen->model);
  }
  const training::Evaluation without = *training::evaluate(model.net, test);
  const training::Evaluation judged =
      chosen ? *training::evaluate(chosen->model.net, test) : without;
  if (options.json) {
    nlohmann::ordered_json result = training::json_of(judged);
    if (model.epochs > 0) {
      result["net"] = {{"epoch", model.epoch}, {"epochs", model.epochs}};
      if (options.input.unfinished()) result["net"]["unfinished"] = true;
    }
    if (chosen) result["relu_threshold"] = json_of(*chosen, without);
    fmt::print("{}\n", dumped(result, 2));
  } else {
    fmt::print("{}", options.input.which_epoch(model));
    if (chosen) print(*chosen, without, judged);
    print(judged, test);
    options.input.execution.print_precision();
  }
  return 0;
}

}  // namespace

void add_eval(Command& app, Run& run) {
  Command* const command = app.add_subcommand("eval", "Judge a trained net on the test images");
  command->footer(kExamples);
  const auto options = std::make_shared<EvalOptions>();
  options->input.add_to(*command);
  command->add_flag("--json", options->json, "Print JSON");
  Option* const threshold =
      add_option(
          *command, "--relu-threshold", options->most_lost,
          "Make zeros of the small outputs of ReLUs, by thresholds that lose at most so many "
          "percentage points of accuracy on the images that the run held back")
          ->percent();
  add_option(*command, "--save-model", options->saved, "Write the net with the thresholds here")
      ->type_name("F")
      ->needs(threshold);
  command->callback([options, &run] { run = [options] { return eval(*options); }; });
}

}  // namespace joule::cli
