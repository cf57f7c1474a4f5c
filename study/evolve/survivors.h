// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "joule/study/evolve/generations.h"

// Who goes on, and whose offspring are next: evolution/selection.h for candidates of a study.
namespace joule::study {

/// What (1 + lambda) goes by: numbers are those of the trials.
///
/// Numerics  an invalid net has fitness -infinity.
std::vector<evolution::Contender> contenders_of(const std::vector<EvolvedNet>& nets,
                                                const std::vector<EvolvedNet>& parents);

/// The survivors of lexicase (one), epsilon-lexicase (one) or nsga2 (`lambda`, or as many as are
/// valid), in their order.  Invalid nets survive only if there are no others: then the first.
std::vector<EvolvedNet> survivors_of(const std::vector<EvolvedNet>& nets,
                                     const EvolveConfig& config, evolution::Draws& draws);

/// Of each offspring the number of its parent: by tournaments with nsga2, else in turn.
std::vector<std::size_t> parents_of_offspring(const std::vector<EvolvedNet>& parents,
                                              const EvolveConfig& config, evolution::Draws& draws);

}  // namespace joule::study
