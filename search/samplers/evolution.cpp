// SPDX-License-Identifier: MIT
#include "joule/search/samplers/evolution.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/io/nearest.h"
#include "joule/search/draw.h"
#include "joule/search/unit.h"

namespace joule::search {
namespace {

constexpr double kIndex = 20;  // of both distributions: how close children are to their parents

/// Whether its values have no order that a step could follow.
bool swaps(const Dimension& d) { return d.kind == Kind::categorical || value_count(d) == 2; }

double highest_unit() { return std::nextafter(1.0, 0.0); }

/// Where simulated binary crossover puts a child, in units of the parents' distance from their
/// middle, with so much room beyond them.
double spread(double room, double u) {
  const double alpha = 2 - std::pow(1 + room, -(kIndex + 1));
  const double exponent = 1 / (kIndex + 1);
  return u <= 1 / alpha ? std::pow(u * alpha, exponent) : std::pow(1 / (2 - u * alpha), exponent);
}

void cross(const Dimension& d, std::optional<PointValue>& a, std::optional<PointValue>& b,
           Draws& draws) {
  if (!draws.chance(0.5)) return;
  const bool swapped = draws.chance(0.5);
  const double u = draws.unit();
  if (!a || !b || swaps(d)) {
    std::swap(a, b);
    return;
  }
  double low = unit_cell(d, *a).center, high = unit_cell(d, *b).center;
  if (low > high) std::swap(low, high);
  if (high - low < 1e-14) return;
  const double middle = (low + high) / 2, half = (high - low) / 2;
  double first = middle - half * spread(low / half, u);
  double second = middle + half * spread((1 - high) / half, u);
  if (swapped) std::swap(first, second);
  a = value_of_unit(d, std::clamp(first, 0.0, highest_unit()));
  b = value_of_unit(d, std::clamp(second, 0.0, highest_unit()));
}

}  // namespace

double Draws::unit() {
  const auto words = philox(seed_, trial_, stream(Drawer::evolution, part_, next_++));
  return search::unit(words[0], words[1]);
}

std::size_t Draws::below(std::size_t count) {
  const auto at = static_cast<std::size_t>(unit() * static_cast<double>(count));
  return std::min(at, count - 1);
}

Genes genes_of(const Space& space, const Point& point) {
  Genes genes;
  for (const Dimension& d : space.dimensions()) {
    const PointValue* const value = point.find(d.name);
    genes.push_back(value ? std::optional(*value) : std::nullopt);
  }
  return genes;
}

Point point_of(const Space& space, const Genes& genes, Draws& draws) {
  Point point;
  for (std::size_t i = 0; i < space.size(); ++i) {
    const Dimension& d = space.dimensions()[i];
    if (!space.active(d, point)) continue;
    point.set(d.name, genes[i] ? *genes[i] : value_of_unit(d, draws.unit()));
  }
  return point;
}

Point random_point(const Space& space, Draws& draws) {
  return point_of(space, Genes(space.size()), draws);
}

PointValue changed_value(const Dimension& d, const PointValue& value, Draws& draws) {
  if (swaps(d)) {
    const std::int64_t count = *value_count(d);
    const std::int64_t now =
        d.kind == Kind::categorical
            ? static_cast<std::int64_t>(choice_of(d, value))
            : std::get<std::int64_t>(value) != static_cast<std::int64_t>(d.low);
    const auto other = static_cast<std::int64_t>(draws.below(static_cast<std::size_t>(count - 1)));
    return value_at(d, other + (other >= now));
  }
  const double at = unit_cell(d, value).center, u = draws.unit();
  const double room = u < 0.5 ? 1 - at : at;
  const double power = std::pow(room, kIndex + 1), exponent = 1 / (kIndex + 1);
  const double step = u < 0.5 ? std::pow(2 * u + (1 - 2 * u) * power, exponent) - 1
                              : 1 - std::pow(2 * (1 - u) + (2 * u - 1) * power, exponent);
  const PointValue moved = value_of_unit(d, std::clamp(at + step, 0.0, highest_unit()));
  const auto* const integer = std::get_if<std::int64_t>(&moved);
  if (!integer || moved != value) return moved;
  const bool up = static_cast<double>(*integer) == d.low ||
                  (static_cast<double>(*integer) != d.high && u >= 0.5);
  return up ? *integer + d.step : *integer - d.step;
}

std::array<Genes, 2> crossed(const Space& space, const Genes& a, const Genes& b, Draws& draws) {
  std::array<Genes, 2> children{a, b};
  for (std::size_t i = 0; i < space.size(); ++i) {
    const Dimension& d = space.dimensions()[i];
    if (!constant(d)) cross(d, children[0][i], children[1][i], draws);
  }
  return children;
}

std::vector<const Observation*> by_number(std::span<const Observation> observations,
                                          std::span<const Direction> directions, std::int64_t from,
                                          std::int64_t below) {
  std::vector<const Observation*> sorted;
  bool in_order = true;
  for (const Observation& o : observations) {
    if (o.number < from || o.number >= below) continue;
    // Messages are made of what is wrong alone: a sampler sees many.
    if (o.objectives.size() != directions.size()) {
      throw ArgumentError(str("trial ", o.number, ": expected ", directions.size(),
                              " objectives, got ", o.objectives.size()));
    }
    for (std::size_t j = 0; j < directions.size(); ++j) {
      if (!std::isfinite(o.objectives[j])) {
        throw ArgumentError(str("trial ", o.number, ": objective ", j,
                                " must be a finite number, got ", o.objectives[j]));
      }
    }
    in_order = in_order && (sorted.empty() || sorted.back()->number <= o.number);
    sorted.push_back(&o);
  }
  if (!in_order) std::ranges::stable_sort(sorted, {}, &Observation::number);
  return sorted;
}

Objectives objectives_of(std::span<const Direction> directions,
                         std::span<const Observation* const> observations) {
  std::vector<std::vector<double>> values;
  for (const Observation* const o : observations) values.push_back(o->objectives);
  return {{directions.begin(), directions.end()}, std::move(values)};
}

const Point& checked_point(const Space& space, const Observation& observation) {
  try {
    space.check(observation.point);
  } catch (const ArgumentError& error) {
    throw ArgumentError(str("trial ", observation.number, ": ", error.what()));
  }
  return observation.point;
}

std::vector<double> reference_behind_all(const Objectives& objectives) {
  std::vector<double> reference;
  for (std::size_t j = 0; j < objectives.directions().size(); ++j) {
    double low = objectives.cost(0)[j], high = low;
    for (std::size_t i = 1; i < objectives.size(); ++i) {
      low = std::min(low, objectives.cost(i)[j]);
      high = std::max(high, objectives.cost(i)[j]);
    }
    const double cost = high + (high > low ? (high - low) / 10 : 1);
    reference.push_back(objectives.directions()[j] == Direction::minimise ? cost : -cost);
  }
  return reference;
}

std::size_t ladder_of(std::string_view sampler, const Space& space, const std::string& name) {
  const auto dimensions = space.dimensions();
  const auto found = std::ranges::find(dimensions, name, &Dimension::name);
  if (found == dimensions.end()) {
    std::vector<std::string> names;
    for (const Dimension& d : dimensions) names.push_back(d.name);
    throw ArgumentError(
        str(sampler, ": ladder: there is no dimension '", name, "'", did_you_mean(name, names)));
  }
  require(found->kind != Kind::real && !found->active_if, sampler, ": ladder: the dimension '",
          name, "' must be an integer or a categorical without a condition");
  return static_cast<std::size_t>(found - dimensions.begin());
}

}  // namespace joule::search
