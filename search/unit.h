// SPDX-License-Identifier: MIT
#pragma once

#include "joule/search/space.h"

namespace joule::search {

/// The u of value_of_unit() that give a value: from low to high; for a real a single one.
struct UnitCell {
  double low, high;
  double center;  // for an integer with log: the u of its logarithm
};

/// For a dimension that is not constant().
UnitCell unit_cell(const Dimension& dimension, const PointValue& value);
/// The index of a categorical's choice.
std::size_t choice_of(const Dimension& dimension, const PointValue& value);
/// Whether the dimension has a single value.
bool constant(const Dimension& dimension);

}  // namespace joule::search
