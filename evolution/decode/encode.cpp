// SPDX-License-Identifier: MIT
//
// From the text of a phenotype back to genes.
#include <algorithm>
#include <span>
#include <utility>

#include "joule/core/error.h"
#include "joule/evolution/decode/words.h"
#include "joule/evolution/genotype.h"
#include "joule/io/parse_number.h"

namespace joule::evolution {
namespace {

/// Finds the derivation of words from a production: tries the alternatives in their order, and goes
/// back where one does not lead to the end.
class DerivationSearch {
 public:
  DerivationSearch(const Grammar& grammar, const Bounds& bounds, std::span<const std::string> words)
      : grammar_(grammar), bounds_(bounds), words_(words) {}

  Genes genes_from(const std::string& start) {
    const Symbol symbol{.kind = Symbol::Kind::non_terminal, .name = start};
    const Pending first{&symbol, 0, nullptr};
    if (!derive(&first, 0)) fail(start);
    Genes genes;
    for (const auto& [name, codon] : trail_) genes[name].push_back(codon);
    return genes;
  }

 private:
  /// What is still to be derived: this symbol, of the codon with that number, and then the rest.
  struct Pending {
    const Symbol* symbol;
    std::size_t codon;
    const Pending* rest;
  };

  bool derive(const Pending* pending, std::size_t at) {
    if (!pending) {
      if (at < words_.size()) note(at, "nothing more is expected");
      return at == words_.size();
    }
    const Symbol& symbol = *pending->symbol;
    if (symbol.kind == Symbol::Kind::non_terminal) return expand(*pending, at);
    if (at == words_.size()) {
      note(at, str("expected ", to_text(symbol)));
      return false;
    }
    if (symbol.kind == Symbol::Kind::terminal) {
      if (words_[at] == to_text(symbol)) return derive(pending->rest, at + 1);
      note(at, str("expected ", to_text(symbol)));
      return false;
    }
    const std::vector<double> numbers = numbers_of(symbol.number, at);
    if (numbers.empty()) return false;
    auto& taken = trail_[pending->codon].second.numbers;
    taken.push_back(numbers);
    if (derive(pending->rest, at + 1)) return true;
    trail_[pending->codon].second.numbers.pop_back();
    return false;
  }

  bool expand(const Pending& pending, std::size_t at) {
    const Production& production = grammar_.production(pending.symbol->name);
    const std::size_t codon = trail_.size();
    for (std::size_t i = 0; i < production.alternatives.size(); ++i) {
      const Alternative& alternative = production.alternatives[i];
      trail_.emplace_back(production.name, Codon{.alternative = static_cast<std::int64_t>(i)});
      std::vector<Pending> symbols(alternative.size());
      const Pending* next = pending.rest;
      for (std::size_t s = alternative.size(); s-- > 0;) {
        symbols[s] = {&alternative[s], codon, next};
        next = &symbols[s];
      }
      if (derive(next, at)) return true;
      trail_.resize(codon);
    }
    return false;
  }

  /// Empty if the word is not that number.
  std::vector<double> numbers_of(const NumberRule& rule, std::size_t at) {
    const auto [name, value] = name_and_value(words_[at]);
    if (name != rule.name) {
      note(at, str("expected ", rule.name, ":number"));
      return {};
    }
    std::vector<double> numbers;
    std::string fault;
    try {
      for (std::size_t begin = 0; begin <= value.size();) {
        const std::size_t end = std::min(value.find(',', begin), value.size());
        numbers.push_back(parse_number<double>(name, value.substr(begin, end - begin)));
        begin = end + 1;
      }
      fault = fault_of(rule, numbers, bounds_);
    } catch (const ArgumentError& error) {
      fault = error.what();
    }
    if (fault.empty()) return numbers;
    note(at, fault);
    return {};
  }

  /// Why no derivation went further: of the furthest word the first reason.
  void note(std::size_t at, const std::string& why) {
    if (!why_.empty() && at <= furthest_) return;
    furthest_ = at;
    why_ = why;
  }
  [[noreturn]] void fail(const std::string& start) const {
    const std::string word = furthest_ < words_.size() ? "'" + words_[furthest_] + "'" : "the end";
    throw ArgumentError(str("phenotype: <", start, "> does not derive ", word, ": ", why_));
  }

  const Grammar& grammar_;
  const Bounds& bounds_;
  std::span<const std::string> words_;
  std::vector<std::pair<std::string, Codon>> trail_;
  std::size_t furthest_ = 0;
  std::string why_;
};

Genes genes_of(std::span<const std::string> words, const std::string& start, const Grammar& grammar,
               const Bounds& bounds) {
  return DerivationSearch(grammar, bounds, words).genes_from(start);
}

std::vector<std::int64_t> inputs_of(const std::string& word) {
  const auto [name, value] = name_and_value(word);
  Words alone;
  alone.set(word_of(name), name, value);
  return alone.integers(Word::inputs);
}

/// A part's layers: each from "layer:" to its "input:".
struct LayerSpan {
  std::vector<std::string> words;
  std::vector<std::int64_t> inputs;
};

std::vector<LayerSpan> layers_in(const std::string& part) {
  std::vector<LayerSpan> layers;
  std::vector<std::string> open;
  for (const std::string& word : words_in(part)) {
    if (!word.starts_with("input:")) {
      open.push_back(word);
      continue;
    }
    require(!open.empty(), "phenotype: '", word, "' follows no layer");
    layers.push_back({std::exchange(open, {}), inputs_of(word)});
  }
  require(open.empty(), "phenotype: the layer of '", open.empty() ? "" : open.front(),
          "' does not end in input:");
  return layers;
}

/// With the inputs counted within the module, whose first layer has number `first` in the net.
Module module_of(const std::vector<LayerSpan>& layers, std::int64_t first, const std::string& start,
                 const Grammar& grammar, Genotype& genotype) {
  Module module{.start = start};
  const std::int64_t number = genotype.unused_layer();
  std::vector<Genes> genes;
  for (const LayerSpan& layer : layers) {
    PlacedLayer placed{.layer = number + static_cast<std::int64_t>(genes.size())};
    for (const std::int64_t input : layer.inputs) {
      require(input >= first - 1, "phenotype: input:", input,
              " is of a module before the last one");
      placed.inputs.push_back(input - first);
    }
    genes.push_back(genes_of(layer.words, start, grammar, {}));
    module.layers.push_back(std::move(placed));
  }
  for (std::size_t i = 0; i < genes.size(); ++i) {
    genotype.layers[number + static_cast<std::int64_t>(i)] = std::move(genes[i]);
  }
  return module;
}

/// Of the first kind of module that derives all of its layers.
Module any_module_of(const std::vector<LayerSpan>& layers, std::int64_t first,
                     const Structure& structure, const Grammar& grammar, Genotype& genotype) {
  std::string why;
  for (const ModuleRule& rule : structure.modules) {
    try {
      return module_of(layers, first, rule.start, grammar, genotype);
    } catch (const ArgumentError& error) {
      why += (why.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  throw ArgumentError(why);
}

}  // namespace

Genotype encode(const std::string& phenotype, const Grammar& grammar, const Structure& structure) {
  const std::vector<std::string> parts = parts_of(phenotype);
  const std::size_t macros = structure.macros.size();
  require(parts.size() > macros, "phenotype: expected modules, an output and ", macros,
          " macros with '|' between them, got ", parts.size(), " parts");
  const std::size_t modules = parts.size() - macros - 1;
  Genotype genotype;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < modules; ++i) {
    const std::vector<LayerSpan> layers = layers_in(parts[i]);
    require(!layers.empty(), "phenotype: module ", i, " has no layer");
    genotype.modules.push_back(any_module_of(layers, first, structure, grammar, genotype));
    first += static_cast<std::int64_t>(layers.size());
  }
  const std::vector<LayerSpan> output = layers_in(parts[modules]);
  require(output.size() == 1 && output[0].inputs == std::vector{first - 1},
          "phenotype: expected one output, with input:", first - 1);
  genotype.output = genes_of(output[0].words, structure.output, grammar, {});
  const Bounds bounds = bounds_of(genotype);
  for (std::size_t i = 0; i < macros; ++i) {
    const std::string& start = structure.macros[i];
    genotype.macros[start] = genes_of(words_in(parts[modules + 1 + i]), start, grammar, bounds);
  }
  Draws none(0);  // nothing is missing
  complete(genotype, grammar, structure, none);
  return genotype;
}

Module encode_module(const std::string& phenotype, const std::string& start, const Grammar& grammar,
                     Genotype& layers_go_to) {
  return module_of(layers_in(phenotype), 0, start, grammar, layers_go_to);
}

}  // namespace joule::evolution
