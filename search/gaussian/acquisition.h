// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

// How promising a trial is, given normal predictions of its results.  Less is better throughout; f
// is normal with `mean` and `deviation` > 0, Phi and phi are the standard normal distribution and
// its density.
namespace joule::search {

/// log Phi(z), with relative error 1e-9 even if Phi(z) is too small for a double.
double log_normal_below(double z);

/// E[max(best - f, 0)] = s (z Phi(z) + phi(z)), z = (best - mean) / s.
double expected_improvement(double mean, double deviation, double best);
/// Its logarithm, with relative error 1e-9 even if it is too small for a double.
///
/// Source    Ament et al. 2023, "Unexpected Improvements to Expected Improvement", equation 9.
double log_expected_improvement(double mean, double deviation, double best);

/// log P(f < best); also the probability of feasibility, with `best` the limit.
double log_probability_of_improvement(double mean, double deviation, double best);

/// The part of the objective space that no point of a front dominates, up to a reference, in boxes.
class HypervolumeImprovement {
 public:
  /// `front`: points of m values, none dominating another; `reference`: m values.
  ///
  /// Cost      at most (n + 1)^(m - 1) boxes.
  HypervolumeImprovement(const std::vector<std::vector<double>>& front,
                         std::vector<double> reference);

  std::size_t boxes() const { return boxes_.size() / reference_.size(); }

  /// The expected growth of the hypervolume when a point with these independent normal values joins
  /// the front: the sum over the boxes of prod_j (EI_j(high_j) - EI_j(low_j)), EI_j(u) = E[max(u -
  /// f_j, 0)].  Exact.
  ///
  /// Cost      m (n + 1) expected improvements and m products per box.
  double expected(std::span<const double> means, std::span<const double> deviations) const;

 private:
  std::vector<double> reference_;
  /// Per objective, the ascending limits of boxes, the first -infinity; and per box and objective,
  /// the indices of its lower and upper limit.
  std::vector<std::vector<double>> limits_;
  struct Side {
    std::size_t low, high;
  };
  std::vector<Side> boxes_;
};

}  // namespace joule::search
