// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/commands.h"
#include "joule/cli/options/model_and_data.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/io/json_dump.h"
#include "joule/report/text_layout.h"
#include "joule/training/evaluate.h"
#include "joule/training/run/summary_json.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule eval --model runs/first
      accuracy, loss, densities and confusion matrix on the test images
  joule eval --model model.safetensors --data fashion-mnist --json
      the same as JSON, with the work of every layer and its modelled energy)";

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

int eval(const ModelAndData& options, bool json) {
  auto [model, test] = options.load();
  const auto evaluation = training::evaluate(model.net, test);
  if (json) {
    nlohmann::ordered_json result = json_of(*evaluation);
    if (model.epochs > 0) {
      result["net"] = {{"epoch", model.epoch}, {"epochs", model.epochs}};
      if (options.unfinished()) result["net"]["unfinished"] = true;
    }
    fmt::print("{}\n", dumped(result, 2));
  } else {
    fmt::print("{}", options.which_epoch(model));
    print(*evaluation, test);
    options.execution.print_precision();
  }
  return 0;
}

}  // namespace

void add_eval(Command& app, Run& run) {
  Command* const command = app.add_subcommand("eval", "Judge a trained net on the test images");
  command->footer(kExamples);
  struct Options {
    ModelAndData input;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  options->input.add_to(*command);
  command->add_flag("--json", options->json, "Print JSON");
  command->callback(
      [options, &run] { run = [options] { return eval(options->input, options->json); }; });
}

}  // namespace joule::cli
