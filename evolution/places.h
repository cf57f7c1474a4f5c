// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/evolution/genotype.h"

// Layers at their places in a module; private to this folder.
namespace joule::evolution {

/// The places that a layer may read besides the previous one: the levels_back - 1 places before
/// that one, and -1 if they reach the module's beginning.
std::vector<std::int64_t> earlier_places(std::size_t place, std::int64_t levels_back);

/// Inserts a layer.  It reads the previous one and a random number of earlier_places(); layers that
/// read the previous one now read it.
void insert_layer(Module& module, std::size_t place, std::int64_t layer, std::int64_t levels_back,
                  Draws& draws);

/// Removes a layer: the layer right after it reads the one right before it; others that read it no
/// longer do.
void erase_layer(Module& module, std::size_t place);

}  // namespace joule::evolution
