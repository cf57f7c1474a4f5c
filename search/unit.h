// SPDX-License-Identifier: MIT
#pragma once

#include "joule/search/space.h"

namespace joule::search {

/// The u of value_of_unit() that give a value: those from low to high; of a real one alone.
struct UnitCell {
  double low, high;
  double center;  // of an integer with log: the u of its own logarithm
};

/// Of a dimension that is not constant().
UnitCell unit_cell(const Dimension& dimension, const PointValue& value);
/// The number of a categorical's choice.
std::size_t choice_of(const Dimension& dimension, const PointValue& value);
/// Whether the dimension has a single value.
bool constant(const Dimension& dimension);

}  // namespace joule::search
