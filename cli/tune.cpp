// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "joule/bench/conv/conv_problem.h"
#include "joule/cli/commands.h"
#include "joule/cli/options/execution.h"
#include "joule/cli/options/option.h"
#include "joule/cli/output/tune_report.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/io/nearest.h"
#include "joule/io/tuning_file.h"
#include "joule/kernels/this_machine.h"
#include "joule/measure/image_size.h"
#include "joule/measure/open_net.h"
#include "joule/training/config.h"
#include "joule/tune/tuner.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  joule tune --model resnet18 --input 32x32x3
      what joule eval and predict run: slices of 16 images, linear layers on 256
  joule tune --model runs/first --train --batch 128 --threads 2
      of the net of a run also the forward and backward pass of training
  joule tune --shapes 64x128x56,128x128x28:3x3/2 --train
      convolutions by their sizes, as joule bench conv takes them

Times every implementation of the convolutions and linear layers that the net
runs (or of the shapes) and writes the table from which every later joule
command chooses.  The choice depends on the table, never on a time measured
during the run.  It holds for these sizes, this batch and this number of threads
only.)";

struct Options {
  std::string model = "small-cnn", input = "28x28x1", shapes, out;
  std::int64_t classes = 10;
  std::vector<std::int64_t> batches;
  std::vector<double> densities = tune::TunerOptions().densities;
  int rounds = tune::TunerOptions().rounds;
  Execution execution;
  bool train = false, json = false;
};

void check(const Options& options) {
  require(options.rounds >= 1 && options.rounds <= 1000, "rounds: expected 1 to 1000, got ",
          options.rounds);
  for (const std::int64_t batch : options.batches) {
    training::require_count("batch", batch, training::kMaxBatch);
  }
  if (!options.shapes.empty()) bench::parse_conv_problems(options.shapes, 1);
  double last = 0;
  for (const double density : options.densities) {
    require(density > last && density < 1, "densities: must ascend between 0 and 1, got ", density,
            " after ", last);
    last = density;
  }
}

struct Net {
  ModelSpec spec;
  nn::Net net;
};

Net open_net(const Options& options) {
  if (!is_model_name(options.model)) {
    std::error_code error;
    require(std::filesystem::exists(options.model, error), "model: '", options.model,
            "' is neither a net nor a folder or file", did_you_mean(options.model, model_names()));
    training::Model model = measure::is_net_path(options.model)
                                ? measure::fresh_model(options.model)
                                : measure::open_model(options.model);
    return {std::move(model.spec), std::move(model.net)};
  }
  const auto [image, channels] = measure::parse_input(options.input);
  const ModelSpec spec{
      .name = options.model, .image = image, .channels = channels, .classes = options.classes};
  return {spec, make_model(spec)};
}

/// A convolution as nets run it: alone and with the ReLU behind it; trained also the gradients,
/// that of the input also where a ReLU before it needs only a part.
void run_convolution(const bench::ConvProblem& p, bool train) {
  const ContextGuard guard;
  context().scope.layer = p.name;
  const Size2 out = conv_output_size({p.x[1], p.x[2]}, {p.weight[1], p.weight[2]}, p.params);
  const Tensor x = Tensor::zeros(p.x), weight = Tensor::zeros(p.weight);
  const Tensor y = Tensor::zeros({p.x[0], out.h, out.w, p.weight[0]});
  for (const bool relu : {false, true}) {
    dispatch(ops::Conv2d{.x = x, .weight = weight, .y = y, .params = p.params, .relu = relu});
  }
  if (!train) return;
  const Tensor grad_x(p.x), grad_weight(p.weight);
  dispatch(
      ops::Conv2dGradWeight{.x = x, .grad_y = y, .grad_weight = grad_weight, .params = p.params});
  for (const Tensor& wanted : {Tensor(), x}) {
    dispatch(ops::Conv2dGradInput{
        .grad_y = y, .weight = weight, .grad_x = grad_x, .wanted = wanted, .params = p.params});
  }
}

void run_convolutions(const std::string& shapes, std::int64_t batch, bool train) {
  for (const auto& problem : bench::parse_conv_problems(shapes, batch)) {
    run_convolution(problem, train);
  }
}

/// The batches to run, each with whether to train.
std::vector<std::pair<std::int64_t, bool>> batches_of(const Options& options) {
  std::vector<std::pair<std::int64_t, bool>> all;
  for (const bool train : {false, true}) {
    if (train && !options.train) continue;
    if (options.batches.empty()) all.emplace_back(tune::usual_batch(train), train);
    for (const std::int64_t batch : options.batches) all.emplace_back(batch, train);
  }
  return all;
}

/// Times whatever the net runs, or the convolutions, until the user asks to stop.
std::vector<tune::TuneResult> measure_all(const Options& options, const Interrupt& interrupt) {
  std::optional<Net> net;
  if (options.shapes.empty()) net = open_net(options);
  std::vector<tune::TunerPass> passes;
  for (const auto& [batch, train] : batches_of(options)) {
    if (net && !train && options.batches.empty()) {
      passes.push_back(tune::evaluation_pass(net->spec, net->net));
      continue;
    }
    passes.push_back(net ? tune::pass_of(net->spec, net->net, batch, train)
                         : tune::TunerPass{train, [&options, batch = batch, train = train] {
                                             run_convolutions(options.shapes, batch, train);
                                           }});
  }
  return tune::measure_passes(
      passes, {.densities = options.densities, .rounds = options.rounds},
      [&] { return interrupt.requested(); },
      [&](const tune::TuneResult& result) {
        if (!options.json) {
          fmt::print("{}", text(result, columns_of(STDOUT_FILENO)));
          std::fflush(stdout);
        }
      });
}

int tune(const Options& options) {
  check(options);
  options.execution.apply();
  set_tuning_table(nullptr);  // it is the static choice that the measured one is compared with
  const std::string path = options.out.empty() ? tuning_path() : options.out;
  const Interrupt interrupt;  // before there is anything to clean up
  const auto file = tune::open_table(path);
  const std::vector<tune::TuneResult> results = measure_all(options, interrupt);
  ordered_json list = ordered_json::array();
  std::size_t points = 0, changed = 0;
  for (const tune::TuneResult& result : results) {
    list.push_back(to_json(result));
    points += result.points.size();
    changed += static_cast<std::size_t>(std::ranges::count_if(
        result.points, [](const tune::Point& p) { return p.measured != p.statically; }));
  }
  tune::write_table(*file, path, results);
  const TuningMachine machine = this_machine();
  if (options.json) {
    const ordered_json report{{"version", 1},
                              {"path", path},
                              {"cpu", machine.cpu},
                              {"simd", machine.simd},
                              {"joule", machine.joule},
                              {"onednn", machine.onednn},
                              {"rounds", options.rounds},
                              {"operations", list}};
    fmt::print("{}\n", report.dump(2));
  } else {
    fmt::print("{}: {} operations; of {} choices {} differ from the static ones\n", path,
               results.size(), points, changed);
  }
  return interrupt.requested() ? kInterrupted : 0;
}

}  // namespace

void add_tune(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("tune", "Measure which implementations are the fastest on this machine");
  command->footer(kExamples);
  const auto o = std::make_shared<Options>();
  auto* const model =
      add_option(*command, "--model,model", o->model,
                 "Net by name or as data (F.json), the folder of a run, a model.safetensors, or "
                 "an ONNX file")
          ->capture_default_str()
          ->type_name("NAME|DIR|FILE");
  add_option(*command, "--input", o->input, "Height, width and channels of a named net's images")
      ->capture_default_str()
      ->type_name("HxWxC");
  add_option(*command, "--classes", o->classes, "Classes of a named net")->capture_default_str();
  add_option(*command, "--shapes", o->shapes,
             "Convolutions INxOUTxSIZE[:KxK[/STRIDE]], separated by commas")
      ->excludes(model);
  add_option(*command, "--batch", o->batches,
             "Batch sizes, separated by commas (default: 16, linear layers 256; with --train 128)");
  command->add_flag("--train", o->train, "Also what a training step runs");
  add_option(*command, "--densities", o->densities,
             "Shares of non-zeros to measure at, separated by commas")
      ->capture_default_str();
  add_option(*command, "--rounds", o->rounds, "Timed rounds; the shortest counts")
      ->capture_default_str();
  o->execution.add_to(*command, {"threads", "precision", "algorithms"});
  add_option(*command, "--out", o->out,
             "File of the table (default: the one that joule info shows)");
  command->add_flag("--json", o->json, "Print JSON");
  command->callback([o, &run] { run = [o] { return tune(*o); }; });
}

}  // namespace joule::cli
