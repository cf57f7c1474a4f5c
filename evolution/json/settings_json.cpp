// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/evolution/json/json_reader.h"
#include "joule/evolution/rate_table.h"
#include "joule/evolution/settings.h"
#include "joule/io/nearest.h"

namespace joule::evolution {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFloats[] = {"redraw", "gaussian"};
constexpr const char* kMerges[] = {"sum", "concatenate"};

ordered_json json_of(const Structure& structure) {
  ordered_json modules = ordered_json::array();
  for (const ModuleRule& rule : structure.modules) {
    modules.push_back({{"start", rule.start},
                       {"initial", rule.initial},
                       {"least", rule.least},
                       {"most", rule.most},
                       {"levels_back", rule.levels_back}});
  }
  return {{"modules", modules},
          {"output", structure.output},
          {"macros", structure.macros},
          {"initial_reuse", structure.initial_reuse}};
}

ordered_json json_of(const Rates& rates) {
  ordered_json json;
  for (const auto& [name, rate] : kRates) json[std::string(name)] = rates.*rate;
  json["floats"] = kFloats[static_cast<std::size_t>(rates.floats)];
  return json;
}

ordered_json json_of(const NetRules& nets) {
  return {{"merge", kMerges[static_cast<std::size_t>(nets.merge)]},
          {"same_without_stride", nets.same_without_stride},
          {"skip_invalid_layers", nets.skip_invalid_layers},
          {"most_dropout", nets.most_dropout},
          {"most_parameters", nets.most_parameters},
          {"most_macs", nets.most_macs}};
}

std::vector<std::string> texts(const JsonReader& json) {
  std::vector<std::string> all;
  for (const JsonReader& each : json.elements()) all.push_back(each.text());
  return all;
}

/// The place of the text among two names.
template <class Choice>
Choice choice(const JsonReader& json, const char* const (&names)[2]) {
  const std::string text = json.text();
  json.checked([&] { require_one_of("the value", text, {names[0], names[1]}); });
  return static_cast<Choice>(text == names[1]);
}

ModuleRule module_rule(const JsonReader& json) {
  json.require_members({"start", "initial", "least", "most"}, {"levels_back"});
  ModuleRule rule{.start = json.member("start").text(),
                  .initial = json.member("initial").integers(),
                  .least = json.member("least").integer(),
                  .most = json.member("most").integer()};
  if (json.has("levels_back")) rule.levels_back = json.member("levels_back").integer();
  return rule;
}

void read(const JsonReader& json, Structure& structure) {
  json.require_members({}, {"modules", "output", "macros", "initial_reuse"});
  if (json.has("modules")) {
    structure.modules.clear();
    for (const JsonReader& each : json.member("modules").elements()) {
      structure.modules.push_back(module_rule(each));
    }
  }
  if (json.has("output")) structure.output = json.member("output").text();
  if (json.has("macros")) structure.macros = texts(json.member("macros"));
  if (json.has("initial_reuse")) structure.initial_reuse = json.member("initial_reuse").number();
}

void read(const JsonReader& json, Rates& rates) {
  std::vector<std::string> names{"floats"};
  for (const auto& [name, rate] : kRates) names.emplace_back(name);
  json.require_members({}, names);
  for (const auto& [name, rate] : kRates) {
    const std::string member(name);
    if (json.has(member.c_str())) rates.*rate = json.member(member.c_str()).number();
  }
  if (json.has("floats")) rates.floats = choice<FloatMutation>(json.member("floats"), kFloats);
  json.checked([&] { check_rates(rates); });
}

void read(const JsonReader& json, NetRules& nets) {
  json.require_members({}, {"merge", "same_without_stride", "skip_invalid_layers", "most_dropout",
                            "most_parameters", "most_macs"});
  if (json.has("merge")) nets.merge = choice<Merge>(json.member("merge"), kMerges);
  const auto flag = [&](const char* name, bool& into) {
    if (json.has(name)) into = json.member(name).flag();
  };
  const auto integer = [&](const char* name, std::int64_t& into) {
    if (json.has(name)) into = json.member(name).integer();
  };
  flag("same_without_stride", nets.same_without_stride);
  flag("skip_invalid_layers", nets.skip_invalid_layers);
  if (json.has("most_dropout")) nets.most_dropout = json.member("most_dropout").number();
  integer("most_parameters", nets.most_parameters);
  integer("most_macs", nets.most_macs);
}

}  // namespace

std::string to_json(const Settings& settings) {
  const ordered_json json{{"structure", json_of(settings.structure)},
                          {"rates", json_of(settings.rates)},
                          {"nets", json_of(settings.nets)}};
  return json.dump(2) + "\n";
}

Settings parse_settings(std::string_view text, const std::string& path) {
  const ordered_json document = JsonReader::parsed(text, path);
  const JsonReader json(document, path);
  json.require_members({}, {"preset", "structure", "rates", "nets"});
  Settings settings = json.checked(
      [&] { return preset(json.has("preset") ? json.member("preset").text() : "energize"); });
  if (json.has("structure")) read(json.member("structure"), settings.structure);
  if (json.has("rates")) read(json.member("rates"), settings.rates);
  if (json.has("nets")) read(json.member("nets"), settings.nets);
  return settings;
}

}  // namespace joule::evolution
