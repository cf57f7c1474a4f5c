// SPDX-License-Identifier: MIT
#include "joule/cli/bench/bench.h"

#include <fmt/core.h>

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule bench conv --threads 1 --html conv.html
      every implementation of the convolutions beside oneDNN, over the share of
      zeros
  joule bench train --models small-cnn --weights runs/demo/l0
      training steps per second, of a fresh net and of a trained one
  joule bench infer --models small-cnn,resnet18 --json infer.json)";

}  // namespace

std::filesystem::path this_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

void print_environment(const bench::Environment& environment) {
  fmt::print("{}\n", summary(environment));
  for (const std::string& warning : environment.warnings) fmt::print("warning: {}\n", warning);
  fmt::print("\n");
}

void add_bench(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("bench", "Measure Joule beside its peers on this machine");
  command->footer(kExamples);
  command->require_subcommand();
  add_bench_conv(*command, run);
  add_bench_train(*command, run);
  add_bench_infer(*command, run);
  add_bench_loading(*command, run);
  add_bench_ranks(*command, run);
  add_bench_side(*command, run);
}

}  // namespace joule::cli
