// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <memory>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/energy_options.h"
#include "joule/cli/options/execution.h"
#include "joule/cli/options/option.h"
#include "joule/cli/output/run_report.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/progress.h"
#include "joule/io/input_file.h"
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
      the same with the L0 penalty of energy-aware training on the outputs of the ReLUs
  joule train --data cifar-10 --model resnet18 --augment crop-flip --epochs 30 --lr 0.1 --out runs/r18
  joule summary --model small-cnn --save-net mine.json
  joule train --net mine.json --out runs/mine
      trains a net of one's own: mine.json, edited, with another name (docs/nets.md)
  joule train --meter rapl --energy-budget 2kJ --carbon-intensity 380 --out runs/measured
      measures the energy by the processors' counters, and stops after 2 kJ
  joule train --out runs/first --resume
      goes on where Ctrl-C, a kill or a power cut stopped it, bit for bit

DIR gets report.html (a page for a browser, from the first epoch on), config.json, metrics.jsonl (a
line per epoch), summary.json, checkpoint.safetensors and, from the first epoch on,
model.safetensors (PyTorch reads it). One training at a time writes there.)";

/// The options of `joule train`: a configuration, of which it is known what was asked for.
class Options {
 public:
  explicit Options(CLI::App& command) : command_(command) {
    add_option(command, "--out", out_, "Folder of the run")->required()->type_name("DIR");
    add("--data", &Config::data,
        "Data set: fashion-mnist, mnist, cifar-10, cifar-100, synthetic, or a folder");
    auto* const model =
        add("--model", &Config::model, "Net: small-cnn, lenet5, simple-cnn, resnet18, vgg16");
    add_option(command, "--net", net_, "Net as data: a file as joule summary --save-net writes it")
        ->type_name("FILE")
        ->excludes(model);
    add("--limit", &Config::limit,
        "Use only the first N images of each half (before --validation); 0: all");
    add("--validation", &Config::validation,
        "Share of the training images that is held back to choose by: the best epoch, the steps of "
        "plateau; 0: train on all, and choose nothing");
    add("--augment", &Config::augment, "none, flip, crop, crop-flip");
    add("--epochs", &Config::epochs, "Passes over the training images");
    add("--batch", &Config::batch, "Images per step");
    add("--optimizer", &Config::optimizer, "sgd, adam, adamw, rmsprop");
    lr_ = add("--lr", &Config::lr, "Learning rate, the largest of the schedule (adam: 0.001)");
    add("--momentum", &Config::momentum, "Of sgd (Nesterov's) and rmsprop");
    add("--weight-decay", &Config::weight_decay, "L2 decay of the weights");
    add("--weight-decay-biases", &Config::weight_decay_biases,
        "Also of biases and normalisations: on, off");
    add("--dampening", &Config::dampening, "Of sgd's momentum, which is then not Nesterov's");
    add("--amsgrad", &Config::amsgrad, "Of adam and adamw: on, off");
    add("--centred", &Config::centred, "Of rmsprop: on, off");
    add("--cycle-momentum", &Config::cycle_momentum,
        "With one-cycle, momentum (adam: beta1) goes from 0.95 to 0.85 and back: on, off");
    add("--schedule", &Config::schedule, "constant, step, exponential, cosine, one-cycle, plateau");
    add("--lr-factor", &Config::lr_factor, "Of step, exponential and plateau; 0: their own");
    add("--warmup", &Config::warmup, "Epochs in which the learning rate rises from 0");
    add("--clip-norm", &Config::clip_norm, "Largest norm of the gradients; 0: any");
    add("--l0-lambda", &Config::l0_lambda, "Weight of the L0 penalty; 0: none");
    add("--l0-sigma", &Config::l0_sigma, "Its smoothness: smaller is closer to a count");
    add("--l0-layers", &Config::l0_layers, "What is penalised: relu, all");
    add("--l0-normalization", &Config::l0_normalization, "per-layer-mean, per-parameter");
    add("--l0-warmup", &Config::l0_warmup, "Epochs in which lambda rises from 0");
    add("--seed", &Config::seed, "Of everything random");
    add("--threads", &Config::threads, "Threads of the kernels; 0: one per core");
    add("--device", &Config::device, "Where to compute: cpu, cuda");
    add("--precision", &Config::precision, kPrecisionHelp);
    add("--graph", &Config::graph,
        "On cuda steps are captured into a CUDA graph: auto (where they can be), on, off");
    command.add_flag("--deterministic", config_.deterministic,
                     "The same bits for any number of threads, not only run to run");
    auto* const tune = command.add_flag(
        "--tune", tune_,
        "Measure the choices that the table of joule tune lacks for this run, first");
    energy_.add_to(command);
    auto* const resume =
        command.add_flag("--resume", resume_, "Go on with the run in DIR, or start it");
    tune->excludes(resume);  // the rest of a run chooses as its beginning did
    command
        .add_flag(
            "--overwrite", overwrite_,
            "Start anew: the files of a run that are in DIR are replaced, once a step is done")
        ->excludes(resume);
  }

  const std::string& out() const { return out_; }
  const EnergyOptions& energy() const { return energy_; }
  bool tune() const { return tune_; }
  Existing existing() const {
    return resume_ ? Existing::resume : overwrite_ ? Existing::overwrite : Existing::refuse;
  }

  /// What was asked for; to resume, whatever was not is as in the run's own configuration.
  Config config() const {
    Config config = config_;
    if (lr_->count() == 0 && config.optimizer != "sgd") config.lr = 1e-3;
    const auto saved = resume_ ? training::config_of(out_) : std::nullopt;
    if (saved) {
      for (const auto& keep : keep_) keep(*saved, config);
      if (command_["--model"]->count() == 0) config.net = saved->net;
    }
    if (!net_.empty()) set_net(config);
    if (!saved) return config;
    if (command_["--deterministic"]->count() == 0) config.deterministic = saved->deterministic;
    return config;
  }

 private:
  template <class T>
  CLI::Option* add(const char* name, T Config::*member, const char* help) {
    CLI::Option* const option =
        add_option(command_, name, config_.*member, help)->capture_default_str();
    keep_.push_back([option, member](const Config& from, Config& to) {
      if (option->count() == 0) to.*member = from.*member;
    });
    return option;
  }

  /// In its one form, so that runs of the same net have the same configuration.
  void set_net(Config& config) const {
    config.net = to_json(nn::parse_graph(read_file(net_), net_));
    try {
      config.model = training::file_net(config.net).name;
    } catch (const ArgumentError& error) {
      throw DataError(str(net_, ": ", error.what()));
    }
  }

  CLI::App& command_;
  Config config_;
  EnergyOptions energy_;
  std::string out_, net_;
  bool resume_ = false, overwrite_ = false, tune_ = false;
  CLI::Option* lr_;
  std::vector<std::function<void(const Config&, Config&)>> keep_;
};

int train(const Options& options) {
  const Config config = options.config();
  training::check_folder(options.out(), options.existing());  // before anything that takes time
  if (options.existing() == Existing::resume && !training::config_of(options.out())) {
    fmt::print(stderr, "{}: there is no run to go on with; starting it\n", options.out());
  }
  check(config);  // before the idle power is measured
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
  ProgressBar progress(config.epochs);
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

void add_train(CLI::App& app, Run& run) {
  CLI::App* const command = app.add_subcommand("train", "Train a net on a data set");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>(*command);
  command->callback([options, &run] { run = [options] { return train(*options); }; });
}

}  // namespace joule::cli
