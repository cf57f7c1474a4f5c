// SPDX-License-Identifier: MIT
#include "joule/evolution/genotype.h"

#include <algorithm>
#include <set>
#include <span>

#include "joule/core/error.h"

namespace joule::evolution {
namespace {

const Alternative& chosen(const Production& production, const Codon& codon) {
  const auto count = static_cast<std::int64_t>(production.alternatives.size());
  require(codon.alternative >= 0 && codon.alternative < count, "genes: <", production.name,
          "> has the alternatives 0 to ", count - 1, ", got ", codon.alternative);
  return production.alternatives[static_cast<std::size_t>(codon.alternative)];
}

std::size_t numbers_in(const Alternative& alternative) {
  return static_cast<std::size_t>(
      std::ranges::count(alternative, Symbol::Kind::number, &Symbol::kind));
}

/// A derivation that takes what is there and draws the rest.
class Completion {
 public:
  Completion(const Genes& given, const Grammar& grammar, const Bounds& bounds, Draws& draws)
      : given_(given), grammar_(grammar), bounds_(bounds), draws_(draws) {}

  void expand(const std::string& name) {
    const Production& production = grammar_.production(name);
    Codon codon = next(production);
    const Alternative& alternative = chosen(production, codon);
    fill(codon, alternative);
    result_[name].push_back(codon);
    for (const Symbol& symbol : alternative) {
      if (symbol.kind == Symbol::Kind::non_terminal) expand(symbol.name);
    }
  }
  Genes result() && { return std::move(result_); }

 private:
  Codon next(const Production& production) {
    const auto found = given_.find(production.name);
    const std::size_t taken = result_[production.name].size();
    if (found != given_.end() && taken < found->second.size()) return found->second[taken];
    return {.alternative = static_cast<std::int64_t>(draws_.below(production.alternatives.size()))};
  }

  void fill(Codon& codon, const Alternative& alternative) {
    codon.numbers.resize(numbers_in(alternative));
    auto numbers = codon.numbers.begin();
    for (const Symbol& symbol : alternative) {
      if (symbol.kind != Symbol::Kind::number) continue;
      const bool moves = !symbol.number.least || !symbol.number.most;
      if (numbers->empty() || (moves && !fault_of(symbol.number, *numbers, bounds_).empty())) {
        *numbers = draw_numbers(symbol.number, bounds_, draws_);
      }
      const std::string fault = fault_of(symbol.number, *numbers, bounds_);
      require(fault.empty(), "genes: ", fault);
      ++numbers;
    }
  }

  const Genes& given_;
  const Grammar& grammar_;
  const Bounds& bounds_;
  Draws& draws_;
  Genes result_;
};

/// A derivation of complete genes as words.
class Derivation {
 public:
  Derivation(const Genes& genes, const Grammar& grammar) : genes_(genes), grammar_(grammar) {}

  void expand(const std::string& name) {
    const auto found = genes_.find(name);
    const std::size_t at = taken_[name]++;
    require(found != genes_.end() && at < found->second.size(), "genes: they lack a codon of <",
            name, ">");
    const Codon& codon = found->second[at];
    const Alternative& alternative = chosen(grammar_.production(name), codon);
    require(codon.numbers.size() == numbers_in(alternative), "genes: a codon of <", name,
            "> lacks numbers");
    std::size_t number = 0;
    for (const Symbol& symbol : alternative) {
      if (symbol.kind == Symbol::Kind::non_terminal) {
        expand(symbol.name);
      } else {
        add(symbol.kind == Symbol::Kind::number ? symbol.name + ":" + texts(codon.numbers[number++])
                                                : to_text(symbol));
      }
    }
  }
  std::string text() && { return std::move(text_); }

 private:
  static std::string texts(const std::vector<double>& numbers) {
    std::string all;
    for (const double number : numbers) all += (all.empty() ? "" : ",") + number_text(number);
    return all;
  }
  void add(const std::string& word) { text_ += (text_.empty() ? "" : " ") + word; }

  const Genes& genes_;
  const Grammar& grammar_;
  std::map<std::string, std::size_t> taken_;
  std::string text_;
};

/// Of one layer and what it reads; `first` is the number of the module's first layer.
std::string layer_text(const Genotype& genotype, const Module& module, const PlacedLayer& placed,
                       const Grammar& grammar, std::int64_t first) {
  const auto genes = genotype.layers.find(placed.layer);
  require(genes != genotype.layers.end(), "genes: there is no layer ", placed.layer);
  std::string text = derived(genes->second, grammar, module.start);
  for (std::size_t i = 0; i < placed.inputs.size(); ++i) {
    const std::int64_t input = placed.inputs[i];
    text += str(i == 0 ? " input:" : ",", first + input);
  }
  return text;
}

std::string module_text(const Genotype& genotype, const Module& module, const Grammar& grammar,
                        std::int64_t first) {
  std::string text;
  for (const PlacedLayer& placed : module.layers) {
    text += (text.empty() ? "" : " ") + layer_text(genotype, module, placed, grammar, first);
  }
  return text;
}

void check_places(const Genotype& genotype, const Structure& structure) {
  std::map<std::int64_t, std::string> starts;
  for (const Module& module : genotype.modules) {
    structure.module(module.start);
    for (std::size_t i = 0; i < module.layers.size(); ++i) {
      const PlacedLayer& placed = module.layers[i];
      require(genotype.layers.contains(placed.layer), "genes: there is no layer ", placed.layer);
      const std::string& start = starts.try_emplace(placed.layer, module.start).first->second;
      require(start == module.start, "genes: layer ", placed.layer, " is of <", start, "> and of <",
              module.start, ">");
      require(!placed.inputs.empty(), "genes: layer ", i, " of a module reads nothing");
      const std::set<std::int64_t> once(placed.inputs.begin(), placed.inputs.end());
      require(once.size() == placed.inputs.size(), "genes: layer ", i,
              " of a module reads something twice");
      for (const std::int64_t input : placed.inputs) {
        require(input >= -1 && input < static_cast<std::int64_t>(i), "genes: layer ", i,
                " of a module can read -1 to ", static_cast<std::int64_t>(i) - 1, ", got ", input);
      }
    }
  }
}

}  // namespace

std::int64_t Genotype::layer_count() const {
  std::int64_t count = 0;
  for (const Module& module : modules) count += static_cast<std::int64_t>(module.layers.size());
  return count;
}

std::int64_t Genotype::unused_layer() const {
  return layers.empty() ? 0 : layers.rbegin()->first + 1;
}

Bounds bounds_of(const Genotype& genotype) {
  const auto last = static_cast<double>(genotype.layer_count() - 1);
  return {{"partition_point", {0, std::max(last, 0.0)}}};
}

void complete(Genes& genes, const Grammar& grammar, const std::string& start, const Bounds& bounds,
              Draws& draws) {
  Completion completion(genes, grammar, bounds, draws);
  completion.expand(start);
  genes = std::move(completion).result();
}

void complete(Genotype& genotype, const Grammar& grammar, const Structure& structure,
              Draws& draws) {
  check_places(genotype, structure);
  const Bounds bounds = bounds_of(genotype);
  std::set<std::int64_t> placed;
  for (const Module& module : genotype.modules) {
    for (const PlacedLayer& place : module.layers) {
      if (!placed.insert(place.layer).second) continue;
      complete(genotype.layers.at(place.layer), grammar, module.start, bounds, draws);
    }
  }
  std::erase_if(genotype.layers, [&](const auto& layer) { return !placed.contains(layer.first); });
  complete(genotype.output, grammar, structure.output, bounds, draws);
  std::erase_if(genotype.macros, [&](const auto& macro) {
    return std::ranges::count(structure.macros, macro.first) == 0;
  });
  for (const std::string& macro : structure.macros) {
    complete(genotype.macros[macro], grammar, macro, bounds, draws);
  }
}

std::string derived(const Genes& genes, const Grammar& grammar, const std::string& start) {
  Derivation derivation(genes, grammar);
  derivation.expand(start);
  return std::move(derivation).text();
}

std::string phenotype_of(const Genotype& genotype, const Grammar& grammar,
                         const Structure& structure) {
  std::string text;
  std::int64_t first = 0;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " | ") + part; };
  for (const Module& module : genotype.modules) {
    if (module.layers.empty()) continue;
    add(module_text(genotype, module, grammar, first));
    first += static_cast<std::int64_t>(module.layers.size());
  }
  add(str(derived(genotype.output, grammar, structure.output), " input:", first - 1));
  for (const std::string& macro : structure.macros) {
    const auto found = genotype.macros.find(macro);
    require(found != genotype.macros.end(), "genes: they lack <", macro, ">");
    add(derived(found->second, grammar, macro));
  }
  return text;
}

std::string phenotype_of(const Genotype& genotype, std::size_t module, const Grammar& grammar) {
  return module_text(genotype, genotype.modules.at(module), grammar, 0);
}

}  // namespace joule::evolution
