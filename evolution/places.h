// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/evolution/genotype.h"

// Layers at their places in a module; private to this folder.
namespace joule::evolution {

/// What a layer at that place may read besides the one before it: the levels_back - 1 places before
/// that one, and -1 if that reaches to the module's beginning.
std::vector<std::int64_t> earlier_places(std::size_t place, std::int64_t levels_back);

/// Puts a layer there.  It reads the one before it and so many drawn ones of earlier_places(); what
/// read the one before reads it.
void insert_layer(Module& module, std::size_t place, std::int64_t layer, std::int64_t levels_back,
                  Draws& draws);

/// Takes the layer away: what came right after it reads what came right before it, and others that
/// read it do so no more.
void erase_layer(Module& module, std::size_t place);

}  // namespace joule::evolution
