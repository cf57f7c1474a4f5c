// SPDX-License-Identifier: MIT
#include "joule/layers/graph/kinds.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "joule/core/error.h"
#include "joule/layers/uninitialised.h"

namespace joule::nn {
namespace {

class Registry {
 public:
  Registry() {
    for (Kind& kind : built_in_kinds()) add(std::move(kind));
  }

  void add(Kind kind) {
    require(!kind.name.empty() && kind.make, "register_kind: a kind needs a name and make, got '",
            kind.name, "'");
    const std::lock_guard lock(mutex_);
    const std::string name = kind.name;
    require(kinds_.try_emplace(name, std::move(kind)).second, "register_kind: there is a kind '",
            name, "' already");
  }
  const Kind* find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = kinds_.find(name);
    return found == kinds_.end() ? nullptr : &found->second;
  }
  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, kind] : kinds_) names.push_back(name);
    return names;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Kind, std::less<>> kinds_;  // whose elements stay where they are
};

Registry& registry() {
  static Registry all;
  return all;
}

void check_range(const AttributeRule& rule, double value) {
  require(value >= rule.least && value <= rule.most, "attribute '", rule.name, "': expected from ",
          rule.least, " to ", rule.most, ", got ", value);
}

void check(const AttributeRule& rule, const Attribute& value) {
  require(value.index() == rule.preset.index(), "attribute '", rule.name, "': expected ",
          type_of(rule.preset), ", got ", type_of(value), ", ", to_text(value));
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    check_range(rule, static_cast<double>(*number));
  } else if (const auto* const real = std::get_if<double>(&value)) {
    check_range(rule, *real);
  } else if (const auto* const numbers = std::get_if<std::vector<std::int64_t>>(&value)) {
    require(rule.length == 0 || numbers->size() == rule.length, "attribute '", rule.name,
            "': expected ", rule.length, " numbers, got ", numbers->size());
    for (const std::int64_t each : *numbers) check_range(rule, static_cast<double>(each));
  } else if (const auto* const text = std::get_if<std::string>(&value); text) {
    std::string known;
    for (const std::string& choice : rule.choices) known += (known.empty() ? "" : ", ") + choice;
    require(rule.choices.empty() || std::ranges::count(rule.choices, *text) > 0, "attribute '",
            rule.name, "': expected one of ", known, ", got '", *text, "'");
  }
}

}  // namespace

void register_kind(Kind kind) { registry().add(std::move(kind)); }

const Kind* find_kind(std::string_view name) { return registry().find(name); }

std::vector<std::string> kind_names() { return registry().names(); }

const Kind& kind_of(std::string_view name) {
  const Kind* const kind = find_kind(name);
  if (!kind) {
    std::string known;
    for (const std::string& each : kind_names()) known += (known.empty() ? "" : ", ") + each;
    throw ArgumentError(str("there is no kind '", name, "'; there are ", known));
  }
  return *kind;
}

Attributes completed(const Kind& kind, const Attributes& attributes) {
  for (const auto& [name, value] : attributes.values()) {
    require(std::ranges::count(kind.attributes, name, &AttributeRule::name) > 0,
            "there is no attribute '", name, "'");
  }
  Attributes all;
  for (const AttributeRule& rule : kind.attributes) {
    const Attribute* const given = attributes.find(rule.name);
    require(given || !rule.required, "attribute '", rule.name, "' is missing");
    if (given) check(rule, *given);
    all.set(rule.name, given ? *given : rule.preset);
  }
  return all;
}

std::vector<WeightRule> weights_of(const Kind& kind, const Attributes& attributes) {
  if (kind.weights) return kind.weights(attributes);
  const UninitialisedWeights only_shapes_count;
  const std::shared_ptr<Module> module = kind.make(attributes);
  std::vector<WeightRule> weights;
  for (const auto& named : {module->parameters(), module->buffers()}) {
    for (const auto& [name, tensor] : named) weights.push_back({name, tensor.shape()});
  }
  return weights;
}

}  // namespace joule::nn
