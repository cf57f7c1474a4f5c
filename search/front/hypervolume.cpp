// SPDX-License-Identifier: MIT
#include "joule/search/front/hypervolume.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"

namespace joule::search {
namespace {

/// How far a point lies from the reference in each objective: all are positive, and the volume is
/// that of the union of the boxes between the origin and the extents.
using Extents = std::vector<double>;

/// Whether all that a covers, b covers.
bool covered(const Extents& a, const Extents& b) {
  return std::ranges::equal(a, b, std::less_equal());
}

/// Without what another covers; of equal ones one is left.
std::vector<Extents> maximal(const std::vector<Extents>& boxes) {
  std::vector<Extents> kept;
  for (const Extents& box : boxes) {
    if (std::ranges::any_of(kept, [&](const Extents& other) { return covered(box, other); })) {
      continue;
    }
    std::erase_if(kept, [&](const Extents& other) { return covered(other, box); });
    kept.push_back(box);
  }
  return kept;
}

double volume(const Extents& box) {
  double product = 1;
  for (const double extent : box) product *= extent;
  return product;
}

/// Two objectives, of boxes that do not cover each other: the staircase, from the widest step on.
double area(std::vector<Extents> boxes) {
  std::ranges::sort(boxes, std::greater());
  double sum = 0, height = 0;
  for (const Extents& box : boxes) {
    sum += box[0] * (box[1] - height);
    height = box[1];
  }
  return sum;
}

/// Of boxes that do not cover each other.
double union_volume(std::vector<Extents> boxes);

/// What `box` covers and the others do not.
double exclusive(const Extents& box, std::span<const Extents> others) {
  std::vector<Extents> common;
  for (const Extents& other : others) {
    Extents& both = common.emplace_back(box.size());
    std::ranges::transform(box, other, both.begin(),
                           [](double a, double b) { return std::min(a, b); });
  }
  return volume(box) - union_volume(maximal(common));
}

double union_volume(std::vector<Extents> boxes) {
  if (boxes.empty()) return 0;
  const std::size_t dimensions = boxes[0].size();
  if (dimensions == 1) return std::ranges::max(boxes)[0];
  if (dimensions == 2) return area(std::move(boxes));
  // What follows a box is at least as large in the last objective, so that what they have in common
  // is a prism of the box's own extent there: one objective less.
  std::ranges::sort(boxes, {}, [](const Extents& box) { return box.back(); });
  std::vector<double> heights;
  for (Extents& box : boxes) {
    heights.push_back(box.back());
    box.pop_back();
  }
  double sum = 0;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    sum += heights[i] * exclusive(boxes[i], std::span(boxes).subspan(i + 1));
  }
  return sum;
}

/// Of the points that are better than the reference in each objective; empty of the others.
std::vector<Extents> extents_of(const Objectives& objectives, std::span<const double> reference) {
  const auto directions = objectives.directions();
  require(reference.size() == directions.size(), "hypervolume: the reference has ",
          reference.size(), " values, expected ", directions.size());
  for (const double value : reference) {
    require(std::isfinite(value), "hypervolume: the reference must be finite, got ", value);
  }
  std::vector<Extents> all(objectives.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < directions.size(); ++j) {
      const double cost = directions[j] == Direction::minimise ? reference[j] : -reference[j];
      all[i].push_back(cost - objectives.cost(i)[j]);
    }
    if (std::ranges::any_of(all[i], [](double extent) { return extent <= 0; })) all[i].clear();
  }
  return all;
}

}  // namespace

double hypervolume(const Objectives& objectives, std::span<const double> reference) {
  std::vector<Extents> boxes = extents_of(objectives, reference);
  std::erase(boxes, Extents());
  return union_volume(maximal(boxes));
}

std::vector<double> exclusive_contributions(const Objectives& objectives,
                                            std::span<const double> reference) {
  const std::vector<Extents> boxes = extents_of(objectives, reference);
  std::vector<double> contributions(boxes.size(), 0);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (boxes[i].empty()) continue;
    std::vector<Extents> others;
    for (std::size_t k = 0; k < boxes.size(); ++k) {
      if (k != i && !boxes[k].empty()) others.push_back(boxes[k]);
    }
    const bool lost = std::ranges::none_of(
        others, [&](const Extents& other) { return covered(boxes[i], other); });
    if (lost) contributions[i] = exclusive(boxes[i], others);
  }
  return contributions;
}

std::vector<std::size_t> largest_subset(const Objectives& objectives,
                                        std::span<const std::size_t> candidates, std::size_t count,
                                        std::span<const double> reference) {
  require(count <= candidates.size(), "largest_subset: ", count, " of ", candidates.size(),
          " candidates");
  const std::vector<Extents> boxes = extents_of(objectives, reference);
  std::vector<std::size_t> left(candidates.begin(), candidates.end()), chosen;
  std::ranges::stable_sort(left, [&](std::size_t a, std::size_t b) {
    return std::ranges::lexicographical_compare(objectives.cost(a), objectives.cost(b));
  });
  // What a point adds becomes less with every point that is chosen: what it added before is a
  // bound.
  std::vector<double> bounds;
  for (const std::size_t i : left) bounds.push_back(boxes[i].empty() ? 0 : volume(boxes[i]));
  std::vector<Extents> taken;
  while (chosen.size() < count) {
    std::vector<bool> exact(left.size(), taken.empty());
    std::size_t at = 0;
    for (;;) {
      at = static_cast<std::size_t>(std::ranges::max_element(bounds) - bounds.begin());
      if (exact[at] || bounds[at] <= 0) break;
      bounds[at] = std::min(bounds[at], exclusive(boxes[left[at]], taken));
      exact[at] = true;
    }
    chosen.push_back(left[at]);
    if (!boxes[left[at]].empty()) taken.push_back(boxes[left[at]]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
    bounds.erase(bounds.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return chosen;
}

}  // namespace joule::search
