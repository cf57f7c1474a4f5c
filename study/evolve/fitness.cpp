// SPDX-License-Identifier: MIT
#include "joule/study/evolve/fitness.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/io/nearest.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kWatts = "W", kJoules = "J";

struct Metric {
  std::string_view name;
  std::vector<std::string> units;  // the first is meant unless another is said
};

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> all{
      {"accuracy", {""}}, {"loss", {""}},          {"power", {"W", "J"}}, {"joules", {"J"}},
      {"macs", {""}},     {"macs_executed", {""}}, {"parameters", {""}},  {"latency", {"s"}}};
  return all;
}

/// "power_1" -> power.
const Metric* metric_named(std::string_view name) {
  if (name.ends_with("_0") || name.ends_with("_1")) name.remove_suffix(2);
  const auto found = std::ranges::find(metrics(), name, &Metric::name);
  return found == metrics().end() ? nullptr : &*found;
}

/// Of one place in a document; every error starts with it.
class FitnessReader {
 public:
  explicit FitnessReader(std::string place) : place_(std::move(place)) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(str(place_, ": ", what));
  }
  void require_members(const ordered_json& json, const std::vector<std::string>& allowed) const {
    if (!json.is_object()) fail("expected an object, got " + dumped(json));
    for (const auto& [name, value] : json.items()) {
      if (std::ranges::count(allowed, name) == 0) {
        fail(str("there is no member '", name, "'", did_you_mean(name, allowed)));
      }
    }
  }
  std::string text(const ordered_json& json, const char* name) const {
    if (!json.contains(name)) fail(str("'", name, "' is missing"));
    if (!json[name].is_string()) fail(str("'", name, "' is ", dumped(json[name]), ", not a text"));
    return json[name].get<std::string>();
  }
  double number(const ordered_json& json, const char* name) const {
    if (!json[name].is_number()) {
      fail(str("'", name, "' is ", dumped(json[name]), ", not a number"));
    }
    return json[name].get<double>();
  }
  std::string metric(const ordered_json& json) const {
    const std::string name = text(json, "metric");
    if (!metric_named(name)) {
      fail(str("there is no metric '", name, "'", did_you_mean(name, fitness_metrics())));
    }
    return name;
  }
  FitnessReader at(const std::string& part) const { return FitnessReader(place_ + ": " + part); }

 private:
  std::string place_;
};

FitnessCondition condition_of(const FitnessReader& reader, const ordered_json& json) {
  reader.require_members(json, {"metric", "above", "below"});
  FitnessCondition condition{.metric = reader.metric(json), .above = json.contains("above")};
  if (condition.above == json.contains("below")) reader.fail("expected either 'above' or 'below'");
  condition.threshold = reader.number(json, condition.above ? "above" : "below");
  return condition;
}

FitnessTerm term_of(const FitnessReader& reader, const ordered_json& json) {
  reader.require_members(json, {"metric", "direction", "weight", "unit", "if"});
  FitnessTerm term{.metric = reader.metric(json)};
  if (json.contains("direction")) {
    const std::string direction = reader.text(json, "direction");
    if (direction != "maximise" && direction != "minimise") {
      reader.fail("'direction' is '" + direction + "'; expected maximise or minimise");
    }
    term.maximise = direction == "maximise";
  }
  if (json.contains("weight")) term.weight = reader.number(json, "weight");
  const std::vector<std::string>& units = metric_named(term.metric)->units;
  term.unit = json.contains("unit") ? reader.text(json, "unit") : units.front();
  if (std::ranges::count(units, term.unit) == 0) {
    reader.fail(str(term.metric, " cannot be in '", term.unit, "'; expected ",
                    units.size() > 1 ? units[0] + " or " + units[1] : "'" + units[0] + "'"));
  }
  if (!json.contains("if")) return term;
  if (!json["if"].is_array()) reader.fail("'if' is " + dumped(json["if"]) + ", not a list");
  for (const ordered_json& condition : json["if"]) {
    term.conditions.push_back(condition_of(reader.at("if"), condition));
  }
  return term;
}

ordered_json json_of(const FitnessTerm& term) {
  ordered_json json{{"metric", term.metric},
                    {"direction", term.maximise ? "maximise" : "minimise"},
                    {"weight", term.weight},
                    {"unit", term.unit}};
  for (const FitnessCondition& c : term.conditions) {
    json["if"].push_back({{"metric", c.metric}, {c.above ? "above" : "below", c.threshold}});
  }
  return json;
}

/// What the message of a term begins with.
std::string of_term(const Fitness& fitness, const FitnessTerm& term) {
  return str("fitness term ", &term - fitness.terms.data() + 1, ", ", term.metric, ": ");
}

bool holds(const FitnessCondition& condition, const std::vector<Value>& values) {
  const double number = *metric_of(values, condition.metric).number;
  return condition.above ? number > condition.threshold : number < condition.threshold;
}

}  // namespace

std::vector<std::string> fitness_metrics() {
  std::vector<std::string> names;
  for (const Metric& metric : metrics()) {
    for (const char* which : {"", "_0", "_1"}) names.push_back(str(metric.name, which));
  }
  return names;
}

Fitness parse_fitness(std::string_view json, const std::string& path) {
  const FitnessReader reader(path);
  if (const std::string fault = fault_of_json(json); !fault.empty()) reader.fail(fault);
  const ordered_json document = ordered_json::parse(json);
  reader.require_members(document, {"terms", "invalid"});
  Fitness fitness;
  if (document.contains("invalid")) fitness.invalid = reader.number(document, "invalid");
  if (!document.contains("terms") || !document["terms"].is_array() || document["terms"].empty()) {
    reader.fail("'terms' is to be a list of at least one term");
  }
  for (const ordered_json& term : document["terms"]) {
    fitness.terms.push_back(term_of(reader.at(str("term ", fitness.terms.size() + 1)), term));
  }
  return fitness;
}

std::string to_json(const Fitness& fitness) {
  ordered_json terms = ordered_json::array();
  for (const FitnessTerm& term : fitness.terms) terms.push_back(json_of(term));
  return ordered_json{{"terms", std::move(terms)}, {"invalid", fitness.invalid}}.dump();
}

std::string to_text(const Fitness& fitness) {
  std::string text;
  for (const FitnessTerm& term : fitness.terms) {
    const bool less = !text.empty() && term.weight < 0;
    if (!text.empty()) text += less ? " - " : " + ";
    const double size = less ? -term.weight : term.weight;
    const std::string weight =
        term.unit.empty() || term.maximise ? str(size) : str("(", size, " ", term.unit, ")");
    if (!term.maximise) {
      text += weight + " / " + term.metric;
    } else {
      text += size == 1 ? term.metric : weight + " " + term.metric;
    }
    std::string conditions;
    for (const FitnessCondition& c : term.conditions) {
      conditions += str(conditions.empty() ? " if " : " and ", c.metric, c.above ? " > " : " < ",
                        c.threshold);
    }
    text += conditions;
  }
  return text;
}

void check_power_units(const Fitness& fitness, bool watts) {
  for (const FitnessTerm& term : fitness.terms) {
    if (metric_named(term.metric)->name != "power") continue;
    const std::string_view told = watts ? kWatts : kJoules;
    require(term.unit == told, of_term(fitness, term),
            watts
                ? "a meter tells watts here, and the weight "
                : "no meter can be read here, so it is modelled joules per image, and the weight ",
            term.weight, " is for ", term.unit, "; give a weight with \"unit\": \"", told, "\"");
  }
}

const Value& metric_of(const std::vector<Value>& values, std::string_view metric) {
  const Value* why = nullptr;
  for (const Value& value : values) {
    if (value.name != metric) continue;
    if (value.number) return value;
    why = &value;
  }
  throw ArgumentError(str("the net has no ", metric, why ? ": " + why->reason : ""));
}

double fitness_of(const Fitness& fitness, const std::vector<Value>& values) {
  double sum = 0;
  for (const FitnessTerm& term : fitness.terms) {
    const auto held = [&](const FitnessCondition& c) { return holds(c, values); };
    if (!std::ranges::all_of(term.conditions, held)) continue;
    const Value& value = metric_of(values, term.metric);
    require(value.unit == term.unit, of_term(fitness, term), "it is in '", value.unit,
            "', and the weight ", term.weight, " is for '", term.unit, "'");
    require(term.maximise || *value.number > 0, of_term(fitness, term),
            "it is to be small, and is ", *value.number, ", which nothing can be divided by");
    sum += term.maximise ? term.weight * *value.number : term.weight / *value.number;
  }
  require(std::isfinite(sum), "the fitness is not finite: ", sum);
  return sum;
}

}  // namespace joule::study
