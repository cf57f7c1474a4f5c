// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "joule/evolution/archive.h"
#include "joule/evolution/individual.h"
#include "joule/evolution/settings.h"

// How individuals begin and change.  Each is a pure function of its arguments: what it draws is the
// sequence of (seed, id of the individual that it makes).
namespace joule::evolution {

/// One module of each kind, with one of its initial numbers of layers, each of which is with
/// probability initial_reuse one that the module has already; each layer reads the one before it,
/// and so many drawn ones of the levels_back - 1 places before that; output and macros drawn.
///
/// Errors    ArgumentError if the grammar has not one of the starts, or as complete(); if id is not
///           from 0 to 2^32 - 1, as of mutate().
Individual random_individual(const Grammar& grammar, const Structure& structure, std::int64_t id,
                             std::uint64_t seed);

/// With that phenotype: see encode().
Individual seed_individual(const std::string& phenotype, const Grammar& grammar,
                           const Structure& structure, std::int64_t id);

/// A mutated copy of `parent`, which is completed first.  In this order, each with its rate:
///   train_longer       one slot of training time more, resumed; nothing else happens
/// or else, with one slot from the beginning,
///   reuse_module       one of the archive, drawn by 1 / power, is put at a uniform place
///   remove_module      not the last one
///   per module, once or twice (drawn): add_layer at a uniform place (with reuse_layer one of the
///     module's, shared; else a drawn one), unless it has `most`; as often: remove_layer, unless it
///     has `least`; then per layer: dsge_layer; but of the first: add_connection,
///     remove_connection (never that to the layer before)
///   macro_layer        per macro
/// A partition point behind the last layer is then drawn anew.  The history is that of the parent
/// and what happened.
///
/// Changes of genes (dsge_layer, macro_layer) take one codon, all productions that the genes have
/// alike and then all their codons alike; twice as often one of its numbers than its alternative,
/// where there are both.  The alternative becomes another one that says something else.  A number
/// becomes
///   redraw     another one of its range
///   gaussian   a float: itself + N(0, 0.15), clipped to its range; others: drawn in their range
///
/// Errors    as complete().
Individual mutate(const Individual& parent, std::int64_t id, std::int64_t generation,
                  const Grammar& grammar, const Settings& settings, const ModuleArchive& archive,
                  std::uint64_t seed);

/// One change of genes as above; whether there was something to change.  They may lack codons
/// afterwards, see complete().
bool mutate_genes(Genes& genes, const Grammar& grammar, FloatMutation floats, const Bounds& bounds,
                  Draws& draws);

}  // namespace joule::evolution
