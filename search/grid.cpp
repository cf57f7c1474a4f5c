// SPDX-License-Identifier: MIT
#include "joule/search/grid.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"

namespace joule::search {
namespace {

/// Conditions make a forest of the dimensions; the grid is the product of its trees.
class Grid {
 public:
  explicit Grid(const Space& space) : space_(space), children_(space.size()), sizes_(space.size()) {
    for (std::size_t i = 0; i < space.size(); ++i) {
      const auto& condition = space.dimensions()[i].active_if;
      if (!condition) {
        roots_.push_back(i);
        continue;
      }
      const auto parent =
          std::ranges::find(space.dimensions(), condition->dimension, &Dimension::name);
      children_[static_cast<std::size_t>(parent - space.dimensions().begin())].push_back(i);
    }
    for (std::size_t i = space.size(); i-- > 0;) sizes_[i] = size_of_tree(i);
  }

  std::int64_t size() const { return product(roots_); }

  Point point(std::int64_t number) const {
    Point unordered, point;
    set(unordered, roots_, number);
    for (const Dimension& dimension : space_.dimensions()) {
      if (const PointValue* const value = unordered.find(dimension.name)) {
        point.set(dimension.name, *value);
      }
    }
    return point;
  }

 private:
  using Indices = std::vector<std::size_t>;

  const Dimension& dimension(std::size_t index) const { return space_.dimensions()[index]; }

  std::int64_t values(std::size_t index) const {
    const Dimension& d = dimension(index);
    if (d.kind != Kind::real) return *value_count(d);
    require(d.levels > 0, "grid: dimension '", d.name,
            "' is real and has no levels: a grid needs to know how many values to take");
    return d.levels;
  }

  PointValue value(std::size_t index, std::int64_t at) const {
    const Dimension& d = dimension(index);
    if (d.kind != Kind::real) return value_at(d, at);
    if (at == 0) return d.low;
    if (at == d.levels - 1) return d.high;
    return value_of_unit(d, static_cast<double>(at) / static_cast<double>(d.levels - 1));
  }

  /// Those that depend on the dimension and are active with that value.
  Indices active_children(std::size_t index, const PointValue& value) const {
    Indices active;
    for (const std::size_t child : children_[index]) {
      if (std::ranges::count(dimension(child).active_if->values, value)) active.push_back(child);
    }
    return active;
  }

  static std::int64_t checked(bool overflow, std::int64_t result) {
    require(!overflow, "grid: there are 2^63 points or more");
    return result;
  }

  std::int64_t product(const Indices& trees) const {
    std::int64_t result = 1;
    for (const std::size_t tree : trees) {
      checked(__builtin_mul_overflow(result, sizes_[tree], &result), result);
    }
    return result;
  }

  /// A value that no condition names counts one.
  std::int64_t size_of_tree(std::size_t index) const {
    std::vector<PointValue> named;
    for (const std::size_t child : children_[index]) {
      for (const PointValue& value : dimension(child).active_if->values) {
        if (!std::ranges::count(named, value)) named.push_back(value);
      }
    }
    std::int64_t result = values(index) - static_cast<std::int64_t>(named.size());
    for (const PointValue& value : named) {
      const std::int64_t points = product(active_children(index, value));
      checked(__builtin_add_overflow(result, points, &result), result);
    }
    return result;
  }

  /// Sets what point `number` of the product of these trees holds.
  void set(Point& point, const Indices& trees, std::int64_t number) const {
    for (std::size_t i = trees.size(); i-- > 0;) {
      const std::size_t tree = trees[i];
      set_tree(point, tree, number % sizes_[tree]);
      number /= sizes_[tree];
    }
  }

  void set_tree(Point& point, std::size_t tree, std::int64_t number) const {
    if (children_[tree].empty()) {
      point.set(dimension(tree).name, value(tree, number));
      return;
    }
    for (std::int64_t at = 0;; ++at) {
      const PointValue value = this->value(tree, at);
      const Indices active = active_children(tree, value);
      const std::int64_t points = product(active);
      if (number < points) {
        point.set(dimension(tree).name, value);
        set(point, active, number);
        return;
      }
      number -= points;
    }
  }

  const Space& space_;
  Indices roots_;
  std::vector<Indices> children_;
  std::vector<std::int64_t> sizes_;  // of the tree below a dimension: its points
};

}  // namespace

std::int64_t Space::grid_size() const { return Grid(*this).size(); }

Point grid_point(const Space& space, std::int64_t number) {
  const Grid grid(space);
  require(number >= 0 && number < grid.size(), "grid: there is no point ", number, " of ",
          grid.size());
  return grid.point(number);
}

}  // namespace joule::search
