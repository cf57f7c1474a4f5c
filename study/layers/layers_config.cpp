// SPDX-License-Identifier: MIT
#include "joule/study/layers/layers_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/models/models.h"
#include "joule/search/sampler.h"
#include "joule/study/json_members.h"
#include "joule/training/config_fields.h"
#include "joule/training/config_json.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;
using search::Interval;

constexpr std::int64_t kMostRepeats = 1000;
/// The largest number below 1 that is not 1 in float32, in which Adam computes.
constexpr double kMostBeta = 1 - 0x1p-24;

LayersConfig layers_quick() {
  LayersConfig c{.preset = "quick",
                 .training = {.limit = 30000, .epochs = 3, .batch = 128},
                 .repeats = 6,
                 .seeds = "each"};
  return c;
}

LayersConfig layers_paper() {
  LayersConfig c{
      .preset = "paper",
      .training = {
          .validation = 0, .normalize = "off", .shuffle = "off", .epochs = 25, .batch = 512}};
  return c;
}

template <class T>
void check_levels(const char* what, const std::vector<T>& levels) {
  require(!levels.empty(), what, ": expected at least one level");
  for (std::size_t i = 1; i < levels.size(); ++i) {
    require(levels[i - 1] != levels[i], what, ": ", levels[i], " is there twice");
  }
}

void check_counts(const char* what, const std::vector<std::int64_t>& levels, std::int64_t most) {
  check_levels(what, levels);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    training::require_count(what, levels[i], most);
    require(i == 0 || levels[i - 1] < levels[i], what, ": expected ascending levels, got ",
            levels[i], " after ", levels[i - 1]);
  }
}

void check_range(const char* field, const Interval& range, double most) {
  require(range.low <= range.high, field, ": expected LOW,HIGH with LOW <= HIGH, got ", range.low,
          " and ", range.high);
  for (const double end : {range.low, std::min(range.high, most)}) {
    training::Config config;
    training::config_field(field).set(config, end);
    training::config_field(field).check(config);
  }
}

void check_nets(const LayersConfig& c) {
  const std::vector<std::string> families{"simple-cnn", "dense-poly", "dense-linear"};
  check_levels("nets", c.nets);
  for (const std::string& net : c.nets) require_one_of("nets", net, families);
  require(std::ranges::count(c.nets, "simple-cnn") == 1,
          "nets: expected simple-cnn among them, which makes the factorial");
  for (const std::string& net : c.nets) {
    require(std::ranges::count(c.nets, net) == 1, "nets: ", net, " is there twice");
  }
  check_counts("linear", c.linear, kMostLinearLayers);
  check_counts("conv", c.conv, kMostConvBlocks);
  check_levels("relu", c.relu);
  for (const std::string& level : c.relu) require_one_of("relu", level, {"none", "each"});
  require(c.relu.size() == 1 || c.relu == std::vector<std::string>({"none", "each"}),
          "relu: expected none, each, or none,each");
  require(c.linear.size() > 1 || c.conv.size() > 1 || c.relu.size() > 1,
          "the factorial needs a factor with two levels, got one of linear, conv and relu each");
}

ordered_json layers_json(const Interval& range) { return {range.low, range.high}; }

Interval interval_of(const std::vector<double>& ends, const char* name, const std::string& path) {
  if (ends.size() != 2) throw DataError(str(path, ": '", name, "': expected two numbers"));
  return {ends[0], ends[1]};
}

}  // namespace

std::string LayersNet::model() const {
  if (!in_factorial()) return str(family, "-", linear);
  return str(family, "-", conv, "-", linear, relu ? "" : "-norelu");
}

std::string LayersNet::title() const {
  if (!in_factorial()) return str(family, ", linear ", linear);
  return str("linear ", linear, ", conv ", conv, ", ReLU ", relu ? "each" : "none");
}

std::vector<std::string> layers_presets() { return {"quick", "paper"}; }

LayersConfig layers_preset(std::string_view preset, const std::string& data) {
  require_one_of("preset", std::string(preset), layers_presets());
  LayersConfig c = preset == "quick" ? layers_quick() : layers_paper();
  c.nets = {"simple-cnn", "dense-poly", "dense-linear"};
  c.linear = {3, 7};
  c.conv = {1, 4};
  c.relu = {"none", "each"};
  c.training.model = "simple-cnn";
  c.training.data = data;
  c.training.optimizer = "adam";
  c.training.lr = 1e-3;  // of no trial
  c.training.weight_decay = 0;
  c.training.schedule = "constant";
  c.training.seed = 1234;
  // The same figures for any number of workers, among which the processors are divided.
  c.training.deterministic = true;
  return c;
}

void check(const LayersConfig& c) {
  check(c.training);
  require(c.training.optimizer == "adam" || c.training.optimizer == "adamw",
          "optimizer: expected adam or adamw, whose betas are drawn, got '", c.training.optimizer,
          "'");
  require(c.training.net.empty(), "net: the study makes its own nets");
  check_nets(c);
  training::require_count("repeats", c.repeats, kMostRepeats);
  training::require_count("probe_steps", c.probe_steps, 1000);
  check_range("lr", c.lr, c.lr.high);
  check_range("beta1", c.beta1, kMostBeta);
  check_range("beta2", c.beta2, kMostBeta);
  for (const auto& [name, range] : {std::pair("beta1", c.beta1), {"beta2", c.beta2}}) {
    require(range.high <= 1, name, ": expected at most 1, got ", range.high);
  }
  require_one_of("seeds", c.seeds, {"one", "each"});
  require(c.idle >= 0 && c.idle <= 3600, "idle: expected 0 to 3600 seconds, got ", c.idle);
}

std::vector<LayersNet> nets_of(const LayersConfig& config) {
  std::vector<LayersNet> nets;
  for (const std::int64_t linear : config.linear) {
    for (const std::int64_t conv : config.conv) {
      for (const std::string& relu : config.relu) {
        nets.push_back({.linear = linear, .conv = conv, .relu = relu == "each"});
      }
    }
  }
  for (const std::string& family : config.nets) {
    if (family == "simple-cnn") continue;
    for (const std::int64_t linear : config.linear) {
      nets.push_back({.family = family, .linear = linear});
    }
  }
  return nets;
}

std::vector<LayersDraw> draws_of(const LayersConfig& config) {
  const auto real = [](const char* name, const Interval& range) {
    return search::Dimension{
        .name = name, .kind = search::Kind::real, .low = range.low, .high = range.high};
  };
  const search::Space space(
      {real("lr", config.lr), real("beta1", config.beta1), real("beta2", config.beta2)});
  const auto random = search::make_sampler("random");
  std::vector<LayersDraw> draws;
  for (std::int64_t draw = 0; draw < config.repeats; ++draw) {
    const search::Point point = *random->ask(space, {}, draw, config.training.seed);
    draws.push_back({.lr = point.get<double>("lr"),
                     .beta1 = std::min(point.get<double>("beta1"), kMostBeta),
                     .beta2 = std::min(point.get<double>("beta2"), kMostBeta)});
  }
  return draws;
}

std::string to_json(const LayersConfig& c) {
  return dumped(ordered_json{{"preset", c.preset},
                             {"training", json_of(c.training)},
                             {"nets", c.nets},
                             {"linear", c.linear},
                             {"conv", c.conv},
                             {"relu", c.relu},
                             {"repeats", c.repeats},
                             {"lr", layers_json(c.lr)},
                             {"beta1", layers_json(c.beta1)},
                             {"beta2", layers_json(c.beta2)},
                             {"seeds", c.seeds},
                             {"probe_steps", c.probe_steps},
                             {"meter", c.meter},
                             {"idle", c.idle}});
}

LayersConfig parse_layers_config(std::string_view json, const std::string& path) {
  LayersConfig c;
  ordered_json training;
  std::vector<double> lr, beta1, beta2;
  JsonMembers members(json, path);
  members.read("preset", c.preset);
  members.read("training", training);
  members.read("nets", c.nets);
  members.read("linear", c.linear);
  members.read("conv", c.conv);
  members.read("relu", c.relu);
  members.read("repeats", c.repeats);
  members.read("lr", lr);
  members.read("beta1", beta1);
  members.read("beta2", beta2);
  members.read("seeds", c.seeds);
  members.read("probe_steps", c.probe_steps);
  members.read("meter", c.meter);
  members.read("idle", c.idle);
  members.require_no_other();
  c.lr = interval_of(lr, "lr", path);
  c.beta1 = interval_of(beta1, "beta1", path);
  c.beta2 = interval_of(beta2, "beta2", path);
  c.training = training::parse_config(dumped(training), path);
  try {
    check(c);
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
  return c;
}

}  // namespace joule::study
