// SPDX-License-Identifier: MIT
#pragma once

#include "joule/study/layers/layers_results.h"

// Private to this folder.
namespace joule::study {

/// Sets results.two_ways, of the costs for which there is an account of the layers of a quality
/// that can be compared: modelled with modelled, what a meter gave with what it gave.
void find_two_ways(LayersResults& results);

}  // namespace joule::study
