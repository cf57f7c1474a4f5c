// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "joule/search/space.h"

namespace joule::search {

/// The density of points as a mixture: one component around each of the given points, and a prior
/// over the whole range.  A component is a product over the dimensions:
///   real, integer  a normal distribution, truncated at the limits, in the coordinate u of
///                  value_of_unit() (for an integer integrated over the u that give it).  Its
///                  centre is u_i, its width the larger of the distances to the two neighbours
///                  among the points (at the ends: to the only one; for one point, to the limits),
///                  from 1 / min(100, n + 2) to 1.  For the prior: centre 1/2, width 1
///   categorical    (1 / (n + 1) + [it is the point's choice]) / (1 + choices / (n + 1)); for the
///                  prior uniform
/// Components have equal weights; with `ageing` and n >= 25 points, all but the newest 25 have
/// weights that rise linearly, from the oldest on, from 1 / n to 1.
///
/// Source    Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization", with the
///           constants of Optuna's sampler (Watanabe 2023, arXiv:2304.11127).
class ParzenEstimator {
 public:
  /// The points, oldest first; each has a value in each dimension, none of which is constant.
  ParzenEstimator(std::vector<const Dimension*> dimensions, std::span<const Point* const> points,
                  bool ageing);

  /// Draws one value per dimension: dimension i with the uniform number draw(i), the component with
  /// `component`.
  std::vector<PointValue> sample(double component,
                                 const std::function<double(std::size_t)>& draw) const;

  /// For a real, the density of its u; for others the probability.
  /// Cost      O(dimensions components).
  double log_density(std::span<const PointValue> values) const;

 private:
  /// The components' factors in one dimension.
  struct Factors {
    std::vector<double> centers, widths;  // real and integer
    std::vector<double> log_norms;        // of the normal distribution's truncation
    std::vector<std::size_t> choices;     // categorical: one per point
    double same = 0, other = 0;  // the probability of a point's choice and of each other one
  };

  Factors factors_of(const Dimension& dimension, std::span<const Point* const> points) const;
  PointValue sample_of(std::size_t dimension, std::size_t component, double u) const;
  /// Adds the logarithms of the components' factors at that value.
  void add_log_factors(std::size_t dimension, const PointValue& value,
                       std::vector<double>& logs) const;
  double choice_weight(std::size_t dimension, std::size_t component, std::size_t choice) const;

  std::vector<const Dimension*> dimensions_;
  /// Per component, the prior last; they add up to 1.
  std::vector<double> weights_;
  std::vector<Factors> factors_;
};

}  // namespace joule::search
