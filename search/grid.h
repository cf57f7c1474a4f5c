// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/search/space.h"

namespace joule::search {

/// The grid's point with index `number`, from 0 to space.grid_size() - 1.  Each point of the space
/// whose reals lie on their levels occurs once.  The last unconditional dimension changes fastest,
/// and dimensions that depend on another change faster than that one.  The levels of a real lie at
/// equal distances, with `log` at equal ratios.
///
/// Cost      the dimensions times their values.
/// Errors    as grid_size(); ArgumentError if there is no such point.
Point grid_point(const Space& space, std::int64_t number);

}  // namespace joule::search
