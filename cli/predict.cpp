// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/model_and_data.h"
#include "joule/cli/options/option.h"
#include "joule/io/atomic_file.h"
#include "joule/io/csv.h"
#include "joule/layers/functions.h"
#include "joule/training/evaluate.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule predict --model runs/first --out predictions.csv
      a line per test image: label, predicted class, and the logits to 9 digits,
      which read back to the same float32
  joule predict --model runs/first --limit 10 --out first10.csv
  joule predict --model runs/signs --image a.jpg b.png
      a line per image: the file, the class, and its probability; the images are
      cut, resized and normalised as those that the net was trained on
  joule predict net.onnx --mean 0.5 --deviation 0.5 --image a.jpg
      a net from elsewhere, in an ONNX file)";

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

/// The most probable class of each row, and its probability.
std::vector<std::pair<std::int32_t, double>> most_probable(const Tensor& logits) {
  std::vector<std::pair<std::int32_t, double>> found;
  const std::vector<std::int32_t> predicted = argmax(logits);
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const auto row = logits.slice(static_cast<std::int64_t>(i), 1).values<float>();
    const double largest = row[static_cast<std::size_t>(predicted[i])];
    double sum = 0;
    for (const float logit : row) sum += std::exp(logit - largest);
    found.emplace_back(predicted[i], 1 / sum);
  }
  return found;
}

int predict_files(const ModelAndData& options, const std::vector<std::string>& files,
                  const std::string& out) {
  training::Model model = options.load_net();
  measure::require_normalization(model);
  constexpr std::size_t kAtOnce = 64;
  std::string csv = "file,predicted,class,probability\n", lines;
  for (std::size_t begin = 0; begin < files.size(); begin += kAtOnce) {
    const auto some = std::span(files).subspan(begin, std::min(kAtOnce, files.size() - begin));
    const Tensor logits = training::predict(model.net, model.read_images(some));
    const auto found = most_probable(logits);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto [label, probability] = found[i];
      if (!std::isfinite(probability)) {
        throw training::NotFiniteError(str(some[i], ": the logits are not finite"));
      }
      const std::string name = model.class_names.empty()
                                   ? std::to_string(label)
                                   : model.class_names[static_cast<std::size_t>(label)];
      csv +=
          fmt::format("{},{},{},{:.9g}\n", csv_cell(some[i]), label, csv_cell(name), probability);
      lines += fmt::format("{}: {} {:.1f} %\n", some[i], name, 100 * probability);
    }
  }
  if (out.empty()) {
    fmt::print("{}", lines);
  } else {
    write_file_atomically(out, csv);
    fmt::print("{}: {} predictions\n{}", out, files.size(), options.which_epoch(model));
  }
  options.execution.print_precision();
  return 0;
}

}  // namespace

void add_predict(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("predict", "Predict the class of every test image, or of image files");
  command->footer(kExamples);
  struct Options {
    ModelAndData input;
    std::vector<std::string> images;
    std::string out;
  };
  const auto options = std::make_shared<Options>();
  options->input.add_to(*command);
  add_option(*command, "--image", options->images,
             "Image files (JPEG, PNG, PPM, PGM, PBM) instead of the test images")
      ->take_all()
      ->type_name("FILE")
      ->excludes((*command)["--data"])
      ->excludes((*command)["--limit"]);
  add_option(*command, "--out", options->out,
             "File to write; predictions of --image are printed unless it is given")
      ->type_name("F.csv");
  command->callback([options, &run] {
    require(!options->out.empty() || !options->images.empty(),
            "predict: expected --out, the file to write, or --image");
    run = [options] {
      return options->images.empty() ? predict(options->input, options->out)
                                     : predict_files(options->input, options->images, options->out);
    };
  });
}

}  // namespace joule::cli
