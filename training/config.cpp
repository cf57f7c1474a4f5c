// SPDX-License-Identifier: MIT
#include "training/config.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "core/backend.h"
#include "core/error.h"
#include "core/threads.h"

namespace joule::training {
namespace {

using nlohmann::ordered_json;

/// Calls visit(name, member) for each member: the one list that writing, reading and comparing
/// share.
template <class AnyConfig, class Visit>
void for_each_member(AnyConfig& c, Visit&& visit) {
  visit("model", c.model);
  visit("data", c.data);
  visit("limit", c.limit);
  visit("augment", c.augment);
  visit("epochs", c.epochs);
  visit("batch", c.batch);
  visit("optimizer", c.optimizer);
  visit("lr", c.lr);
  visit("momentum", c.momentum);
  visit("weight_decay", c.weight_decay);
  visit("schedule", c.schedule);
  visit("lr_factor", c.lr_factor);
  visit("warmup", c.warmup);
  visit("clip_norm", c.clip_norm);
  visit("l0_lambda", c.l0_lambda);
  visit("l0_sigma", c.l0_sigma);
  visit("l0_layers", c.l0_layers);
  visit("l0_normalization", c.l0_normalization);
  visit("l0_warmup", c.l0_warmup);
  visit("seed", c.seed);
  visit("threads", c.threads);
  visit("device", c.device);
  visit("precision", c.precision);
  visit("graph", c.graph);
  visit("deterministic", c.deterministic);
}

ordered_json json_of(const Config& config) {
  ordered_json json;
  for_each_member(config, [&](const char* name, const auto& value) { json[name] = value; });
  return json;
}

void require_one_of(const char* option, const std::string& value,
                    std::initializer_list<const char*> choices) {
  std::string known;
  for (const char* choice : choices) {
    if (value == choice) return;
    known += str(known.empty() ? "" : ", ", choice);
  }
  throw ArgumentError(str(option, ": expected one of ", known, ", got '", value, "'"));
}

void require_not_negative(const char* option, double value) {
  require(std::isfinite(value) && value >= 0, option, ": must not be negative, got ", value);
}

}  // namespace

void check(const Config& c) {
  require(c.limit >= 0, "limit: must not be negative, got ", c.limit);
  require(c.epochs >= 1, "epochs: expected at least 1, got ", c.epochs);
  require(c.batch >= 1, "batch: expected at least 1, got ", c.batch);
  require(c.threads >= 0, "threads: must not be negative, got ", c.threads);
  require(c.threads <= kMaxThreads, "threads: expected at most ", kMaxThreads, ", got ", c.threads);
  require(std::isfinite(c.lr) && c.lr > 0, "lr: must be positive, got ", c.lr);
  require(c.momentum >= 0 && c.momentum < 1, "momentum: must lie in [0, 1), got ", c.momentum);
  require_not_negative("weight_decay", c.weight_decay);
  require(c.lr_factor >= 0 && c.lr_factor < 1, "lr_factor: must lie in [0, 1), got ", c.lr_factor);
  require_not_negative("warmup", c.warmup);
  require_not_negative("clip_norm", c.clip_norm);
  require_not_negative("l0_lambda", c.l0_lambda);
  require_not_negative("l0_warmup", c.l0_warmup);
  require(std::isfinite(c.l0_sigma) && c.l0_sigma > 0, "l0_sigma: must be positive, got ",
          c.l0_sigma);
  require_one_of("augment", c.augment, {"none", "flip", "crop", "crop-flip"});
  require_one_of("optimizer", c.optimizer, {"sgd", "adam", "adamw", "rmsprop"});
  require_one_of("schedule", c.schedule,
                 {"constant", "step", "exponential", "cosine", "one-cycle", "plateau"});
  require_one_of("l0_layers", c.l0_layers, {"relu", "all"});
  require_one_of("l0_normalization", c.l0_normalization, {"per-layer-mean", "per-parameter"});
  require_one_of("device", c.device, {"cpu", "cuda"});
  require(c.warmup == 0 || c.schedule != "one-cycle",
          "warmup: the one-cycle schedule has a warm-up of its own, got ", c.warmup);
  require_one_of("precision", c.precision, {"f32", "tf32", "bf16"});
  require(c.device == "cuda" || c.precision != "tf32",
          "precision: the CPU has f32, and bf16 for weights, got '", c.precision, "'");
  require_one_of("graph", c.graph, {"auto", "on", "off"});
  require(c.device == "cuda" || c.graph != "on", "graph: on the CPU there is nothing to capture");
  if (const std::string why = unavailable(device(c)); !why.empty()) {
    throw DeviceError(str("device: ", why, "; use cpu"));
  }
}

std::string to_json(const Config& config) { return json_of(config).dump(2) + "\n"; }

Config parse_config(std::string_view text, const std::string& path) {
  const ordered_json json = ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) throw DataError(str(path, ": expected a JSON object"));
  Config config;
  std::size_t members = 0;
  for_each_member(config, [&](const char* name, auto& value) {
    const auto found = json.find(name);
    if (found == json.end()) throw DataError(str(path, ": '", name, "' is missing"));
    try {
      found->get_to(value);
    } catch (const nlohmann::json::exception&) {
      throw DataError(str(path, ": '", name, "' cannot be ", found->dump()));
    }
    // The library rounds 2.5 to 2 and wraps -1 around.
    if (ordered_json(value) != *found) {
      throw DataError(str(path, ": '", name, "' cannot be ", found->dump()));
    }
    ++members;
  });
  if (json.size() != members) {
    const ordered_json known = json_of(config);
    for (const auto& [name, value] : json.items()) {
      if (!known.contains(name)) throw DataError(str(path, ": there is no '", name, "'"));
    }
  }
  return config;
}

std::string differences(const Config& saved, const Config& asked) {
  const ordered_json before = json_of(saved), now = json_of(asked);
  std::string all;
  for (const auto& [name, value] : before.items()) {
    if (value != now[name]) {
      all += str(all.empty() ? "" : ", ", name, " is ", value.dump(), ", got ", now[name].dump());
    }
  }
  return all;
}

Device device(const Config& config) { return config.device == "cuda" ? Device::cuda : Device::cpu; }

Precision precision(const Config& config) {
  return config.precision == "bf16"   ? Precision::bf16
         : config.precision == "tf32" ? Precision::tf32
                                      : Precision::f32;
}

std::string products_in(const Config& config) {
  if (config.device != "cpu" || config.precision != "bf16") return config.precision;
  return "f32, weights rounded to bf16 by the rows *_bf16_weights";
}

TapLayers tap_layers(const Config& config) {
  return config.l0_layers == "all" ? TapLayers::all : TapLayers::relu;
}

L0Normalization l0_normalization(const Config& config) {
  return config.l0_normalization == "per-parameter" ? L0Normalization::per_parameter
                                                    : L0Normalization::per_layer_mean;
}

}  // namespace joule::training
