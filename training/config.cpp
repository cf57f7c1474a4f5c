// SPDX-License-Identifier: MIT
#include "joule/training/config.h"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <variant>

#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/io/json_text.h"
#include "joule/training/config_fields.h"
#include "joule/training/config_json.h"
#include "joule/training/lambda_control.h"
#include "joule/training/run/json_value.h"

namespace joule::training {
namespace {

using nlohmann::ordered_json;

/// An option that only some optimisers or schedules have must not be asked of the others.
void require_has(bool asked, bool has, const char* option, std::string_view of,
                 const std::string& other) {
  require(!asked || has, option, ": is an option of ", of, ", not of ", other);
}

void check_rule(const Config& c) {
  const bool keeps_velocity =
      c.optimizer == "sgd" || c.optimizer == "rmsprop" || c.optimizer == "lars";
  require_has(c.dampening > 0, c.optimizer == "sgd", "dampening", "sgd", c.optimizer);
  require(c.dampening == 0 || c.momentum > 0, "dampening: needs a momentum, got ", c.momentum);
  const bool adam = c.optimizer == "adam" || c.optimizer == "adamw";
  require_has(c.amsgrad == "on", adam, "amsgrad", "adam and adamw", c.optimizer);
  const Config defaults;
  require_has(c.beta1 != defaults.beta1, adam, "beta1", "adam and adamw", c.optimizer);
  require_has(c.beta2 != defaults.beta2, adam, "beta2", "adam and adamw", c.optimizer);
  require_has(c.epsilon != defaults.epsilon, adam || c.optimizer == "rmsprop", "epsilon",
              "adam, adamw and rmsprop", c.optimizer);
  require(c.beta1 == defaults.beta1 || c.cycle_momentum == "off",
          "beta1: cycle_momentum gives it, got ", c.beta1);
  require_has(c.centred == "on", c.optimizer == "rmsprop", "centred", "rmsprop", c.optimizer);
  require_has(c.alpha != defaults.alpha, c.optimizer == "rmsprop", "alpha", "rmsprop", c.optimizer);
  require_has(c.nesterov == "off", c.optimizer == "sgd", "nesterov", "sgd", c.optimizer);
  const bool lars = c.optimizer == "lars";
  require_has(c.lr_biases != defaults.lr_biases, lars, "lr_biases", "lars", c.optimizer);
  require_has(c.trust != defaults.trust, lars, "trust", "lars", c.optimizer);
  require(!lars || c.weight_decay_biases == "on",
          "weight_decay_biases: lars decays no biases, whatever it says, got off");
  require_has(c.cycle_momentum == "on", c.schedule == "one-cycle", "cycle_momentum",
              "the schedule one-cycle", c.schedule);
  require(c.cycle_momentum == "off" || !keeps_velocity || c.momentum > 0,
          "cycle_momentum: ", c.optimizer, " needs a momentum, got ", c.momentum);
}

/// What lambda is steered to, or that it is given.
void check_target(const Config& c) {
  const struct {
    const char* name;
    bool asked;
  } targets[] = {{"target_density", c.target_density > 0},
                 {"target_joules", c.target_joules > 0},
                 {"target_accuracy_loss", c.target_accuracy_loss > 0}};
  const char* first = nullptr;
  for (const auto& [name, asked] : targets) {
    if (!asked) continue;
    require(!first, name, ": lambda can be steered to one target, and there is ", first);
    first = name;
  }
  require(c.weights.empty() || c.normalize == "on",
          "normalize: the images are normalised as for the weights, got '", c.normalize, "'");
  require(c.reference.empty() || c.target_accuracy_loss > 0,
          "reference: is that of target_accuracy_loss, which is not given");
  if (!first) return;
  require(c.l0_lambda == 0, first, ": steers lambda, but l0_lambda gives it: ", c.l0_lambda);
  require(c.l0_warmup == 0, first, ": has a rise of lambda of its own, got l0_warmup ",
          c.l0_warmup);
  require(c.target_density > 0 || c.validation > 0, first,
          ": is measured on images that are held back, got validation 0");
  require(c.target_accuracy_loss == 0 || !c.reference.empty(),
          "target_accuracy_loss: needs the run that it is measured against, as reference");
}

ordered_json parsed(std::string_view text, const std::string& path) {
  if (const std::string fault = fault_of_json(text); !fault.empty()) {
    throw DataError(str(path, ": ", fault));
  }
  ordered_json json = ordered_json::parse(text);
  if (!json.is_object()) throw DataError(str(path, ": expected a JSON object"));
  return json;
}

/// A number or text that the field's member holds exactly, in its range.
void read_field(Config& config, const ConfigField& field, const ordered_json& json,
                const std::string& path) {
  try {
    std::visit([&](auto member) { read_exactly(json, config.*member); }, field.member);
  } catch (const nlohmann::json::exception&) {
    throw DataError(str(path, ": '", field.name, "' cannot be ", json.dump()));
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": '", field.name, "' ", error.what()));
  }
}

/// The model of a run whose net is a graph is the graph's name.
void check_field(const ConfigField& field, const Config& config) {
  if (field.name != "model" || config.net.empty()) field.check(config);
}

std::vector<std::string> read_fields(Config& config, const ordered_json& json,
                                     const std::string& path) {
  std::vector<std::string> names;
  try {
    for (const auto& [name, value] : json.items()) {
      read_field(config, config_field(name), value, path);
      names.push_back(name);
    }
    for (const std::string& name : names) check_field(config_field(name), config);
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
  return names;
}

/// What an earlier Joule did where its config.json has no such field.
void set_missing(Config& config, const ordered_json& json) {
  for (const ConfigField& field : config_fields()) {
    if (field.if_missing && !json.contains(field.name)) field.set(config, *field.if_missing);
  }
}

}  // namespace

void require_count(const char* option, std::int64_t count, std::int64_t most) {
  require(count >= 1, option, ": expected at least 1, got ", count);
  require(count <= most, option, ": expected at most ", most, ", got ", count);
}

void check(const Config& c) {
  for (const ConfigField& field : config_fields()) check_field(field, c);
  require(c.slices == 0 || std::has_single_bit(static_cast<std::uint64_t>(c.slices)),
          "slices: expected 0 or a power of two, got ", c.slices);
  require(c.slices <= c.batch, "slices: a batch of ", c.batch, " images cannot be cut into ",
          c.slices);
  check_rule(c);
  require(c.l0_cutoff == 0 || c.l0_cutoff >= 1,
          "l0_cutoff: must be 0 (the exact form) or at least 1, got ", c.l0_cutoff);
  check_target(c);
  require(c.validation > 0 || c.schedule != "plateau",
          "validation: the plateau schedule goes by the loss on images that are held back, got ",
          c.validation);
  require(c.warmup == 0 || c.schedule != "one-cycle",
          "warmup: the one-cycle schedule has a warm-up of its own, got ", c.warmup);
  require(c.device == "cuda" || c.precision != "tf32",
          "precision: the CPU has f32, and bf16 for weights, got '", c.precision, "'");
  require(c.device == "cpu" || c.algorithms == "direct",
          "algorithms: Winograd's are for the CPU, got '", c.algorithms, "' with device cuda");
  require(c.device == "cuda" || c.graph != "on", "graph: on the CPU there is nothing to capture");
  if (const std::string why = unavailable(device(c)); !why.empty()) {
    throw DeviceError(str("device: ", why, "; use cpu"));
  }
}

ordered_json json_of(const Config& config) {
  ordered_json json;
  for (const ConfigField& field : config_fields()) {
    std::visit([&](const auto& value) { json[field.name] = value; }, field.get(config));
  }
  return json;
}

std::string to_json(const Config& config) { return json_of(config).dump(2) + "\n"; }

std::vector<std::string> read_config(Config& config, std::string_view text,
                                     const std::string& path) {
  const ordered_json json = parsed(text, path);
  // All of a run, not some wishes: an earlier Joule's, if it lacks a field.
  const bool whole = std::ranges::all_of(config_fields(), [&](const ConfigField& field) {
    return field.may_be_missing || json.contains(field.name);
  });
  if (whole) set_missing(config, json);
  return read_fields(config, json, path);
}

Config parse_config(std::string_view text, const std::string& path) {
  const ordered_json json = parsed(text, path);
  for (const ConfigField& field : config_fields()) {
    if (!field.may_be_missing && !json.contains(field.name)) {
      throw DataError(str(path, ": '", field.name, "' is missing"));
    }
  }
  Config config;
  set_missing(config, json);
  read_fields(config, json, path);
  return config;
}

std::string differences(const Config& saved, const Config& asked) {
  const ordered_json before = json_of(saved), now = json_of(asked);
  std::string all;
  for (const ConfigField& field : config_fields()) {
    if (field.may_change || before[field.name] == now[field.name]) continue;
    if (!all.empty()) all += ", ";
    all += field.document ? str(field.name, " is another")
                          : str(field.name, " is ", before[field.name].dump(), ", got ",
                                now[field.name].dump());
  }
  return all;
}

bool is_penalised(const Config& config) {
  return config.l0_lambda > 0 || control_target(config).has_value();
}

Device device(const Config& config) { return config.device == "cuda" ? Device::cuda : Device::cpu; }

Precision precision(const Config& config) {
  return config.precision == "bf16"   ? Precision::bf16
         : config.precision == "tf32" ? Precision::tf32
                                      : Precision::f32;
}

Algorithms algorithms(const Config& config) {
  for (const Algorithms a : {Algorithms::winograd_2x2, Algorithms::winograd_4x4}) {
    if (config.algorithms == name(a)) return a;
  }
  return Algorithms::direct;
}

void set_execution(const Config& config) {
  context().deterministic = config.deterministic;
  context().precision = precision(config);
  context().algorithms = algorithms(config);
}

std::string products_in(const Config& config) {
  std::string text = config.precision;
  if (config.device == "cpu" && config.precision == "bf16") {
    text = "f32, weights rounded to bf16 by the implementations *_bf16_weights";
  }
  if (algorithms(config) != Algorithms::direct) {
    text += str(", convolutions also by ", config.algorithms);
  }
  return text;
}

TapLayers tap_layers(const Config& config) {
  return config.l0_layers == "all" ? TapLayers::all : TapLayers::relu;
}

L0Normalization l0_normalization(const Config& config) {
  return config.l0_normalization == "per-parameter" ? L0Normalization::per_parameter
                                                    : L0Normalization::per_layer_mean;
}

}  // namespace joule::training
