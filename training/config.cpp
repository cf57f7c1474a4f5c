// SPDX-License-Identifier: MIT
#include "joule/training/config.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>

#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/core/threads.h"
#include "joule/io/json_text.h"
#include "joule/kernels/l0/l0.h"
#include "joule/training/run/json_value.h"

namespace joule::training {
namespace {

using nlohmann::ordered_json;

/// Calls visit(name, member) for each member: the one list that writing, reading and comparing
/// share.
template <class AnyConfig, class Visit>
void for_each_member(AnyConfig& c, Visit&& visit) {
  visit("model", c.model);
  visit("net", c.net);
  visit("data", c.data);
  visit("limit", c.limit);
  visit("validation", c.validation);
  visit("augment", c.augment);
  visit("epochs", c.epochs);
  visit("batch", c.batch);
  visit("optimizer", c.optimizer);
  visit("lr", c.lr);
  visit("momentum", c.momentum);
  visit("weight_decay", c.weight_decay);
  visit("weight_decay_biases", c.weight_decay_biases);
  visit("dampening", c.dampening);
  visit("amsgrad", c.amsgrad);
  visit("centred", c.centred);
  visit("cycle_momentum", c.cycle_momentum);
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

/// What tensors are multiplied with, in float32: a number that is none of its normal ones would be
/// 0 or infinity there.
void require_float32(const char* option, double value) {
  using Float = std::numeric_limits<float>;
  require(value == 0 || (std::abs(value) >= Float::min() && std::abs(value) <= Float::max()),
          option, ": its size must lie between ", Float::min(), " and ", Float::max(), ", got ",
          value);
}

void require_factor(const char* option, double value) {
  require(std::isfinite(value) && value >= 0, option, ": must not be negative, got ", value);
  require_float32(option, value);
}

void require_epochs(const char* option, double value) {
  require(std::isfinite(value) && value >= 0, option, ": must not be negative, got ", value);
  require(value <= kMaxEpochs, option, ": expected at most ", kMaxEpochs, " epochs, got ", value);
}

/// An option that only some optimisers or schedules have must not be asked of the others.
void require_has(bool asked, bool has, const char* option, std::string_view of,
                 const std::string& other) {
  require(!asked || has, option, ": is an option of ", of, ", not of ", other);
}

void check_rule(const Config& c) {
  const bool keeps_velocity = c.optimizer == "sgd" || c.optimizer == "rmsprop";
  require_one_of("weight_decay_biases", c.weight_decay_biases, {"on", "off"});
  require_one_of("amsgrad", c.amsgrad, {"on", "off"});
  require_one_of("centred", c.centred, {"on", "off"});
  require_one_of("cycle_momentum", c.cycle_momentum, {"on", "off"});
  require(c.dampening >= 0 && c.dampening <= 1, "dampening: must lie in [0, 1], got ", c.dampening);
  require_has(c.dampening > 0, c.optimizer == "sgd", "dampening", "sgd", c.optimizer);
  require(c.dampening == 0 || c.momentum > 0, "dampening: needs a momentum, got ", c.momentum);
  require_has(c.amsgrad == "on", c.optimizer == "adam" || c.optimizer == "adamw", "amsgrad",
              "adam and adamw", c.optimizer);
  require_has(c.centred == "on", c.optimizer == "rmsprop", "centred", "rmsprop", c.optimizer);
  require_has(c.cycle_momentum == "on", c.schedule == "one-cycle", "cycle_momentum",
              "the schedule one-cycle", c.schedule);
  require(c.cycle_momentum == "off" || !keeps_velocity || c.momentum > 0,
          "cycle_momentum: ", c.optimizer, " needs a momentum, got ", c.momentum);
}

}  // namespace

void require_count(const char* option, std::int64_t count, std::int64_t most) {
  require(count >= 1, option, ": expected at least 1, got ", count);
  require(count <= most, option, ": expected at most ", most, ", got ", count);
}

void check(const Config& c) {
  require(c.limit >= 0, "limit: must not be negative, got ", c.limit);
  require(c.validation >= 0 && c.validation < 1,
          "validation: expected a share from 0 to below 1, got ", c.validation);
  require(c.validation > 0 || c.schedule != "plateau",
          "validation: the plateau schedule goes by the loss on images that are held back, got ",
          c.validation);
  require_count("epochs", c.epochs, kMaxEpochs);
  require_count("batch", c.batch, kMaxBatch);
  require(c.threads >= 0, "threads: must not be negative, got ", c.threads);
  require(c.threads <= kMaxThreads, "threads: expected at most ", kMaxThreads, ", got ", c.threads);
  require(std::isfinite(c.lr) && c.lr > 0, "lr: must be positive, got ", c.lr);
  require_float32("lr", c.lr);
  require(c.momentum >= 0 && static_cast<float>(c.momentum) < 1,
          "momentum: must lie in [0, 1), got ", c.momentum);
  require_factor("weight_decay", c.weight_decay);
  require(c.lr_factor >= 0 && c.lr_factor < 1, "lr_factor: must lie in [0, 1), got ", c.lr_factor);
  require_epochs("warmup", c.warmup);
  require_factor("clip_norm", c.clip_norm);
  require_factor("l0_lambda", c.l0_lambda);
  require_epochs("l0_warmup", c.l0_warmup);
  require(c.l0_sigma >= kLeastSigma && c.l0_sigma <= kMostSigma, "l0_sigma: must be from ",
          kLeastSigma, " to ", kMostSigma, ", got ", c.l0_sigma);
  require_one_of("augment", c.augment, {"none", "flip", "crop", "crop-flip"});
  require_one_of("optimizer", c.optimizer, {"sgd", "adam", "adamw", "rmsprop"});
  require_one_of("schedule", c.schedule,
                 {"constant", "step", "exponential", "cosine", "one-cycle", "plateau"});
  check_rule(c);
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
  if (const std::string fault = fault_of_json(text); !fault.empty()) {
    throw DataError(str(path, ": ", fault));
  }
  const ordered_json json = ordered_json::parse(text);
  if (!json.is_object()) throw DataError(str(path, ": expected a JSON object"));
  Config config;
  std::size_t members = 0;
  for_each_member(config, [&](const char* name, auto& value) {
    const auto found = json.find(name);
    if (found == json.end() && std::string_view(name) == "net") return;  // of an earlier Joule
    if (found == json.end()) throw DataError(str(path, ": '", name, "' is missing"));
    try {
      read_exactly(*found, value);
    } catch (const nlohmann::json::exception&) {
      throw DataError(str(path, ": '", name, "' cannot be ", found->dump()));
    } catch (const ArgumentError& error) {
      throw DataError(str(path, ": '", name, "' ", error.what()));
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
    if (value != now[name] && name == "net") {
      all += str(all.empty() ? "" : ", ", "net is another graph");
    } else if (value != now[name]) {
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
