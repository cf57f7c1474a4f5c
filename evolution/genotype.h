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

/// The alternative of a production that was taken, and the values of its number symbols, in order.
struct Codon {
  std::int64_t alternative = 0;
  std::vector<std::vector<double>> numbers{};
  friend bool operator==(const Codon&, const Codon&) = default;
};

/// The codons of each production, in the order in which a left-to-right derivation consumes them.
///
/// Source    Assuncao et al. 2017, "Towards the Evolution of Multi-Layered Neural Networks: A
///           Dynamic Structured Grammatical Evolution Approach" (DSGE).
using Genes = std::map<std::string, std::vector<Codon>>;

/// A layer at a place in a module.
struct PlacedLayer {
  std::int64_t layer = 0;              // its key in Genotype::layers
  std::vector<std::int64_t> inputs{};  // places in the module; -1: the module's input
  friend bool operator==(const PlacedLayer&, const PlacedLayer&) = default;
};

struct Module {
  std::string start;  // the non-terminal from which its layers are derived
  std::vector<PlacedLayer> layers{};
  friend bool operator==(const Module&, const Module&) = default;
};

/// A net in the form that evolution changes.  Two places with the same layer key share the layer: a
/// change affects both.
struct Genotype {
  std::map<std::int64_t, Genes> layers{};
  std::vector<Module> modules{};
  Genes output{};
  std::map<std::string, Genes> macros{};  // by start

  /// Places in all modules, without the output.
  std::int64_t layer_count() const;
  /// A key that no layer has.
  std::int64_t unused_layer() const;
  friend bool operator==(const Genotype&, const Genotype&) = default;
};

/// The bounds that depend on the net: partition_point, from 0 to the last layer.
Bounds bounds_of(const Genotype& genotype);

/// Draws and adds codons that a derivation from <start> lacks, and drops those that it does not
/// use.  A number outside bounds that are set at run time is drawn again.
///
/// Errors    ArgumentError for a codon that is invalid in the grammar: an unknown alternative, or
///           numbers outside their bounds.
void complete(Genes& genes, const Grammar& grammar, const std::string& start, const Bounds& bounds,
              Draws& draws);
/// The same for all parts of the net; drops layers that no place uses.
///
/// Errors    also ArgumentError for a place that reads from a later one, a missing layer, a layer
///           used in modules of two kinds, or a module without a rule.
void complete(Genotype& genotype, const Grammar& grammar, const Structure& structure, Draws& draws);

/// "layer:conv out_channels:32 ...": the derivation of complete genes.
/// Errors    ArgumentError if they are not complete.
std::string derived(const Genes& genes, const Grammar& grammar, const std::string& start);

/// The phenotype as text: the modules, the output, the macros, separated by " | ".  Each layer ends
/// in "input:-1" or "input:0,2": the layers that it reads, counted through all modules; -1 is the
/// image.  Modules without layers are omitted.
///
/// Errors    ArgumentError if the genotype is not complete.
std::string phenotype_of(const Genotype& genotype, const Grammar& grammar,
                         const Structure& structure);
/// For one module; inputs are counted within it, -1 is its input.
std::string phenotype_of(const Genotype& genotype, std::size_t module, const Grammar& grammar);

/// The inverse: a complete genotype with that phenotype, without shared layers.  If several
/// alternatives derive the same text, the first is taken.
///
/// Errors    ArgumentError that names the part and the first word that the grammar cannot derive.
Genotype encode(const std::string& phenotype, const Grammar& grammar, const Structure& structure);
Module encode_module(const std::string& phenotype, const std::string& start, const Grammar& grammar,
                     Genotype& layers_go_to);

}  // namespace joule::evolution
