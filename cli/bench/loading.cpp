// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "joule/bench/loading_bench.h"
#include "joule/cli/bench/bench.h"
#include "joule/cli/options/config_options.h"
#include "joule/core/threads.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule bench loading --data photos --model resnet18 --image-size 64
      images per second that are read, decoded and resized, beside those of
      training steps, and of both at once

No decoded image is kept in memory.)";

int measure(const bench::LoadingOptions& options) {
  const training::Config& config = options.config;
  training::check(config);
  if (config.threads > 0) set_num_threads(config.threads);
  training::set_execution(config);
  const bench::LoadingReport report = bench::bench_loading(options);
  fmt::print("{}, images {}, batches of {}, {} threads of the kernels\n", config.data,
             str(report.image), config.batch, num_threads());
  for (const auto& [workers, rate] : report.loader) {
    fmt::print("loader alone, {} {:<24} {:>9.1f} images/s  {:>6.2f} times the training steps\n",
               workers, workers == 1 ? "thread" : "threads", rate, rate / report.steps);
  }
  fmt::print("training steps of {:<22} {:>9.1f} images/s\n", config.model, report.steps);
  fmt::print("both at once {:<27} {:>9.1f} images/s  {:>6.2f} times the training steps\n", "",
             report.training, report.training / report.steps);
  return 0;
}

}  // namespace

void add_bench_loading(Command& bench, Run& run) {
  Command* const command =
      bench.add_subcommand("loading", "Images per second of the loader, beside those of training");
  command->footer(kExamples);
  struct Options {
    explicit Options(Command& command) : fields(command, bench.config) {}
    bench::LoadingOptions bench;
    ConfigOptions fields;
  };
  const auto options = std::make_shared<Options>(*command);
  for (const char* const field :
       {"data", "image_size", "image_fit", "model", "batch", "seed", "threads", "device",
        "precision", "algorithms", "deterministic"}) {
    options->fields.add(field);
  }
  add_option(*command, "--workers", options->bench.workers,
             "Threads of the loader, measured one after the other")
      ->capture_default_str();
  add_option(*command, "--batches", options->bench.batches, "Batches that are measured each time")
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return measure(options->bench); }; });
}

}  // namespace joule::cli
