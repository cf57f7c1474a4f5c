// SPDX-License-Identifier: MIT
#include "joule/evolution/settings.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "joule/core/error.h"
#include "joule/evolution/phenotype.h"
#include "joule/evolution/rate_table.h"
#include "joule/io/nearest.h"

namespace joule::evolution {
namespace {

Settings energize() {
  return {.structure = {.modules = {{.start = "features",
                                     .initial = {1, 2, 3, 4, 5},
                                     .least = 0,
                                     .most = 50,
                                     .levels_back = 1},
                                    {.start = "classification",
                                     .initial = {1, 2, 3, 4, 5},
                                     .least = 0,
                                     .most = 25,
                                     .levels_back = 1}},
                        .output = "softmax",
                        .macros = {"learning", "model_partition"},
                        .initial_reuse = 0.7},
          .rates = {.train_longer = 0.2,
                    .reuse_module = 0.15,
                    .remove_module = 0.25,
                    .add_layer = 0.25,
                    .reuse_layer = 0.15,
                    .remove_layer = 0.25,
                    .dsge_layer = 0.15,
                    .macro_layer = 0.3,
                    .floats = FloatMutation::redraw},
          .nets = {}};
}

Settings fast_denser() {
  return {.structure = {.modules = {{.start = "features",
                                     .initial = {2, 3, 4},
                                     .least = 1,
                                     .most = 30,
                                     .levels_back = 1},
                                    {.start = "classification",
                                     .initial = {1},
                                     .least = 1,
                                     .most = 10,
                                     .levels_back = 1}},
                        .output = "softmax",
                        .macros = {"learning"},
                        .initial_reuse = 0.15},
          .rates = {.train_longer = 0.2,
                    .add_layer = 0.25,
                    .reuse_layer = 0.15,
                    .remove_layer = 0.25,
                    .dsge_layer = 0.15,
                    .macro_layer = 0.3,
                    .floats = FloatMutation::gaussian},
          .nets = {.merge = Merge::concatenate,
                   .same_without_stride = false,
                   .skip_invalid_layers = true,
                   .most_dropout = 0.5}};
}

void check_symbol(const Symbol& symbol) {
  if (symbol.kind == Symbol::Kind::terminal) check_word(symbol.name, symbol.value);
  if (symbol.kind != Symbol::Kind::number) return;
  check_word(symbol.name, {});
  const bool moves = !symbol.number.least || !symbol.number.most;
  require(!moves || symbol.name == "partition_point", "grammar: a bound of ", symbol.name,
          " is '_', which is set for a partition_point alone");
  require(symbol.number.count == 1, "grammar: ", symbol.name,
          ": a layer or optimiser has one such number, not ", symbol.number.count);
}

void check_structure(const Structure& structure) {
  require(!structure.modules.empty(), "settings: there is no kind of module");
  std::set<std::string> starts;
  for (const ModuleRule& rule : structure.modules) {
    require(starts.insert(rule.start).second, "settings: two kinds of modules start at <",
            rule.start, ">");
    require(rule.least >= 0 && rule.least <= rule.most, "settings: <", rule.start,
            ">: expected 0 <= least <= most, got ", rule.least, " and ", rule.most);
    require(!rule.initial.empty(), "settings: <", rule.start, "> has no initial number of layers");
    for (const std::int64_t count : rule.initial) {
      require(count >= rule.least && count <= rule.most, "settings: <", rule.start,
              ">: expected an initial number of layers from ", rule.least, " to ", rule.most,
              ", got ", count);
    }
    require(rule.levels_back >= 1, "settings: <", rule.start, ">: levels_back: expected at least ",
            1, ", got ", rule.levels_back);
  }
  require(std::set<std::string>(structure.macros.begin(), structure.macros.end()).size() ==
              structure.macros.size(),
          "settings: a macro is there twice");
  require(std::ranges::count(structure.macros, "learning") == 1,
          "settings: there is no macro 'learning'");
}

}  // namespace

const ModuleRule& Structure::module(std::string_view start) const {
  const auto found = std::ranges::find(modules, start, &ModuleRule::start);
  require(found != modules.end(), "settings: there is no kind of module that starts at <", start,
          ">");
  return *found;
}

std::vector<std::string> preset_names() { return {"energize", "fast-denser"}; }

Settings preset(std::string_view name) {
  require_one_of("preset", name, preset_names());
  return name == "energize" ? energize() : fast_denser();
}

void check_rates(const Rates& rates) {
  for (const auto& [name, rate] : kRates) {
    const double value = rates.*rate;
    require(value >= 0 && value <= 1, "settings: ", name, ": expected a probability, got ", value);
  }
}

void check_words(const Grammar& grammar) {
  for (const Production& production : grammar.productions) {
    for (const Alternative& alternative : production.alternatives) {
      for (const Symbol& symbol : alternative) check_symbol(symbol);
    }
  }
}

void check(const Settings& settings, const Grammar& grammar) {
  check_structure(settings.structure);
  check_rates(settings.rates);
  const double reuse = settings.structure.initial_reuse;
  require(reuse >= 0 && reuse <= 1, "settings: initial_reuse: expected a probability, got ", reuse);
  const NetRules& nets = settings.nets;
  require(nets.most_dropout >= 0 && nets.most_dropout <= 1,
          "settings: most_dropout: expected a probability, got ", nets.most_dropout);
  require(nets.most_parameters >= 1 && nets.most_macs >= 1,
          "settings: expected limits of at least 1, got ", nets.most_parameters, " and ",
          nets.most_macs);
  for (const ModuleRule& rule : settings.structure.modules) grammar.production(rule.start);
  grammar.production(settings.structure.output);
  for (const std::string& macro : settings.structure.macros) grammar.production(macro);
  check_words(grammar);
}

}  // namespace joule::evolution
