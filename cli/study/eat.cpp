// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/bench/steps/steps_bench.h"
#include "joule/cli/bench/bench.h"
#include "joule/cli/options/config_options.h"
#include "joule/cli/study/document_files.h"
#include "joule/cli/study/study.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/report/eat/eat_document.h"
#include "joule/report/eat/eat_json.h"
#include "joule/study/eat/eat_results.h"
#include "joule/study/eat/eat_study.h"

namespace joule::cli {
namespace {

namespace fs = std::filesystem;
using study::EatConfig;
using study::EatResults;

constexpr const char* kExamples = R"(Examples:
  joule study eat --out runs/eat
      the quick preset: small-cnn on Fashion-MNIST, standard training beside
      12 points of lambda and sigma, with 3 seeds
  joule study eat --lambda 0.5,1,2 --sigma 1e-4 --seeds 5 --out runs/eat5
  joule study eat --preset paper --model vgg16 --data gtsrb --device cuda
      the paper's recipe, with nothing held back: points are chosen by the test
      images, and the page says so
  joule study eat --out runs/eat
      once more: goes on where it was interrupted, or writes the pages anew

DIR gets study.html (a page for a browser), table.md with its pictures,
results.json, trials.csv, study.db (the study itself) and a run per trial in
DIR/trials, as joule train writes it.)";

struct Options {
  std::string preset = "quick", name = "eat", data_folder, layers, normalization, meter = "auto";
  std::string torch_peer, markdown;
  std::vector<double> lambdas, sigmas;
  std::optional<std::int64_t> seeds;
  // Of which only what was asked for counts; the help shows its values.
  training::Config asked = study::eat_preset("quick", "small-cnn").training;
  std::optional<ConfigOptions> fields;
  std::optional<StudyRun> run;
};

EatConfig config_of(const Options& o) {
  EatConfig config = study::eat_preset(o.preset, o.asked.model);
  o.fields->apply_to(config.training);
  if (!o.layers.empty()) config.training.l0_layers = o.layers;
  if (!o.normalization.empty()) config.training.l0_normalization = o.normalization;
  if (!o.lambdas.empty()) config.lambdas = o.lambdas;
  if (!o.sigmas.empty()) config.sigmas = o.sigmas;
  if (o.seeds) config.seeds = *o.seeds;
  config.meter = o.meter;
  check(config);
  return config;
}

/// The run of that cell's first seed; empty if its files are on another machine.
std::string run_of(const std::string& folder, const std::vector<study::Trial>& trials,
                   const study::EatCell& cell) {
  for (const study::Trial& trial : trials) {
    const bool eat = trial.point.get<std::string>("method") == "eat";
    if (trial.state != study::State::complete || eat == cell.is_standard()) continue;
    if (trial.point.get<std::int64_t>("seed") != 1) continue;
    if (eat && (trial.point.get<double>("lambda") != cell.lambda ||
                trial.point.get<double>("sigma") != cell.sigma)) {
      continue;
    }
    const std::string run = fmt::format("{}/trials/{:06}", folder, trial.number);
    return fs::exists(run + "/model.safetensors") ? run : "";
  }
  return "";
}

/// Standard training's net and the chosen ones beside PyTorch, if its program is there.
std::vector<report::PeerPace> peers_of(const Options& o, const EatResults& results,
                                       const std::vector<study::Trial>& trials) {
  const fs::path peer = o.torch_peer.empty()
                            ? this_program().parent_path().parent_path() / "benchmarks/torch_peer"
                            : fs::path(o.torch_peer);
  if (!fs::exists(peer)) {
    require(o.torch_peer.empty(), "--torch-peer: there is no ", o.torch_peer);
    return {};
  }
  std::vector<std::size_t> cells{0};
  for (const auto& choice : {results.ours.cell, results.paper.cell}) {
    if (choice && std::ranges::count(cells, *choice) == 0) cells.push_back(*choice);
  }
  bench::StepsOptions options{.train = false,
                              .device = results.config.training.device,
                              .precision = results.config.training.precision,
                              .batch = 128,
                              .steps = 5,
                              .rounds = 5,
                              .program = this_program(),
                              .torch_peer = peer};
  std::vector<std::string> names;
  for (const std::size_t cell : cells) {
    const std::string run = run_of(o.run->folder(), trials, results.cells[cell]);
    if (run.empty()) continue;
    options.nets.push_back({"", run});
    names.push_back(results.cells[cell].title());
  }
  if (options.nets.empty()) return {};
  const Interrupt interrupt;
  const bench::StepsReport measured = bench::bench_steps(
      options, {.on_start = [](const std::string& what) { fmt::print(stderr, "{}\n", what); },
                .stop = [&] { return interrupt.requested(); }});
  std::vector<report::PeerPace> peers;
  for (std::size_t i = 0; i < measured.nets.size(); ++i) {
    for (const bench::SideReport& side : measured.nets[i].sides) {
      const auto median = [](const auto& spread) {
        return spread ? std::optional(spread->median) : std::nullopt;
      };
      peers.push_back({names[i], side.name, side.images_per_second.median, median(side.over_dense),
                       median(side.over_pytorch)});
    }
    for (const bench::Omitted& omitted : measured.nets[i].omitted) {
      peers.push_back({.net = names[i], .side = omitted.name, .left_out = omitted.reason});
    }
  }
  return peers;
}

int study_eat(const Options& o) {
  const EatConfig config = config_of(o);
  if (!o.data_folder.empty()) ::setenv("JOULE_DATA", o.data_folder.c_str(), 1);  // for workers, too
  const auto done = o.run->run(study::eat_study(o.name, config), config.training.threads);
  if (!done) return kInterrupted;
  const EatResults results = study::eat_results(config, done->trials);
  const auto peers = peers_of(o, results, done->trials);
  const report::Document document = eat_document(done->study, results, peers);
  write_document(o.run->folder(), o.markdown, document, "eat",
                 report::eat_json(done->study, results, peers));
  fmt::print("{}\n", report::terminal_text(document, columns_of(STDOUT_FILENO)));
  fmt::print("{0}/study.html, {0}/table.md, {0}/results.json, {0}/trials.csv\n", o.run->folder());
  return 0;
}

}  // namespace

void add_study_eat(Command& study, Run& run) {
  Command* const command = study.add_subcommand(
      "eat", "Energy-aware training: accuracy, energy and time over lambda and sigma");
  command->footer(kExamples);
  const auto o = std::make_shared<Options>();
  add_option(*command, "--preset", o->preset,
             "Defaults of the other options: quick (two cores, Fashion-MNIST; those of small-cnn "
             "are shown here), paper (its recipe)")
      ->capture_default_str();
  o->fields.emplace(*command, o->asked);
  for (const char* name : {"data", "model"}) o->fields->add(name);
  add_option(*command, "--data-dir", o->data_folder, "Folder in which data sets are looked for")
      ->type_name("DIR");
  add_option(*command, "--lambda", o->lambdas, "Weights of the penalty, separated by commas");
  add_option(*command, "--sigma", o->sigmas, "Smoothnesses of the penalty, separated by commas");
  add_option(*command, "--layers", o->layers,
             "Layers whose outputs the penalty counts (relu, all)");
  add_option(*command, "--normalization", o->normalization,
             "Normalization of the penalty (per-layer-mean, per-parameter)");
  add_option(*command, "--seeds", o->seeds, "Trainings of each point");
  for (const char* name :
       {"image_size", "image_fit", "epochs", "limit", "validation", "augment", "batch", "lr",
        "momentum", "weight_decay", "schedule", "lr_factor", "l0_cutoff", "l0_warmup", "l0_weights",
        "seed", "threads", "device", "precision"}) {
    o->fields->add(name);
  }
  add_option(*command, "--meter", o->meter,
             "Where energy is measured: auto, none, or a source as in joule meter --help")
      ->capture_default_str();
  add_option(*command, "--name", o->name, "Name of the study in its storage")
      ->capture_default_str();
  add_option(*command, "--torch-peer", o->torch_peer,
             "PyTorch's program (default: benchmarks/torch_peer in this program's build folder)")
      ->type_name("F");
  add_option(*command, "--markdown", o->markdown,
             "Also write table.md to F.md, with its pictures in the folder F")
      ->type_name("F.md");
  o->run.emplace(*command, "runs/eat");
  o->run->keep_runs();
  command->callback([o, &run] { run = [o] { return study_eat(*o); }; });
}

}  // namespace joule::cli
