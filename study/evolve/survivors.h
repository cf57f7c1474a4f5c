// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "joule/study/evolve/generations.h"

// Selection of survivors and parents: evolution/selection.h for candidates of a study.
namespace joule::study {

/// The contenders for (1 + lambda), identified by their trials.
///
/// Numerics  an invalid net has fitness -infinity.
std::vector<evolution::Contender> contenders_of(const std::vector<EvolvedNet>& nets,
                                                const std::vector<EvolvedNet>& parents);

/// The survivors of lexicase (one), epsilon-lexicase (one) or nsga2 (`lambda`, or all valid ones if
/// they are fewer), in order.  If no net is valid, the first one survives.
std::vector<EvolvedNet> survivors_of(const std::vector<EvolvedNet>& nets,
                                     const EvolveConfig& config, evolution::Draws& draws);

/// The index of each offspring's parent: by tournaments with nsga2, otherwise in turn.
std::vector<std::size_t> parents_of_offspring(const std::vector<EvolvedNet>& parents,
                                              const EvolveConfig& config, evolution::Draws& draws);

}  // namespace joule::study
