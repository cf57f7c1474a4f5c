// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/cost_models.h"
#include "joule/cli/options/execution.h"
#include "joule/cli/options/model_and_data.h"
#include "joule/cli/options/option.h"
#include "joule/cli/output/energy_report.h"
#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/data/loader.h"
#include "joule/measure/subject.h"
#include "joule/training/config.h"
#include "joule/training/energy/dataset_energy.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule energy --model runs/first
      the test images that the net was made for, on the accelerator of the
      sponge papers, and beside it by Joule's zero-skip
  joule energy --model resnet18 --input 32x32x3 --classes 10 --relu-density 0.3
      an untrained net; three tenths of what each ReLU puts out are not zero
  joule energy --model runs/first --cost-model sponge-poisoning \
      --threshold-bits 16 --batch 1 --json
  joule energy --cost-models
      the cost models, their constants and sources
  joule energy --fit windows.json --out mine.json
      a cost model fitted to measured windows; then --cost-model mine.json

All energies here are modelled: counts of a real forward pass times the
constants of a cost model.)";

struct Options {
  std::string model, input, data, cost_model = "sponge", fit, out;
  std::optional<std::int64_t> classes;
  std::optional<double> relu_density, mac_picojoules;
  std::optional<int> threshold_bits;
  std::int64_t batch = training::kPublishedBatch, limit = 0;
  std::uint64_t seed = 1;
  bool list = false, json = false;
  measure::Normalization normalization{};
  Execution execution;
};

/// Calls run(images) with every batch: of the data set, or of standard normal values.
template <class OnBatch>
void for_each_batch(const Options& o, const measure::Subject& subject, OnBatch&& run) {
  if (subject.images) {
    const Dataset& all = *subject.images;
    const DataLoader loader(o.limit > 0 ? all.take(o.limit) : all,
                            {.batch = o.batch, .shuffle = false});
    for (const Batch& batch : loader) run(batch.images);
    return;
  }
  const ModelSpec& spec = subject.model.spec;
  const std::int64_t images = o.limit > 0 ? o.limit : o.batch;
  for (std::int64_t first = 0; first < images; first += o.batch) {
    const Tensor batch(
        {std::min(o.batch, images - first), spec.image.h, spec.image.w, spec.channels});
    default_generator().normal(
        {batch.mutable_data<float>(), static_cast<std::size_t>(batch.numel())});
    run(batch);
  }
}

int model_energy(const Options& o) {
  o.execution.apply();
  training::require_count("batch", o.batch, training::kMaxBatch);
  require(o.limit >= 0, "limit: must not be negative, got ", o.limit);
  const NamedCostModel model = find_cost_model(o.cost_model, o.mac_picojoules);
  const auto* const asic = std::get_if<energy::AsicModel>(&model);
  require(asic || !o.threshold_bits, "threshold-bits: to ", o.cost_model,
          " only an exact 0 is zero, it has no threshold");
  training::CountOptions counting{.threshold_bits = o.threshold_bits.value_or(32),
                                  .relu_density = o.relu_density};
  measure::Subject subject = measure::load_subject({.model = o.model,
                                                    .input = o.input,
                                                    .data = o.data,
                                                    .classes = o.classes,
                                                    .seed = o.seed,
                                                    .synthetic = o.relu_density.has_value(),
                                                    .synthetic_option = "--relu-density",
                                                    .normalization = o.normalization,
                                                    .device = o.execution.where()});
  EnergyReport report{.spec = subject.model.spec,
                      .source = source_of(model),
                      .relu_density = o.relu_density,
                      .seed = o.seed,
                      .batch = o.batch};
  if (subject.images) report.data = subject.images->name;
  if (asic) {
    counting.published = {.name = subject.model.spec.name};
    if (subject.images) {
      counting.published->mean = subject.images->mean;
      counting.published->deviation = subject.images->deviation;
    }
  }

  energy::Ledger ledger;
  std::optional<training::AsicEstimator> estimator;
  if (asic) estimator.emplace(*asic);
  for_each_batch(o, subject, [&](const Tensor& images) {
    const auto pass = training::count_pass(subject.model.net, images, counting, ledger);
    training::add(report.counts, pass);
    if (estimator) estimator->add(pass);
    report.images += images.dim(0);
    ++report.batches;
  });

  if (estimator) {
    report.threshold_bits = counting.threshold_bits;
    report.ratios = estimator->ratios();
    report.estimates.push_back(estimator->result());
  } else {
    const auto& linear = std::get<energy::CostModel>(model);
    report.estimates.push_back(training::estimate(linear, ledger, report.counts));
  }
  if (o.cost_model != energy::zero_skip().name) {
    report.estimates.push_back(training::estimate(energy::zero_skip(), ledger, report.counts));
  }
  if (o.json) {
    fmt::print("{}", to_json(report));
  } else {
    print(report);
  }
  return 0;
}

int energy_command(const Options& o) {
  const int tasks = !o.model.empty() + !o.fit.empty() + o.list;
  require(tasks == 1, "energy: give one of --model, --cost-models and --fit, got ",
          tasks == 0 ? "none" : "several");
  if (!o.model.empty()) return model_energy(o);
  if (o.list) {
    print_cost_models(o.json);
  } else {
    fit_cost_model(o.fit, o.out, o.json);
  }
  return 0;
}

}  // namespace

void add_energy(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("energy", "Model the energy of a net's inference by published constants");
  command->footer(kExamples);
  const auto o = std::make_shared<Options>();
  Option* const model =
      add_option(*command, "--model,model", o->model,
                 "Net by name or as data (F.json), folder of a run, a model.safetensors, or an "
                 "ONNX file")
          ->type_name("NAME|DIR|FILE");
  const auto of_model = [&](const char* name, auto& value, const char* help) {
    return add_option(*command, name, value, help)->needs(model);
  };
  of_model("--input", o->input, "Height, width and channels of an untrained net's images")
      ->type_name("HxWxC");
  of_model("--classes", o->classes, "Classes of an untrained net");
  add_normalization(*command, o->normalization);
  Option* const data =
      of_model("--data", o->data, "Data set (default: the one that the net was trained on)");
  of_model(
      "--relu-density", o->relu_density,
      "Synthetic activations with this share of non-zeros after each ReLU, instead of a data set's")
      ->excludes(data)
      ->type_name("R");
  of_model("--batch", o->batch, "Images per forward pass; they share one read of the parameters")
      ->capture_default_str();
  of_model("--limit", o->limit,
           "Use only the first N test images; 0: all, or one batch of synthetic ones");
  Option* const cost_model = of_model("--cost-model", o->cost_model,
                                      "Constants: a name that --cost-models shows, or a file")
                                 ->capture_default_str()
                                 ->type_name("NAME|FILE");
  add_old_name(*command, "--profile", cost_model, o->cost_model)->needs(model);
  of_model("--threshold-bits", o->threshold_bits,
           "Word width in bits below whose resolution a sponge cost model takes a value for zero: "
           "32 (default), 16, 8");
  of_model("--mac-picojoules", o->mac_picojoules,
           "Energy of a MAC in picojoules, for the relative cost model");
  of_model("--seed", o->seed, "Seed of untrained weights and synthetic activations")
      ->capture_default_str();
  auto* const list = command->add_flag("--cost-models", o->list,
                                       "List the cost models with constants and sources");
  add_old_name(*command, "--profiles", list, o->list);
  Option* const fit =
      add_option(*command, "--fit", o->fit, "Fit a cost model to these measured windows")
          ->type_name("WINDOWS.json");
  Option* const out = add_option(*command, "--out", o->out, "Where the fitted cost model goes")
                          ->type_name("FILE.json");
  fit->needs(out);
  out->needs(fit);
  command->add_flag("--json", o->json, "Print JSON");
  o->execution.add_to(*command);
  command->callback([o, &run] { run = [o] { return energy_command(*o); }; });
}

}  // namespace joule::cli
