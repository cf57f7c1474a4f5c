// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <span>

#include "joule/cli/commands.h"
#include "joule/cli/options/config_options.h"
#include "joule/cli/options/energy_options.h"
#include "joule/cli/options/option.h"
#include "joule/cli/output/run_report.h"
#include "joule/cli/output/training_events.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/progress.h"
#include "joule/core/threads.h"
#include "joule/io/input_file.h"
#include "joule/measure/environment_json.h"
#include "joule/optim/optimizers.h"
#include "joule/parallel/launch.h"
#include "joule/training/config_fields.h"
#include "joule/training/parallel/over_ranks.h"
#include "joule/training/parallel/same_run.h"
#include "joule/training/run/model_file.h"
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
  joule train --weights runs/first --l0-lambda 1 --lr 0.01 --out runs/tuned
      goes on training the net of another run, now with the penalty
  joule train --config runs/first/config.json --lr 0.1 --out runs/faster
      the options of another run, but one
  joule train --meter rapl --energy-budget 2kJ --carbon-intensity 380 \
      --out runs/measured
      measures the energy by the processors' counters, and stops after 2 kJ
  joule train --out runs/watched --tensorboard events/watched
      and tensorboard --logdir events shows its curves while it trains
  joule train --out runs/first --resume
      goes on where Ctrl-C, a kill or a power cut stopped it, bit for bit
  mpirun -n 4 --bind-to none joule train --out runs/together
      four processes, each with a quarter of every batch (docs/scale.md)

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
    add_option(command, "--tensorboard", tensorboard_,
               "Event files of TensorBoard in this folder: curves, histograms, options, from the "
               "first epoch on")
        ->type_name("DIR");
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
  const std::string& tensorboard() const { return tensorboard_; }
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
    if (fields_.asked("weights")) set_subject(config);
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

  /// What the weights are of, unless the command line says it.
  void set_subject(Config& config) const {
    training::Model trained = training::load_model(config.weights);
    if (!fields_.asked("model")) {
      config.model = trained.spec.name;
      config.net = is_model_name(config.model) ? "" : graph_json(trained);
    }
    if (!fields_.asked("data") && !trained.data.empty()) config.data = trained.data;
    if (!trained.fit) return;
    if (!fields_.asked("image_size")) config.image_size = trained.spec.image.h;
    if (!fields_.asked("image_fit")) config.image_fit = name(*trained.fit);
  }

  Config config_;
  ConfigOptions fields_;
  EnergyOptions energy_;
  std::string out_, file_, net_, tensorboard_;
  bool resume_ = false, overwrite_ = false, tune_ = false;
};

/// Each rank gets its part of the processors, unless that was said; rank 0 tells.
void share_processors(parallel::Communicator& ranks, const Config& config) {
  if (config.threads > 0) set_num_threads(config.threads);  // which page and summary tell
  if (ranks.size() == 1) return;
  const int fair = parallel::fair_threads(ranks);
  if (config.threads == 0 && !std::getenv("OMP_NUM_THREADS")) set_num_threads(fair);
  const double mine = num_threads();
  const std::vector<double> threads = ranks.gather(std::span(&mine, 1));
  const auto [least, most] = std::ranges::minmax(threads);
  const std::vector<std::string> hosts = ranks.gather(ranks.host());
  if (ranks.rank() > 0) return;
  fmt::print(stderr, "{} processes on {} machine(s), with {} thread(s) each\n", ranks.size(),
             std::set(hosts.begin(), hosts.end()).size(),
             least == most ? fmt::format("{}", most) : fmt::format("{} to {}", least, most));
}

/// The meters of this machine, unless another rank has them; and no rank computes, or waits busily,
/// while the idle power is measured.
training::RunAccounting open_accounting(const EnergyOptions& energy, Device device,
                                        parallel::Communicator& ranks,
                                        const std::function<bool()>& stop) {
  training::RunAccounting accounting{.footprint = energy.footprint};
  if (training::is_first_on_host(ranks)) accounting = energy.open(device, stop);
  ranks.meet();
  return accounting;
}

int train(const Options& options) {
  const std::shared_ptr<parallel::Communicator> ranks = parallel::open_ranks();
  const training::CheckedConfig config(options.config());
  require_same_configuration(*ranks, *config);
  training::check_folder(options.out(), options.existing());  // before anything that takes time
  const Interrupt interrupt;
  const auto stop = [&] { return interrupt.requested(); };
  share_processors(*ranks, *config);
  require(!options.tune() || ranks->size() == 1,
          "--tune: measures for one process alone; run joule tune before");
  if (ranks->rank() > 0) {  // rank 0 writes and tells
    const auto accounting = open_accounting(options.energy(), device(config), *ranks, stop);
    if (ranks->any(interrupt.requested())) return kInterrupted;
    const auto done = run_in_folder(options.out(), config, options.existing(), {.stop = stop},
                                    accounting, {}, ranks);
    return done ? 0 : kInterrupted;
  }
  if (options.existing() == Existing::resume && !training::config_of(options.out())) {
    fmt::print(stderr, "{}: there is no run to go on with; starting it\n", options.out());
  }
  TrainingEvents events(options.tensorboard(), *config, options.existing());
  if (options.tune()) {
    tune::tune_for(config, stop, [measured = 0](const tune::TuneResult& result) mutable {
      fmt::print(stderr, "tuned {} {} ({})\n", result.layer, result.entry.op, ++measured);
    });
  }
  auto accounting = open_accounting(options.energy(), device(config), *ranks, stop);
  accounting.environment = measure::environment_json();
  if (ranks->any(interrupt.requested())) return kInterrupted;
  RunReport report(options.out(), config, accounting);
  ProgressBar progress(config->epochs);
  training::Hooks hooks = progress.hooks();
  std::string why = "interrupted";
  hooks.stop = stop;
  events.add_to(hooks);
  hooks.on_budget = [&](const std::string& reason) { why = reason; };
  const auto result = run_in_folder(options.out(), config, options.existing(), hooks, accounting,
                                    report.on_checkpoint(), ranks);
  if (!result) {
    progress.clear();
    fmt::print(stderr,
               "joule: {1}; saved {0}/checkpoint.safetensors, and joule train --out {0} "
               "--resume goes on from there\n",
               options.out(), why);
    return kInterrupted;
  }
  report.finish(*result);
  events.finish();
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
