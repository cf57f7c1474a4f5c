// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "joule/evolution/archive.h"
#include "joule/evolution/individual.h"
#include "joule/evolution/settings.h"

// How individuals are created and mutated.  Pure functions: they draw from the sequence of (seed,
// id of the new individual).
namespace joule::evolution {

/// One module of each kind, with one of its initial numbers of layers.  With probability
/// initial_reuse, a layer is one that the module already has.  Each layer reads the previous one
/// and a random number of the levels_back - 1 places before it; output and macros are drawn.
///
/// Errors    ArgumentError if the grammar lacks one of the starts, or as complete(); or if id is
///           not from 0 to 2^32 - 1, as for mutate().
Individual random_individual(const Grammar& grammar, const Structure& structure, std::int64_t id,
                             std::uint64_t seed);

/// An individual with that phenotype: see encode().
Individual seed_individual(const std::string& phenotype, const Grammar& grammar,
                           const Structure& structure, std::int64_t id);

/// A mutated copy of `parent`, which is completed first.  In this order, each with its rate:
///   train_longer       one more slot of training time, resumed; nothing else happens
/// or else, with one slot from the beginning,
///   reuse_module       inserts one of the archive, drawn by 1 / power, at a uniform place
///   remove_module      but not the last one
///   per module, once or twice (drawn): add_layer at a uniform place (with reuse_layer one of the
///     module's, shared; else a drawn one), unless it has `most`; as often: remove_layer, unless it
///     has `least`; then per layer: dsge_layer; and except for the first: add_connection,
///     remove_connection (never that to the previous layer)
///   macro_layer        per macro
/// A partition point behind the last layer is then drawn again.  The history is that of the parent
/// plus these mutations.
///
/// Changes of genes (dsge_layer, macro_layer) change one codon: first all productions in the genes
/// are equally likely, then all their codons; if the codon has both, one of its numbers is twice as
/// likely to change as its alternative.  The alternative becomes another one with a different text.
/// A number becomes
///   redraw     another one of its range
///   gaussian   a float: itself + N(0, 0.15), clipped to its range; others: drawn in their range
///
/// Errors    as complete().
Individual mutate(const Individual& parent, std::int64_t id, std::int64_t generation,
                  const Grammar& grammar, const Settings& settings, const ModuleArchive& archive,
                  std::uint64_t seed);

/// Makes one such change; returns whether there was something to change.  The genes may lack codons
/// afterwards: see complete().
bool mutate_genes(Genes& genes, const Grammar& grammar, FloatMutation floats, const Bounds& bounds,
                  Draws& draws);

}  // namespace joule::evolution
