// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/model_and_data.h"
#include "joule/cli/terminal/bar.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
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
      point of accuracy on the images that the run held back allows
  joule eval --model runs/first --relu-threshold 0.5%,1%,2%
      a table of what each of these losses brings
  joule eval net.onnx --data fashion-mnist --mean 0.5 --deviation 0.5
      a net from elsewhere, in an ONNX file)";

struct EvalOptions {
  ModelAndData input;
  bool json = false;
  std::vector<double> most_lost;  // in percentage points; empty: no thresholds
  std::string saved;              // where the net with the thresholds is to be written; empty: not
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

/// Of several losses: what each brings, a net per line, the one without thresholds first.
void print_front(const std::vector<double>& most_lost,
                 const std::vector<training::ThresholdedModel>& chosen,
                 const std::vector<training::Evaluation>& judged,
                 const training::Evaluation& without) {
  report::TextTable table{.head = {"at most lost", "held back, %", "test, %", "change, points",
                                   "not zero, %", "MACs per image", "change, %"}};
  const double macs = macs_executed(without);
  const auto add = [&](const std::string& name, const training::Evaluation& held_back,
                       const training::Evaluation& test) {
    const double executed = macs_executed(test);
    table.rows.push_back({name, fmt::format("{:.2f}", 100 * held_back.accuracy()),
                          fmt::format("{:.2f}", 100 * test.accuracy()),
                          fmt::format("{:+.2f}", 100 * (test.accuracy() - without.accuracy())),
                          fmt::format("{:.1f}", 100 * training::all_relus(test).density()),
                          fmt::format("{:.4g}", executed),
                          fmt::format("{:+.1f}", 100 * (executed / macs - 1))});
  };
  add("no thresholds", chosen[0].before, without);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    add(fmt::format("{:g}%", most_lost[i]), chosen[i].after, judged[i]);
  }
  fmt::print("{}\nchosen on {} images that were held back, reported on {} test images\n",
             text_of(table, columns_of(STDOUT_FILENO)), chosen[0].after.images, without.images);
}

nlohmann::ordered_json front_json(const std::vector<double>& most_lost,
                                  const std::vector<training::ThresholdedModel>& chosen,
                                  const std::vector<training::Evaluation>& judged,
                                  const training::Evaluation& without) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const nlohmann::ordered_json all = training::json_of(judged[i]);
    nlohmann::ordered_json point = {{"most_lost", most_lost[i]}};
    for (const char* const name :
         {"test_accuracy", "test_loss", "relu_density", "relu_outputs_nonzero"}) {
      point[name] = all.at(name);
    }
    point["macs_executed"] = macs_executed(judged[i]);
    point.update(json_of(chosen[i], without));
    points.push_back(std::move(point));
  }
  return points;
}

/// Shows on a terminal how far the search for thresholds is.
class ThresholdProgress {
 public:
  ~ThresholdProgress() {
    if (drawn_) fmt::print(stderr, "\r\33[K");
  }

  training::ThresholdHooks hooks() {
    if (!may_redraw(STDERR_FILENO)) return {};
    return {.progress = [this](std::int64_t done, std::int64_t all) {
      drawn_ = true;
      fmt::print(
          stderr, "\r\33[K{}",
          fitted("thresholds  ", static_cast<double>(done) / static_cast<double>(all),
                 {fmt::format("{} of {} evaluations", done, all)}, columns_of(STDERR_FILENO)));
      std::fflush(stderr);
    }};
  }

 private:
  bool drawn_ = false;
};

std::vector<training::ThresholdedModel> thresholded(const EvalOptions& options,
                                                    training::Model& model) {
  if (options.most_lost.empty()) return {};
  ThresholdProgress progress;
  return *training::threshold_relus(model, training::held_back(options.input.model, model),
                                    options.most_lost, progress.hooks());
}

int eval(const EvalOptions& options) {
  require(options.saved.empty() || options.most_lost.size() == 1,
          "--save-model: writes one net, so --relu-threshold takes one number with it, got ",
          options.most_lost.size());
  auto [model, test] = options.input.load();
  std::vector<training::ThresholdedModel> chosen = thresholded(options, model);
  if (!options.saved.empty()) training::save_model(options.saved, chosen[0].model);
  const training::Evaluation without = *training::evaluate(model.net, test);
  std::vector<training::Evaluation> with;
  for (training::ThresholdedModel& net : chosen) {
    with.push_back(*training::evaluate(net.model.net, test));
  }
  const bool several = chosen.size() > 1;
  const training::Evaluation& judged = chosen.size() == 1 ? with[0] : without;
  if (options.json) {
    nlohmann::ordered_json result = training::json_of(judged);
    if (model.epochs > 0) {
      result["net"] = {{"epoch", model.epoch}, {"epochs", model.epochs}};
      if (options.input.unfinished()) result["net"]["unfinished"] = true;
    }
    if (chosen.size() == 1) result["relu_threshold"] = json_of(chosen[0], without);
    if (several) result["relu_thresholds"] = front_json(options.most_lost, chosen, with, without);
    fmt::print("{}\n", dumped(result, 2));
  } else {
    fmt::print("{}", options.input.which_epoch(model));
    if (several) {
      print_front(options.most_lost, chosen, with, without);
    } else {
      if (chosen.size() == 1) print(chosen[0], without, judged);
      print(judged, test);
    }
    options.input.execution.print_precision();
  }
  return 0;
}

}  // namespace

void add_eval(Command& app, Run& run) {
  Command* const command = app.add_subcommand("eval", "Evaluate a trained net on the test images");
  command->footer(kExamples);
  const auto options = std::make_shared<EvalOptions>();
  options->input.add_to(*command);
  command->add_flag("--json", options->json, "Print JSON");
  Option* const threshold =
      add_option(*command, "--relu-threshold", options->most_lost,
                 "Set small ReLU outputs to zero, by thresholds that lose at most this many "
                 "percentage points of accuracy on the run's validation images; several, separated "
                 "by commas, make a table")
          ->percent();
  add_option(*command, "--save-model", options->saved, "Write the net with the thresholds here")
      ->type_name("F")
      ->needs(threshold);
  command->callback([options, &run] { run = [options] { return eval(*options); }; });
}

}  // namespace joule::cli
