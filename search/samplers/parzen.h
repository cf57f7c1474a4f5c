// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "joule/search/space.h"

namespace joule::search {

/// The density of points as a mixture: a component around each of the points given, and one over
/// the whole range, the prior. A component is a product over the dimensions:
///   real, integer  a normal distribution, cut off at the limits, in the coordinate u of
///   value_of_unit()
///                  (of an integer: integrated over the u that give it); around u_i, as wide as the
///                  larger of the distances to its two neighbours among the points (at the ends:
///                  to the only one; of one point, to the limits), from 1 / min(100, n + 2) to 1;
///                  of the prior: around 1/2, of width 1
///   categorical    (1 / (n + 1) + [it is the point's choice]) / (1 + choices / (n + 1)); of the
///                  prior uniform
/// Components have equal weights; with `ageing`, of n >= 25 points, from the oldest on, all but the
/// last 25 have weights that rise linearly from 1 / n to 1.
///
/// Source    Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"; with the
/// constants
///           that Optuna's sampler has (Watanabe 2023, arXiv:2304.11127).
class ParzenEstimator {
 public:
  /// The points from the oldest on; each has a value of each dimension, of which none is constant.
  ParzenEstimator(std::vector<const Dimension*> dimensions, std::span<const Point* const> points,
                  bool ageing);

  /// A value per dimension, of which dimension i is drawn with the uniform number draw(i), and the
  /// component with `component`.
  std::vector<PointValue> sample(double component,
                                 const std::function<double(std::size_t)>& draw) const;

  /// Of values of a real the density of their u, of others the probability.
  /// Cost      O(dimensions components).
  double log_density(std::span<const PointValue> values) const;

 private:
  /// The components' factors in one dimension.
  struct Factors {
    std::vector<double> centers, widths;  // real and integer
    std::vector<double> log_norms;        // of what the normal distribution is divided by
    std::vector<std::size_t> choices;     // categorical: of the points
    double same = 0, other = 0;           // the probability of a point's choice, of each other
  };

  Factors factors_of(const Dimension& dimension, std::span<const Point* const> points) const;
  PointValue sample_of(std::size_t dimension, std::size_t component, double u) const;
  /// Adds the logarithms of the components' factors at that value.
  void add_log_factors(std::size_t dimension, const PointValue& value,
                       std::vector<double>& logs) const;
  double choice_weight(std::size_t dimension, std::size_t component, std::size_t choice) const;

  std::vector<const Dimension*> dimensions_;
  /// Of the components, the prior's last; their sum is 1.
  std::vector<double> weights_;
  std::vector<Factors> factors_;
};

}  // namespace joule::search
