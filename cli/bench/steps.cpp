// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string_view>

#include "joule/bench/steps/steps_bench.h"
#include "joule/cli/bench/bench.h"
#include "joule/cli/options/execution.h"
#include "joule/cli/options/option.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/terminal.h"

namespace joule::cli {
namespace {

constexpr const char* kTrainExamples = R"(Examples:
  joule bench train
      a fresh small-cnn on random images
  joule bench train --models small-cnn,resnet18 \
      --weights runs/demo/standard,runs/demo/l0 --html train.html
      also trained nets, on the images that they were trained on

A training step is a forward pass, the mean cross-entropy, a backward pass and
an update. Joule as it chooses stands beside Joule without the implementations
that skip zeros, and beside PyTorch, eager and compiled, where
benchmarks/peers.sh has installed it.)";

constexpr const char* kInferExamples = R"(Examples:
  joule bench infer
      a fresh small-cnn on random images
  joule bench infer --weights runs/demo/standard,runs/demo/l0 --json infer.json
      trained nets, on the test images of what they were trained on
  joule bench infer --models resnet8,ds-cnn,mobilenet-v1-0.25,autoencoder \
      --batch 1
      the nets of MLPerf Tiny, one input at a time

Joule as it chooses stands beside Joule without the implementations that skip
zeros, and beside PyTorch, eager and compiled, where benchmarks/peers.sh has
installed it.)";

struct Options {
  std::string models, weights, data;
  std::int64_t batch = 128;
  int steps = 20, rounds = 5;
  Execution execution;
  std::string torch_peer, json, html;
};

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

int bench_steps(const Options& options, bool train) {
  options.execution.apply();
  bench::StepsOptions measured{.train = train,
                               .data = options.data,
                               .device = options.execution.config.device,
                               .precision = options.execution.config.precision,
                               .algorithms = options.execution.config.algorithms,
                               .batch = options.batch,
                               .steps = options.steps,
                               .rounds = options.rounds,
                               .program = this_program(),
                               .torch_peer = options.torch_peer};
  for (const std::string& model : split(options.models)) measured.nets.push_back({model, ""});
  for (const std::string& weights : split(options.weights)) measured.nets.push_back({"", weights});
  if (measured.nets.empty()) measured.nets.push_back({"small-cnn", ""});
  if (measured.torch_peer.empty()) {
    measured.torch_peer = (this_program().parent_path().parent_path() / "benchmarks/torch_peer");
  }
  const Interrupt interrupt;  // before there is anything to clean up
  ReportFile json(options.json), html(options.html);
  const bench::StepsReport report = bench::bench_steps(
      measured, {.on_environment = print_environment,
                 .on_start = [](const std::string& what) { fmt::print(stderr, "{}\n", what); },
                 .on_result =
                     [&](const bench::StepsReport& known) {
                       json.write_so_far([&] { return to_json(known); });
                     },
                 .on_net =
                     [&](const bench::NetReport& net) {
                       fmt::print("{}", table(net, options.batch, columns_of(STDOUT_FILENO)));
                       std::fflush(stdout);
                     },
                 .stop = [&] { return interrupt.requested(); }});
  json.write([&] { return to_json(report); });
  html.write([&] { return to_html(report); });
  return 0;
}

void add(Command& bench, Run& run, bool train) {
  Command* const command =
      train ? bench.add_subcommand("train", "Training steps per second, beside PyTorch")
            : bench.add_subcommand("infer", "Images inferred per second, beside PyTorch");
  command->footer(train ? kTrainExamples : kInferExamples);
  const auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, auto& value, const char* help) {
    return add_option(*command, name, value, help)->capture_default_str();
  };
  add("--models", options->models,
      "Fresh nets, separated by commas; small-cnn if there are no weights either");
  add("--weights", options->weights,
      "Trained nets: folders of runs or model files, separated by commas");
  add("--data", options->data,
      "Images: a data set, or random (default: what the trained net was trained on)");
  add("--batch", options->batch, "Images per step");
  add("--steps", options->steps, "Timed steps of a process");
  add("--rounds", options->rounds, "Processes of each side");
  options->execution.add_to(*command);
  add("--torch-peer", options->torch_peer,
      "PyTorch's program (default: benchmarks/torch_peer in this program's build folder)")
      ->type_name("F");
  add("--json", options->json, "File to write")->type_name("F");
  add("--html", options->html, "File to write: a page with everything in it")->type_name("F");
  command->callback(
      [options, train, &run] { run = [options, train] { return bench_steps(*options, train); }; });
}

}  // namespace

void add_bench_train(Command& bench, Run& run) { add(bench, run, true); }
void add_bench_infer(Command& bench, Run& run) { add(bench, run, false); }

void add_bench_side(Command& bench, Run& run) {
  Command* const command = bench.add_subcommand("side", "One measurement of train or infer");
  command->hide();  // not in the help: a part of the two others
  struct Side {
    bench::SideOptions options;
    std::string mode = "train";
    Execution execution;
  };
  const auto side = std::make_shared<Side>();
  bench::SideOptions& o = side->options;
  command->add_flag("!--no-graph", o.graph);
  add_option(*command, "--mode", side->mode)->one_of({"train", "infer"});
  add_option(*command, "--model", o.model);
  add_option(*command, "--weights", o.weights);
  add_option(*command, "--data", o.data);
  add_option(*command, "--batch", o.batch);
  add_option(*command, "--slice", o.slice);
  add_option(*command, "--steps", o.steps);
  add_option(*command, "--warmup", o.warmup);
  side->execution.add_to(*command);
  command->add_flag("--dense", o.dense);
  command->callback([side, &run] {
    run = [side] {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // its result is for the parent alone
      side->execution.apply();
      side->options.train = side->mode == "train";
      side->options.device = side->execution.where();
      side->options.precision = context().precision;
      side->options.algorithms = context().algorithms;
      fmt::print("{}", to_json(run_side(side->options)));
      return 0;
    };
  });
}

}  // namespace joule::cli
