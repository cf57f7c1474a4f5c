// SPDX-License-Identifier: MIT
#include "joule/search/samplers/unit_point.h"

namespace joule::search {

Point point_of_units(const Space& space, const std::function<double(std::size_t)>& u) {
  Point point;
  for (std::size_t i = 0; i < space.size(); ++i) {
    const Dimension& dimension = space.dimensions()[i];
    if (space.active(dimension, point)) point.set(dimension.name, value_of_unit(dimension, u(i)));
  }
  return point;
}

}  // namespace joule::search
