// SPDX-License-Identifier: MIT
#pragma once

#include "joule/study/layers/layers_results.h"

// Private to this folder.
namespace joule::study {

/// Sets results.two_ways for the costs with accounts of the layers in a comparable quality:
/// modelled costs with modelled accounts, costs from a meter with accounts from it.
void find_two_ways(LayersResults& results);

}  // namespace joule::study
