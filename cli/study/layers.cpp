// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/options/config_options.h"
#include "joule/cli/study/document_files.h"
#include "joule/cli/study/study.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/report/layers/layers_document.h"
#include "joule/study/layers/layers_results.h"
#include "joule/study/layers/layers_study.h"

namespace joule::cli {
namespace {

using study::LayersConfig;

constexpr const char* kLayersExamples = R"(Examples:
  joule study layers --out runs/layers
      the quick preset on Fashion-MNIST: 3 or 7 linear layers, 1 or 4 blocks of
      convolutions, with and without ReLUs, and nets of linear layers alone
  joule study layers --conv 1,2,3,4 --linear 3 --repeats 10 --out runs/convs
      one factor closely; effects are from its first level to its last
  joule study layers --preset paper --data cifar-10 --device cuda --meter nvml
      the paper's: 25 epochs, batch 512, 24 draws, nothing held back
  joule study layers --out runs/layers
      once more: goes on where it was interrupted, or writes the pages anew

Where a meter can be read (joule meter) joules are measured; modelled joules and
seconds stand beside them, each in columns of their own.  DIR gets study.html (a
page for a browser), table.md with its pictures, results.json, trials.csv and
study.db (the study itself).)";

struct LayersOptions {
  std::string preset = "quick", name = "layers", data_folder, meter = "auto", markdown;
  std::string nets, relu;  // separated by commas
  std::vector<std::int64_t> linear, conv;
  std::vector<double> lr, beta1, beta2;
  std::optional<std::int64_t> repeats, probe_steps;
  std::string seeds;
  std::optional<double> idle;
  // Of which only what was asked for counts; the help shows its values.
  training::Config asked = study::layers_preset("quick", "fashion-mnist").training;
  std::optional<ConfigOptions> fields;
  std::optional<StudyRun> run;
};

void set_range(const char* option, const std::vector<double>& ends, search::Interval& range) {
  if (ends.empty()) return;
  require(ends.size() == 2, option, ": expected LOW,HIGH, got ", ends.size(),
          ends.size() == 1 ? " number" : " numbers");
  range = {ends[0], ends[1]};
}

LayersConfig layers_config_of(const LayersOptions& o) {
  LayersConfig config = study::layers_preset(o.preset, o.asked.data);
  o.fields->apply_to(config.training);
  if (!o.nets.empty()) config.nets = names_in("--nets", o.nets);
  if (!o.linear.empty()) config.linear = o.linear;
  if (!o.conv.empty()) config.conv = o.conv;
  if (!o.relu.empty()) config.relu = names_in("--relu", o.relu);
  set_range("--lr", o.lr, config.lr);
  set_range("--beta1", o.beta1, config.beta1);
  set_range("--beta2", o.beta2, config.beta2);
  if (o.repeats) config.repeats = *o.repeats;
  if (o.probe_steps) config.probe_steps = *o.probe_steps;
  if (!o.seeds.empty()) config.seeds = o.seeds;
  if (o.idle) config.idle = *o.idle;
  config.meter = o.meter;
  check(config);
  return config;
}

int study_layers(const LayersOptions& o) {
  const LayersConfig config = layers_config_of(o);
  if (!o.data_folder.empty()) ::setenv("JOULE_DATA", o.data_folder.c_str(), 1);  // for workers, too
  const auto done = o.run->run(study::layers_study(o.name, config), config.training.threads);
  if (!done) return kInterrupted;
  const study::LayersResults results = study::layers_results(config, done->trials);
  const report::Document document = report::layers_document(done->study, results);
  write_document(o.run->folder(), o.markdown, document, "layers",
                 report::layers_json(done->study, results));
  fmt::print("{}\n", report::terminal_text(document, columns_of(STDOUT_FILENO)));
  fmt::print("{0}/study.html, {0}/table.md, {0}/results.json, {0}/trials.csv\n", o.run->folder());
  return 0;
}

/// What the study varies.
void add_factors(Command& command, LayersOptions& o) {
  add_option(command, "--nets", o.nets,
             "Nets (simple-cnn, which makes the factorial; dense-poly, dense-linear)");
  add_option(command, "--linear", o.linear, "Linear layers of the nets, ascending (3,7)");
  add_option(command, "--conv", o.conv, "Blocks of convolutions of simple-cnn, ascending (1,4)");
  add_option(command, "--relu", o.relu, "ReLUs in its blocks (none,each)");
  add_option(command, "--repeats", o.repeats,
             "Draws of the hyper-parameters, the same for every net (quick 6, paper 24)");
  add_option(command, "--lr", o.lr, "Learning rates from which is drawn (1e-5,1e-3)")
      ->type_name("LOW,HIGH");
  add_option(command, "--beta1", o.beta1, "Adam's beta1 from which is drawn (0.5,1)")
      ->type_name("LOW,HIGH");
  add_option(command, "--beta2", o.beta2, "Adam's beta2 from which is drawn (0.8,1)")
      ->type_name("LOW,HIGH");
  add_option(command, "--seeds", o.seeds,
             "one: every training begins with --seed (paper); each: every draw has its own, from "
             "--seed on (quick)");
}

}  // namespace

void add_study_layers(Command& study, Run& run) {
  Command* const command = study.add_subcommand(
      "layers", "What layers cost: linear layers, convolutions and ReLUs in a full factorial");
  command->footer(kLayersExamples);
  const auto o = std::make_shared<LayersOptions>();
  add_option(
      *command, "--preset", o->preset,
      "Defaults of the other options: quick (two cores, a quarter of an hour), paper (its set-up)")
      ->capture_default_str();
  o->fields.emplace(*command, o->asked);
  o->fields->add("data");
  add_option(*command, "--data-dir", o->data_folder, "Folder in which data sets are looked for")
      ->type_name("DIR");
  add_factors(*command, *o);
  for (const char* name : {"image_size", "image_fit", "epochs", "limit", "validation", "augment",
                           "normalize", "shuffle", "batch", "weight_decay", "epsilon", "schedule",
                           "lr_factor", "seed", "threads", "device", "precision"}) {
    o->fields->add(name);
  }
  add_option(*command, "--probe-steps", o->probe_steps,
             "Steps of each trained net over which its layers' cost is profiled (5)");
  add_option(*command, "--meter", o->meter,
             "Where energy is measured: auto, none, or a source as in joule meter --help")
      ->capture_default_str();
  add_option(*command, "--idle", o->idle,
             "Seconds of idle power measured before each training, where there is a meter (2); 0: "
             "no energy above idle");
  add_option(*command, "--name", o->name, "Name of the study in its storage")
      ->capture_default_str();
  add_option(*command, "--markdown", o->markdown,
             "Also write table.md to F.md, with its pictures in the folder F")
      ->type_name("F.md");
  o->run.emplace(*command, "runs/layers");
  command->callback([o, &run] { run = [o] { return study_layers(*o); }; });
}

}  // namespace joule::cli
