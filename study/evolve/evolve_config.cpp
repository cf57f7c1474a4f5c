// SPDX-License-Identifier: MIT
#include "joule/study/evolve/evolve_config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/evolution/grammar.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/io/nearest.h"
#include "joule/training/config.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;

// The published fitness: accuracy_1 + weight / power_1 while accuracy_1 is in between.
constexpr double kLeastAccuracy = 0.7, kMostAccuracy = 0.9, kWeightOfWatts = 10;
/// For modelled joules per image: the cheapest nets of the quick preset take some 1.4 uJ, of which
/// the term is as large as the published one, 10 W / 71.92 W.
constexpr double kWeightOfJoules = 2e-7;
/// Of each MAC that is executed: a point of accuracy is worth 100,000.  Not the published form: the
/// MACs of a net have no floor, as its energy has in the image that it reads, and a weight over
/// them drives an evolution to nets of 90 MACs.
constexpr double kPriceOfAMac = 1e-7;

Fitness accuracy_alone(std::string metric) { return {.terms = {{.metric = std::move(metric)}}}; }

Fitness accuracy_and(FitnessTerm cheap) {
  cheap.maximise = false;
  cheap.conditions = {{"accuracy_1", true, kLeastAccuracy}, {"accuracy_1", false, kMostAccuracy}};
  return {.terms = {{.metric = "accuracy_1"}, std::move(cheap)}};
}

ordered_json json_of(const Criterion& c) {
  return {{"metric", c.metric}, {"direction", search::name(c.direction)}};
}

ordered_json document_of(const EvolveConfig& c) {
  ordered_json criteria = ordered_json::array();
  for (const Criterion& criterion : c.criteria) criteria.push_back(json_of(criterion));
  return {{"preset", c.preset},
          {"data", c.data},
          {"limit", c.limit},
          {"grammar", c.grammar},
          {"settings", ordered_json::parse(to_json(c.settings))},
          {"fitness", ordered_json::parse(to_json(c.fitness))},
          {"selection", c.selection},
          {"criteria", std::move(criteria)},
          {"lambda", c.lambda},
          {"retrain_parent", c.retrain_parent},
          {"training",
           {{"epochs", c.training.epochs},
            {"seconds", c.training.seconds},
            {"gradient_norm", c.training.gradient_norm},
            {"threads", c.training.threads},
            {"device", c.training.device},
            {"deterministic", c.training.deterministic},
            {"most_memory", c.training.most_memory}}},
          {"limits",
           {{"generations", c.limits.generations},
            {"seconds", c.limits.seconds},
            {"epochs", c.limits.epochs}}},
          {"meter", c.meter},
          {"passes", c.passes},
          {"module_seconds", c.module_seconds},
          {"archive", c.archive}};
}

/// Members of an object that has all that are asked for.
class EvolveReader {
 public:
  EvolveReader(const ordered_json& json, std::string place)
      : json_(json), place_(std::move(place)) {}

  template <class T>
  void read(const char* name, T& value) const {
    const ordered_json& member = json_.at(name);
    constexpr bool kWhole = std::is_same_v<T, std::int64_t>;
    const bool good = std::is_same_v<T, bool>          ? member.is_boolean()
                      : std::is_same_v<T, std::string> ? member.is_string()
                      : kWhole                         ? member.is_number_integer()
                                                       : member.is_number();
    if (!good) {
      throw DataError(str(place_, ": '", name, "' is ", dumped(member), ", of another type"));
    }
    value = member.get<T>();
  }

 private:
  const ordered_json& json_;
  std::string place_;
};

/// `given` over `whole`, which has every member that there may be; what a member that is no group
/// holds is taken as it is.
void overlay(ordered_json& whole, const ordered_json& given, const std::string& path) {
  if (!given.is_object()) throw DataError(path + ": expected an object, got " + dumped(given));
  std::vector<std::string> names;
  for (const auto& [name, value] : whole.items()) names.push_back(name);
  for (const auto& [name, value] : given.items()) {
    if (!whole.contains(name)) {
      throw DataError(str(path, ": there is no member '", name, "'", did_you_mean(name, names)));
    }
    const bool group = name == "training" || name == "limits";
    if (group) {
      overlay(whole[name], value, path + ": " + name);
    } else {
      whole[name] = value;
    }
  }
}

std::vector<Criterion> criteria_of(const ordered_json& json, const std::string& path) {
  if (!json.is_array()) throw DataError(path + ": 'criteria' is to be a list");
  std::vector<Criterion> criteria;
  for (const ordered_json& entry : json) {
    const std::string place = str(path, ": criterion ", criteria.size() + 1);
    ordered_json whole{{"metric", ""}, {"direction", "maximise"}};
    overlay(whole, entry, place);
    const EvolveReader reader(whole, place);
    Criterion criterion;
    std::string direction;
    reader.read("metric", criterion.metric);
    reader.read("direction", direction);
    criterion.direction = search::parse_direction(place, direction);
    criteria.push_back(std::move(criterion));
  }
  return criteria;
}

void check_count(const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
  require(value >= least && value <= most, name, ": expected ", least, " to ", most, ", got ",
          value);
}

void check_seconds(const char* name, double value) {
  require(std::isfinite(value) && value >= 0, name, ": expected at least 0 s, got ", value);
}

}  // namespace

std::vector<std::string> selection_names() {
  return {"fittest", "lexicase", "epsilon-lexicase", "nsga2"};
}

std::vector<std::string> evolve_presets() { return {"quick", "energize", "fast-denser"}; }

EvolveConfig evolve_preset(std::string_view preset) {
  require_one_of("preset", std::string(preset), evolve_presets());
  EvolveConfig c{.preset = std::string(preset)};
  const bool fast_denser = preset == "fast-denser";
  c.grammar = evolution::grammar_text(fast_denser ? "fast-denser" : "default");
  c.settings = evolution::preset(fast_denser ? "fast-denser" : "energize");
  c.fitness = accuracy_alone("accuracy");
  if (fast_denser) c.training.seconds = 600;
  if (preset == "energize") {
    c.fitness = accuracy_and({.metric = "power_1", .weight = kWeightOfWatts, .unit = "W"});
  }
  if (preset != "quick") return c;
  c.limit = 12'000;
  c.settings.nets.most_macs = 3'000'000;
  c.settings.nets.most_parameters = 1'000'000;
  c.training.seconds = 6;
  c.training.deterministic = false;
  c.retrain_parent = false;
  c.fitness = accuracy_alone("accuracy_0");
  c.limits.generations = 1000;
  return c;
}

std::vector<std::string> evolve_variants() {
  return {"accuracy", "published", "nsga2", "zero-aware"};
}

EvolveConfig with_variant(EvolveConfig c, std::string_view variant) {
  require_one_of("variants", std::string(variant), evolve_variants());
  c.selection = "fittest";
  c.criteria.clear();
  c.fitness = accuracy_alone("accuracy_1");
  if (variant == "published") {
    const bool watts = c.meter != "none";
    c.fitness = accuracy_and({.metric = "power_1",
                              .weight = watts ? kWeightOfWatts : kWeightOfJoules,
                              .unit = watts ? "W" : "J"});
  } else if (variant == "nsga2") {
    c.selection = "nsga2";
    c.criteria = {{"accuracy_1", search::Direction::maximise},
                  {"power_1", search::Direction::minimise}};
  } else if (variant == "zero-aware") {
    c.grammar = evolution::grammar_text("zero-aware");
    c.fitness.terms.push_back({.metric = "macs_executed_1", .weight = -kPriceOfAMac});
  }
  return c;
}

void check(const EvolveConfig& c) {
  check(c.settings, evolution::parse_grammar(c.grammar, "grammar"));
  require(!c.fitness.terms.empty(), "fitness: there is no term");
  require_one_of("selection", c.selection, selection_names());
  require(c.criteria.empty() == (c.selection == "fittest"), "criteria: the selection ", c.selection,
          c.criteria.empty() ? " needs some" : " has none");
  for (const Criterion& criterion : c.criteria) {
    require_one_of("criteria", criterion.metric, fitness_metrics());
  }
  check_count("limit", c.limit, 0, std::int64_t{1} << 40);
  check_count("lambda", c.lambda, 1, 10'000);
  check_count("training epochs", c.training.epochs, 0, training::kMaxEpochs);
  check_seconds("training seconds", c.training.seconds);
  require(c.training.epochs > 0 || c.training.seconds > 0,
          "training: expected epochs or seconds that a candidate may train");
  check_seconds("gradient_norm", c.training.gradient_norm);
  check_count("threads", c.training.threads, 0, 1024);
  require_one_of("device", c.training.device, {"cpu", "cuda"});
  check_count("most_memory", c.training.most_memory, 0, std::int64_t{1} << 30);
  check_count("generations", c.limits.generations, 0, 1'000'000);
  check_seconds("limits: seconds", c.limits.seconds);
  check_count("limits: epochs", c.limits.epochs, 0, std::int64_t{1} << 50);
  require(c.limits.generations > 0 || c.limits.seconds > 0 || c.limits.epochs > 0,
          "limits: expected generations, seconds or epochs after which the evolution ends");
  check_count("passes", c.passes, 2, 10'000);
  check_seconds("module_seconds", c.module_seconds);
  check_count("archive", c.archive, 1, 1'000'000);
}

std::string to_json(const EvolveConfig& config) { return document_of(config).dump(); }

EvolveConfig parse_evolve_config(std::string_view json, const std::string& path) {
  if (const std::string fault = fault_of_json(json); !fault.empty()) {
    throw DataError(path + ": " + fault);
  }
  const ordered_json given = ordered_json::parse(json);
  try {
    std::string preset = "quick";
    if (given.is_object() && given.contains("preset"))
      EvolveReader(given, path).read("preset", preset);
    EvolveConfig c = evolve_preset(preset);
    ordered_json whole = document_of(c);
    overlay(whole, given, path);
    const EvolveReader reader(whole, path);
    reader.read("data", c.data);
    reader.read("limit", c.limit);
    reader.read("grammar", c.grammar);
    c.settings = evolution::parse_settings(whole["settings"].dump(), path + ": settings");
    c.fitness = parse_fitness(whole["fitness"].dump(), path + ": fitness");
    reader.read("selection", c.selection);
    c.criteria = criteria_of(whole["criteria"], path);
    reader.read("lambda", c.lambda);
    reader.read("retrain_parent", c.retrain_parent);
    const EvolveReader training(whole["training"], path + ": training");
    training.read("epochs", c.training.epochs);
    training.read("seconds", c.training.seconds);
    training.read("gradient_norm", c.training.gradient_norm);
    training.read("threads", c.training.threads);
    training.read("device", c.training.device);
    training.read("deterministic", c.training.deterministic);
    training.read("most_memory", c.training.most_memory);
    const EvolveReader limits(whole["limits"], path + ": limits");
    limits.read("generations", c.limits.generations);
    limits.read("seconds", c.limits.seconds);
    limits.read("epochs", c.limits.epochs);
    reader.read("meter", c.meter);
    reader.read("passes", c.passes);
    reader.read("module_seconds", c.module_seconds);
    reader.read("archive", c.archive);
    check(c);
    return c;
  } catch (const ArgumentError& error) {
    throw DataError(path + ": " + error.what());
  }
}

}  // namespace joule::study
