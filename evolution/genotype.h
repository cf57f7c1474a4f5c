// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "joule/evolution/draws.h"
#include "joule/evolution/grammar.h"
#include "joule/evolution/settings.h"

namespace joule::evolution {

/// Which alternative of a production was taken, and the numbers of its number symbols, in order.
struct Codon {
  std::int64_t alternative = 0;
  std::vector<std::vector<double>> numbers{};
  friend bool operator==(const Codon&, const Codon&) = default;
};

/// Per production its codons, in the order in which a derivation from left to right asks for them.
///
/// Source    Assuncao et al. 2017, "Towards the Evolution of Multi-Layered Neural Networks: A
///           Dynamic Structured Grammatical Evolution Approach" (DSGE).
using Genes = std::map<std::string, std::vector<Codon>>;

/// A place in a module, where a layer stands.
struct PlacedLayer {
  std::int64_t layer = 0;              // its number in Genotype::layers
  std::vector<std::int64_t> inputs{};  // places of the module; -1: what the module reads
  friend bool operator==(const PlacedLayer&, const PlacedLayer&) = default;
};

struct Module {
  std::string start;  // of the productions its layers are derived from
  std::vector<PlacedLayer> layers{};
  friend bool operator==(const Module&, const Module&) = default;
};

/// A net as evolution changes it.  Two places with the same layer number share the layer: what
/// changes it changes both.
struct Genotype {
  std::map<std::int64_t, Genes> layers{};
  std::vector<Module> modules{};
  Genes output{};
  std::map<std::string, Genes> macros{};  // by start

  /// Places of all modules: without the output.
  std::int64_t layer_count() const;
  /// A number that no layer has.
  std::int64_t unused_layer() const;
  friend bool operator==(const Genotype&, const Genotype&) = default;
};

/// The bounds that depend on the net: partition_point, from 0 to the last layer.
Bounds bounds_of(const Genotype& genotype);

/// What a derivation from <start> lacks is drawn and added, what it does not ask for is dropped.  A
/// number whose bounds are set at run time and which is outside them is drawn anew.
///
/// Errors    ArgumentError for a codon that the grammar cannot have: an alternative that is not
///           there, numbers outside their bounds.
void complete(Genes& genes, const Grammar& grammar, const std::string& start, const Bounds& bounds,
              Draws& draws);
/// The same of all parts of the net; layers that stand nowhere are dropped.
///
/// Errors    also ArgumentError for a place that reads what does not come before it, a layer that
///           is not there, one that stands in modules of two kinds, a module of no rule.
void complete(Genotype& genotype, const Grammar& grammar, const Structure& structure, Draws& draws);

/// "layer:conv out_channels:32 ...": the derivation of complete genes.
/// Errors    ArgumentError if they are not complete.
std::string derived(const Genes& genes, const Grammar& grammar, const std::string& start);

/// The phenotype as text: the modules, the output, the macros, with " | " between them.  Each layer
/// ends in "input:-1" or "input:0,2": the layers that it reads, counted through all modules; -1 is
/// the image.  A module without layers is not there.
///
/// Errors    ArgumentError if the genotype is not complete.
std::string phenotype_of(const Genotype& genotype, const Grammar& grammar,
                         const Structure& structure);
/// Of one module; inputs are counted within it, -1 is what it reads.
std::string phenotype_of(const Genotype& genotype, std::size_t module, const Grammar& grammar);

/// The inverse: a complete genotype with that phenotype, no layer shared.  Of alternatives that
/// derive the same text the first is taken.
///
/// Errors    ArgumentError that names the part and the first word that the grammar does not derive.
Genotype encode(const std::string& phenotype, const Grammar& grammar, const Structure& structure);
Module encode_module(const std::string& phenotype, const std::string& start, const Grammar& grammar,
                     Genotype& layers_go_to);

}  // namespace joule::evolution
