// SPDX-License-Identifier: MIT
#include "joule/study/eat/eat_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/study/json_members.h"
#include "joule/training/config_fields.h"
#include "joule/training/config_json.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;

EatConfig quick(const std::string& model) {
  EatConfig c{.preset = "quick",
              .training = {.model = model, .epochs = 2, .lr = 0.1, .l0_warmup = 0.5},
              .lambdas = {0.5, 1, 2, 4},
              .sigmas = {1e-2, 1e-4, 1e-6}};
  if (model != "small-cnn" && model != "lenet5" && model != "simple-cnn") {
    // A net of a hundred times the work: a tenth of the images, and one sigma, as the paper finds
    // the result stable in it.
    c.training.limit = 6000;
    c.training.epochs = 4;
    c.sigmas = {1e-4};
    c.seeds = 1;
    c.timing_images = 64;
  }
  return c;
}

EatConfig paper(const std::string& model) {
  return {.preset = "paper",
          .training = {.model = model,
                       .data = "cifar-10",
                       .validation = 0,
                       .augment = "crop-flip",
                       .epochs = 100,
                       .batch = 512,
                       .lr = 0.1,
                       .schedule = "exponential",
                       .lr_factor = 0.95,
                       .l0_cutoff = 0,
                       .l0_layers = "all"},
          .lambdas = {0.1, 0.5, 1, 2.5, 5, 10},
          .sigmas = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8},
          .seeds = 1};
}

void check_list(const char* what, const char* field, const std::vector<double>& values) {
  require(!values.empty(), what, ": the sweep needs at least one");
  for (std::size_t i = 0; i < values.size(); ++i) {
    training::Config config;
    training::config_field(field).set(config, values[i]);
    training::config_field(field).check(config);
    require(std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) ==
                values.begin() + static_cast<std::ptrdiff_t>(i),
            what, ": ", values[i], " is there twice");
  }
}

}  // namespace

std::vector<std::string> eat_presets() { return {"quick", "paper"}; }

EatConfig eat_preset(std::string_view preset, const std::string& model) {
  require_one_of("preset", std::string(preset), eat_presets());
  EatConfig config = preset == "quick" ? quick(model) : paper(model);
  // The same figures for any number of workers, among which the processors are divided.
  config.training.deterministic = true;
  return config;
}

void check(const EatConfig& c) {
  check(c.training);
  require(c.training.l0_lambda == 0, "l0_lambda: the sweep sets it, got ", c.training.l0_lambda);
  check_list("lambda", "l0_lambda", c.lambdas);
  for (const double lambda : c.lambdas) {
    require(lambda > 0, "lambda: expected above 0 (standard training is always there), got ",
            lambda);
  }
  check_list("sigma", "l0_sigma", c.sigmas);
  training::require_count("seeds", c.seeds, 1000);
  training::require_count("asic_batch", c.asic_batch, training::kMaxBatch);
  training::require_count("timing_images", c.timing_images, training::kMaxBatch);
  require(c.timing_rounds >= 3 && c.timing_rounds <= 1000,
          "timing_rounds: expected from 3 to 1000, got ", c.timing_rounds);
}

std::string to_json(const EatConfig& c) {
  return dumped(ordered_json{{"preset", c.preset},
                             {"training", json_of(c.training)},
                             {"lambdas", c.lambdas},
                             {"sigmas", c.sigmas},
                             {"seeds", c.seeds},
                             {"asic_batch", c.asic_batch},
                             {"timing_images", c.timing_images},
                             {"timing_rounds", c.timing_rounds},
                             {"meter", c.meter}});
}

EatConfig parse_eat_config(std::string_view json, const std::string& path) {
  EatConfig c;
  ordered_json training;
  JsonMembers members(json, path);
  members.read("preset", c.preset);
  members.read("training", training);
  members.read("lambdas", c.lambdas);
  members.read("sigmas", c.sigmas);
  members.read("seeds", c.seeds);
  members.read("asic_batch", c.asic_batch);
  members.read("timing_images", c.timing_images);
  members.read("timing_rounds", c.timing_rounds);
  members.read("meter", c.meter);
  members.require_no_other();
  c.training = training::parse_config(dumped(training), path);
  try {
    check(c);
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
  return c;
}

}  // namespace joule::study
