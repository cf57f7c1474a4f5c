// SPDX-License-Identifier: MIT
#include "joule/evolution/operators.h"

#include <algorithm>
#include <utility>

#include "joule/core/error.h"
#include "joule/evolution/places.h"

namespace joule::evolution {
namespace {

std::uint32_t part_of(std::int64_t id) {
  require(id >= 0 && id <= UINT32_MAX, "individual: expected an id from 0 to ", UINT32_MAX,
          ", got ", id);
  return static_cast<std::uint32_t>(id);
}

/// The state of one mutated copy under construction.
class Mutator {
 public:
  Mutator(Individual child, std::int64_t generation, const Grammar& grammar,
          const Settings& settings, const ModuleArchive& archive, Draws draws)
      : child_(std::move(child)),
        generation_(generation),
        grammar_(grammar),
        settings_(settings),
        archive_(archive),
        draws_(draws) {}

  Individual run() && {
    if (draws_.chance(rates().train_longer)) {
      ++child_.slots;
      child_.resumes = true;
      record("train_longer", {{"slots", std::to_string(child_.slots)}});
      return std::move(child_);
    }
    child_.slots = 1;
    child_.resumes = false;
    if (draws_.chance(rates().reuse_module)) reuse_module();
    if (draws_.chance(rates().remove_module)) remove_module();
    for (std::size_t m = 0; m < genotype().modules.size(); ++m) change_module(m);
    for (const std::string& macro : settings_.structure.macros) {
      if (draws_.chance(rates().macro_layer)) change_macro(macro);
    }
    finish();
    return std::move(child_);
  }

 private:
  using Data = std::map<std::string, std::string>;

  const Rates& rates() const { return settings_.rates; }
  Genotype& genotype() { return child_.genotype; }

  void record(std::string type, Data data) {
    child_.history.push_back({std::move(type), generation_, std::move(data)});
  }

  void reuse_module() {
    const ArchivedModule* const drawn = archive_.draw(draws_);
    if (!drawn) return;
    const std::size_t place = draws_.below(genotype().modules.size() + 1);
    insert(genotype(), *drawn, place);
    record("reuse_module", {{"module", std::to_string(place)}, {"phenotype", drawn->phenotype}});
  }

  void remove_module() {
    if (genotype().modules.size() <= 1) return;
    const std::size_t place = draws_.below(genotype().modules.size());
    genotype().modules.erase(genotype().modules.begin() + static_cast<std::ptrdiff_t>(place));
    record("remove_module", {{"module", std::to_string(place)}});
  }

  void change_module(std::size_t m) {
    const ModuleRule& rule = settings_.structure.module(genotype().modules[m].start);
    for (std::int64_t i = draws_.between(1, 2); i > 0; --i) {
      if (draws_.chance(rates().add_layer)) add_layer(m, rule);
    }
    for (std::int64_t i = draws_.between(1, 2); i > 0; --i) {
      if (draws_.chance(rates().remove_layer)) remove_layer(m, rule);
    }
    for (std::size_t place = 0; place < genotype().modules[m].layers.size(); ++place) {
      if (draws_.chance(rates().dsge_layer)) change_layer(m, place);
      if (place > 0 && draws_.chance(rates().add_connection)) add_connection(m, place, rule);
      if (place > 0 && draws_.chance(rates().remove_connection)) remove_connection(m, place);
    }
  }

  void add_layer(std::size_t m, const ModuleRule& rule) {
    Module& module = genotype().modules[m];
    const std::size_t count = module.layers.size();
    if (static_cast<std::int64_t>(count) >= rule.most) return;
    const bool reused = count > 0 && draws_.chance(rates().reuse_layer);
    std::int64_t layer = 0;
    if (reused) {
      layer = module.layers[draws_.below(count)].layer;
    } else {
      layer = genotype().unused_layer();
      complete(genotype().layers[layer], grammar_, module.start, {}, draws_);
    }
    const std::size_t place = draws_.below(count + 1);
    insert_layer(module, place, layer, rule.levels_back, draws_);
    record("add_layer", {{"module", std::to_string(m)},
                         {"place", std::to_string(place)},
                         {"reused", reused ? "true" : "false"},
                         {"is", text_of(module.start, layer)}});
  }

  void remove_layer(std::size_t m, const ModuleRule& rule) {
    Module& module = genotype().modules[m];
    if (module.layers.empty() || static_cast<std::int64_t>(module.layers.size()) <= rule.least) {
      return;
    }
    const std::size_t place = draws_.below(module.layers.size());
    record("remove_layer", {{"module", std::to_string(m)},
                            {"place", std::to_string(place)},
                            {"was", text_of(module.start, module.layers[place].layer)}});
    erase_layer(module, place);
  }

  void change_layer(std::size_t m, std::size_t place) {
    const std::string& start = genotype().modules[m].start;
    const std::int64_t layer = genotype().modules[m].layers[place].layer;
    std::string was = text_of(start, layer);
    Genes& genes = genotype().layers.at(layer);
    if (!mutate_genes(genes, grammar_, rates().floats, {}, draws_)) return;
    complete(genes, grammar_, start, {}, draws_);
    record("dsge_layer", {{"module", std::to_string(m)},
                          {"place", std::to_string(place)},
                          {"was", std::move(was)},
                          {"is", text_of(start, layer)}});
  }

  void add_connection(std::size_t m, std::size_t place, const ModuleRule& rule) {
    std::vector<std::int64_t>& inputs = genotype().modules[m].layers[place].inputs;
    std::vector<std::int64_t> possible = earlier_places(place, rule.levels_back);
    std::erase_if(possible, [&](std::int64_t at) { return std::ranges::count(inputs, at) > 0; });
    if (possible.empty()) return;
    inputs.push_back(possible[draws_.below(possible.size())]);
    record("add_connection", {{"module", std::to_string(m)},
                              {"place", std::to_string(place)},
                              {"input", std::to_string(inputs.back())}});
  }

  void remove_connection(std::size_t m, std::size_t place) {
    std::vector<std::int64_t>& inputs = genotype().modules[m].layers[place].inputs;
    std::vector<std::int64_t> possible = inputs;
    std::erase(possible, static_cast<std::int64_t>(place) - 1);
    if (possible.empty() || inputs.size() == 1) return;
    const std::int64_t removed = possible[draws_.below(possible.size())];
    std::erase(inputs, removed);
    record("remove_connection", {{"module", std::to_string(m)},
                                 {"place", std::to_string(place)},
                                 {"input", std::to_string(removed)}});
  }

  void change_macro(const std::string& macro) {
    Genes& genes = genotype().macros.at(macro);
    const Bounds bounds = bounds_of(genotype());
    Genes changed = genes;
    if (!mutate_genes(changed, grammar_, rates().floats, bounds, draws_)) return;
    complete(changed, grammar_, macro, bounds, draws_);
    record("macro_layer", {{"macro", macro},
                           {"was", derived(genes, grammar_, macro)},
                           {"is", derived(changed, grammar_, macro)}});
    genes = std::move(changed);
  }

  /// Layers that stand nowhere are dropped, and a partition point that the net has no more moves.
  void finish() {
    const std::map<std::string, Genes> before = genotype().macros;
    complete(genotype(), grammar_, settings_.structure, draws_);
    for (const std::string& macro : settings_.structure.macros) {
      const Genes& genes = genotype().macros.at(macro);
      if (genes == before.at(macro)) continue;
      record("macro_layer", {{"macro", macro},
                             {"forced", "true"},
                             {"was", derived(before.at(macro), grammar_, macro)},
                             {"is", derived(genes, grammar_, macro)}});
    }
  }

  std::string text_of(const std::string& start, std::int64_t layer) {
    return derived(genotype().layers.at(layer), grammar_, start);
  }

  Individual child_;
  std::int64_t generation_;
  const Grammar& grammar_;
  const Settings& settings_;
  const ModuleArchive& archive_;
  Draws draws_;
};

}  // namespace

Individual random_individual(const Grammar& grammar, const Structure& structure, std::int64_t id,
                             std::uint64_t seed) {
  Draws draws(seed, part_of(id));
  Individual individual{.id = id};
  Genotype& genotype = individual.genotype;
  for (const ModuleRule& rule : structure.modules) {
    Module module{.start = rule.start};
    const std::int64_t count = rule.initial.at(draws.below(rule.initial.size()));
    for (std::size_t place = 0; place < static_cast<std::size_t>(count); ++place) {
      std::int64_t layer = genotype.unused_layer();
      if (place > 0 && draws.chance(structure.initial_reuse)) {
        layer = module.layers[draws.below(place)].layer;
      } else {
        complete(genotype.layers[layer], grammar, rule.start, {}, draws);
      }
      insert_layer(module, place, layer, rule.levels_back, draws);
    }
    genotype.modules.push_back(std::move(module));
  }
  complete(genotype, grammar, structure, draws);
  return individual;
}

Individual seed_individual(const std::string& phenotype, const Grammar& grammar,
                           const Structure& structure, std::int64_t id) {
  return {.id = id, .genotype = encode(phenotype, grammar, structure)};
}

Individual mutate(const Individual& parent, std::int64_t id, std::int64_t generation,
                  const Grammar& grammar, const Settings& settings, const ModuleArchive& archive,
                  std::uint64_t seed) {
  Individual child = parent;
  child.id = id;
  child.parent = parent.id;
  Draws draws(seed, part_of(id));
  complete(child.genotype, grammar, settings.structure, draws);
  Mutator mutator(std::move(child), generation, grammar, settings, archive, draws);
  return std::move(mutator).run();
}

}  // namespace joule::evolution
