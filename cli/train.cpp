// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "joule/cli/commands.h"
#include "joule/cli/options/config_options.h"
#include "joule/cli/options/energy_options.h"
#include "joule/cli/options/option.h"
#include "joule/cli/output/run_report.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/progress.h"
#include "joule/io/input_file.h"
#include "joule/optim/optimizers.h"
#include "joule/training/config_fields.h"
#include "joule/training/run/run.h"
#include "joule/tune/tuner.h"

namespace joule::cli {
namespace {

using training::Config;
using training::Existing;

constexpr const char* kExamples = R"(Examples:
  joule train --out runs/first
      trains small-cnn on Fashion-MNIST for 3 epochs
  joule train --l0-lambda 0.3 --l0-warmup 1 --out runs/sparse
      the same with the L0 penalty of energy-aware training on the outputs of
      the ReLUs
  joule train --data cifar-10 --model resnet18 --augment crop-flip \
      --epochs 30 --lr 0.1 --out runs/r18
  joule summary --model small-cnn --save-net mine.json
  joule train --net mine.json --out runs/mine
      trains a net of one's own: mine.json, edited, with another name
      (docs/nets.md)
  joule train --config runs/first/config.json --lr 0.1 --out runs/faster
      the options of another run, but one
  joule train --meter rapl --energy-budget 2kJ --carbon-intensity 380 \
      --out runs/measured
      measures the energy by the processors' counters, and stops after 2 kJ
  joule train --out runs/first --resume
      goes on where Ctrl-C, a kill or a power cut stopped it, bit for bit

DIR gets report.html (a page for a browser, from the first epoch on),
config.json, metrics.jsonl (a line per epoch), summary.json,
checkpoint.safetensors and, from the first epoch on, model.safetensors (PyTorch
reads it). One training at a time writes there.)";

/// The options of `joule train`: a configuration, of which it is known what was asked for.
class Options {
 public:
  explicit Options(Command& command) : fields_(command, config_) {
    add_option(command, "--out", out_, "Folder of the run")->required()->type_name("DIR");
    add_option(command, "--config", file_,
               "JSON file with any of the options below, named as in config.json; the command line "
               "overrides it")
        ->type_name("FILE");
    fields_.add_all();
    add_option(command, "--net", net_, training::config_field("net").help)
        ->type_name("FILE")
        ->excludes(command["--model"]);
    auto* const tune = command.add_flag(
        "--tune", tune_, "First measure the choices for this run that joule tune's table lacks");
    energy_.add_to(command);
    auto* const resume =
        command.add_flag("--resume", resume_, "Go on with the run in DIR, or start it");
    tune->excludes(resume);  // the rest of a run chooses as its beginning did
    command
        .add_flag("--overwrite", overwrite_,
                  "Replace the files of a run in DIR, once the first step is done")
        ->excludes(resume);
  }

  const std::string& out() const { return out_; }
  const EnergyOptions& energy() const { return energy_; }
  bool tune() const { return tune_; }
  Existing existing() const {
    return resume_ ? Existing::resume : overwrite_ ? Existing::overwrite : Existing::refuse;
  }

  /// What was asked for: by the command line, else by the file, else as in the configuration of the
  /// run to resume, else the default.
  Config config() const {
    const auto saved = resume_ ? training::config_of(out_) : std::nullopt;
    Config config = saved.value_or(Config());
    bool lr_is_said = saved || fields_.asked("lr");
    if (!file_.empty()) {
      const auto in_file = training::read_config(config, read_file(file_), file_);
      lr_is_said = lr_is_said || std::ranges::count(in_file, "lr") > 0;
    }
    fields_.apply_to(config);
    if (fields_.asked("model")) config.net.clear();
    if (!net_.empty()) set_net(config);
    if (!lr_is_said && config.optimizer == "lars") {
      config.lr = LarsOptions().lr;
    } else if (!lr_is_said && config.optimizer != "sgd") {
      config.lr = 1e-3;
    }
    return config;
  }

 private:
  /// In its one form, so that runs of the same net have the same configuration.
  void set_net(Config& config) const {
    config.net = to_json(nn::parse_graph(read_file(net_), net_));
    try {
      config.model = training::file_net(config.net).name;
    } catch (const ArgumentError& error) {
      throw DataError(str(net_, ": ", error.what()));
    }
  }

  Config config_;
  ConfigOptions fields_;
  EnergyOptions energy_;
  std::string out_, file_, net_;
  bool resume_ = false, overwrite_ = false, tune_ = false;
};

int train(const Options& options) {
  const training::CheckedConfig config(options.config());
  training::check_folder(options.out(), options.existing());  // before anything that takes time
  if (options.existing() == Existing::resume && !training::config_of(options.out())) {
    fmt::print(stderr, "{}: there is no run to go on with; starting it\n", options.out());
  }
  const Interrupt interrupt;
  const auto stop = [&] { return interrupt.requested(); };
  if (options.tune()) {
    tune::tune_for(config, stop, [measured = 0](const tune::TuneResult& result) mutable {
      fmt::print(stderr, "tuned {} {} ({})\n", result.layer, result.entry.op, ++measured);
    });
  }
  const training::RunAccounting accounting = options.energy().open(device(config), stop);
  if (interrupt.requested()) return kInterrupted;
  RunReport report(options.out(), config, accounting);
  ProgressBar progress(config->epochs);
  training::Hooks hooks = progress.hooks();
  std::string why = "interrupted";
  hooks.stop = stop;
  hooks.on_budget = [&](const std::string& reason) { why = reason; };
  const auto result = run_in_folder(options.out(), config, options.existing(), hooks, accounting,
                                    report.on_checkpoint());
  if (!result) {
    progress.clear();
    fmt::print(stderr,
               "joule: {1}; saved {0}/checkpoint.safetensors, and joule train --out {0} "
               "--resume goes on from there\n",
               options.out(), why);
    return kInterrupted;
  }
  report.finish(*result);
  fmt::print("{}: test accuracy {:.2f} %, {} parameters, {:.0f} s of training\n", options.out(),
             100 * result->evaluation.accuracy(), result->parameters, result->seconds);
  if (!result->launches.empty()) fmt::print("{}: {}\n", options.out(), result->launches);
  fmt::print("{}", energy_lines(result->energy));
  return 0;
}

}  // namespace

void add_train(Command& app, Run& run) {
  Command* const command = app.add_subcommand("train", "Train a net on a data set");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>(*command);
  command->callback([options, &run] { run = [options] { return train(*options); }; });
}

}  // namespace joule::cli
