// SPDX-License-Identifier: MIT
#include "joule/study/hpo/hpo_config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "joule/core/error.h"
#include "joule/io/input_file.h"
#include "joule/io/json_dump.h"
#include "joule/io/nearest.h"
#include "joule/search/pruners/pruner.h"
#include "joule/search/sampler.h"
#include "joule/study/json_members.h"
#include "joule/training/config_fields.h"
#include "joule/training/config_json.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;
using search::Dimension;
using training::ConfigField;

/// What the trials of a search must share, or what decides nothing.
const std::vector<std::string>& shared_fields() {
  static const std::vector<std::string> names{"net",        "data",      "image_cache",  "limit",
                                              "validation", "reference", "seed",         "graph",
                                              "threads",    "device",    "deterministic"};
  return names;
}

/// A 1 that an optimiser takes for a beta.
constexpr double kAlmostOne = 0.99999;

search::Space paper_space(bool all) {
  std::vector<Dimension> dimensions{{.name = "lr", .low = 1e-5, .high = 0.1},
                                    {.name = "beta1", .low = 0.1, .high = kAlmostOne},
                                    {.name = "beta2", .low = 0.8, .high = kAlmostOne}};
  if (all) {
    dimensions.push_back({.name = "epsilon", .low = 1e-9, .high = 1e-7});
    dimensions.push_back({.name = "weight_decay", .low = 0, .high = 0.1});
  }
  return search::Space(std::move(dimensions));
}

/// The fields of a number that has no fraction hold integers alone.
bool holds(const ConfigField& field, search::Kind kind) {
  return std::visit(
      [&](auto member) {
        using T = std::remove_cvref_t<decltype(training::Config().*member)>;
        if (kind == search::Kind::categorical) return true;
        if (kind == search::Kind::text) return false;
        if (std::is_same_v<T, std::string> || std::is_same_v<T, bool>) return false;
        return kind == search::Kind::integer || std::is_same_v<T, double>;
      },
      field.member);
}

void set_field(training::Config& config, const ConfigField& field,
               const search::PointValue& value) {
  if (const auto* const text = std::get_if<std::string>(&value)) {
    field.parse(config, *text);
  } else if (const auto* const whole = std::get_if<std::int64_t>(&value)) {
    field.parse(config, std::to_string(*whole));
  } else {
    field.set(config, std::get<double>(value));
  }
}

std::vector<search::PointValue> ends_of(const Dimension& d) {
  switch (d.kind) {
    case search::Kind::real:
      return {d.low, d.high};
    case search::Kind::integer:
      return {static_cast<std::int64_t>(d.low), static_cast<std::int64_t>(d.high)};
    case search::Kind::categorical:
    case search::Kind::text:
      break;
  }
  return {d.choices.begin(), d.choices.end()};
}

}  // namespace

std::vector<std::string> hpo_objectives() {
  return {std::string(kHpoAccuracy), std::string(kHpoJoules), std::string(kHpoWithinBudget),
          std::string(kHpoFront)};
}

std::vector<std::string> hpo_presets() { return {"quick", "paper"}; }

HpoConfig hpo_preset(std::string_view preset, const std::string& model) {
  require_one_of("preset", std::string(preset), hpo_presets());
  HpoConfig c{.preset = std::string(preset),
              .training = {.model = model,
                           .optimizer = "adam",
                           .lr = 1e-3,
                           .weight_decay = 0,
                           .schedule = "constant",
                           .deterministic = true}};
  if (preset == "quick") {
    c.training.limit = 6000;
    c.training.validation = 1.0 / 3;
    c.training.epochs = 3;
    return c;
  }
  c.training.validation = 0;
  c.training.normalize = c.training.shuffle = "off";
  c.training.epochs = 25;
  c.training.batch = 512;
  c.training.seed = 1234;
  c.rounds = 64;
  c.repeats = 8;
  c.ignored = {"beta2"};
  return c;
}

std::vector<std::string> hpo_strategies(std::string_view preset) {
  if (preset == "paper") return {"random", "grid", "gp-pi-paper"};
  return {"random", "tpe", "gp"};
}

search::Space hpo_space(const std::string& name) {
  if (name == "paper" || name == "paper-3") return paper_space(name == "paper");
  return search::parse_space(read_file(name), name);
}

void check_hpo_space(const search::Space& space, const training::Config& base) {
  require(space.size() > 0, "space: there is no dimension");
  for (const Dimension& d : space.dimensions()) {
    try {
      const ConfigField& field = training::config_field(d.name);
      require(std::ranges::count(shared_fields(), d.name) == 0, "all trials must share it");
      require(holds(field, d.kind), "is not to be ", name(d.kind), ", by what it holds");
      for (const search::PointValue& value : ends_of(d)) {
        training::Config config = base;
        set_field(config, field, value);
        field.check(config);
      }
    } catch (const ArgumentError& error) {
      throw ArgumentError(str("space: dimension '", d.name, "': ", error.what()));
    }
  }
  const auto point = search::make_sampler("random")->ask(space, {}, 0, 1);
  try {  // what fields ask of each other
    check(with_point(base, *point));
  } catch (const ArgumentError& error) {
    throw ArgumentError(str("space: at ", to_json(*point), ": ", error.what()));
  }
}

training::Config with_point(const training::Config& base, const search::Point& point,
                            const std::vector<std::string>& ignored) {
  training::Config config = base;
  for (const auto& [name, value] : point.entries()) {
    if (std::ranges::count(ignored, name) == 0) {
      set_field(config, training::config_field(name), value);
    }
  }
  return config;
}

void check(const HpoConfig& c) {
  check(c.training);
  require_one_of("objective", c.objective, hpo_objectives());
  const bool within = c.objective == kHpoWithinBudget;
  require(!within || c.budget_joules, "objective: ", c.objective,
          " needs --budget-joules, the joules of one training");
  require(within || !c.budget_joules, "budget-joules: is that of the objective ", kHpoWithinBudget,
          ", not of ", c.objective);
  require(!c.budget_joules || (std::isfinite(*c.budget_joules) && *c.budget_joules > 0),
          "budget-joules: expected a positive number of joules, got ", c.budget_joules.value_or(0));
  training::require_count("rounds", c.rounds, 100'000);
  training::require_count("repeats", c.repeats, 1000);
  training::require_count("repetition", c.repetition, 1000);
  std::vector<std::string> pruners;
  for (const std::string_view pruner : search::pruner_names()) pruners.emplace_back(pruner);
  require_one_of("pruner", c.pruner, pruners);
  for (const std::string& name : c.ignored) {
    require(training::config_field(name).name == name, "ignored: ", name);
  }
}

std::string to_json(const HpoConfig& c) {
  return dumped(ordered_json{
      {"preset", c.preset},
      {"training", json_of(c.training)},
      {"space_name", c.space_name},
      {"objective", c.objective},
      {"budget_joules", c.budget_joules ? ordered_json(*c.budget_joules) : ordered_json()},
      {"repeats", c.repeats},
      {"repetition", c.repetition},
      {"ignored", c.ignored},
      {"pruner", c.pruner},
      {"meter", c.meter}});
}

HpoConfig parse_hpo_config(std::string_view json, const std::string& path) {
  HpoConfig c;
  ordered_json training, budget;
  JsonMembers members(json, path);
  members.read("preset", c.preset);
  members.read("training", training);
  members.read("space_name", c.space_name);
  members.read("objective", c.objective);
  members.read("budget_joules", budget);
  members.read("repeats", c.repeats);
  members.read("repetition", c.repetition);
  members.read("ignored", c.ignored);
  members.read("pruner", c.pruner);
  members.read("meter", c.meter);
  members.require_no_other();
  c.training = training::parse_config(dumped(training), path);
  try {
    if (!budget.is_null()) {
      require(budget.is_number(), "budget_joules: expected a number, got ", dumped(budget));
      c.budget_joules = budget.get<double>();
    }
    check(c);
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
  return c;
}

}  // namespace joule::study
