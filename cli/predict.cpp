// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <memory>

#include "joule/cli/commands.h"
#include "joule/cli/options/model_and_data.h"
#include "joule/cli/options/option.h"
#include "joule/io/atomic_file.h"
#include "joule/layers/functions.h"
#include "joule/training/evaluate.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule predict --model runs/first --out predictions.csv
      a line per test image: label, predicted class, and the logits to 9 digits,
      which read back to the same float32
  joule predict --model runs/first --limit 10 --out first10.csv)";

std::string header(std::int64_t classes) {
  std::string line = "label,predicted";
  for (std::int64_t k = 0; k < classes; ++k) line += fmt::format(",logit{}", k);
  return line + "\n";
}

int predict(const ModelAndData& options, const std::string& out) {
  auto [model, test] = options.load();
  std::string csv = header(model.spec.classes);
  const auto add_rows = [&](const Tensor& labels, const Tensor& logits) {
    const auto expected = labels.values<std::int32_t>();
    const auto predicted = argmax(logits);
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      csv += fmt::format("{},{}", expected[i], predicted[i]);
      for (const float logit : logits.slice(static_cast<std::int64_t>(i), 1).values<float>()) {
        csv += fmt::format(",{:.9g}", logit);
      }
      csv += '\n';
    }
  };
  training::evaluate(model.net, test, {.on_logits = add_rows});
  write_file_atomically(out, csv);
  fmt::print("{}: {} predictions\n{}", out, test.size(), options.which_epoch(model));
  options.execution.print_precision();
  return 0;
}

}  // namespace

void add_predict(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("predict", "Write what a trained net says of every test image");
  command->footer(kExamples);
  struct Options {
    ModelAndData input;
    std::string out;
  };
  const auto options = std::make_shared<Options>();
  options->input.add_to(*command);
  add_option(*command, "--out", options->out, "File to write")->required()->type_name("F.csv");
  command->callback(
      [options, &run] { run = [options] { return predict(options->input, options->out); }; });
}

}  // namespace joule::cli
