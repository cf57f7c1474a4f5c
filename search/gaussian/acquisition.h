// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

// What a trial promises, by the normal distributions of what it will give.  Everywhere less is
// better; f is normal with `mean` and `deviation` > 0, Phi and phi are the normal distribution and
// its density.
namespace joule::search {

/// log Phi(z), to 1e-9 of itself also where Phi(z) is too small for a double.
double log_normal_below(double z);

/// E[max(best - f, 0)] = s (z Phi(z) + phi(z)), z = (best - mean) / s.
double expected_improvement(double mean, double deviation, double best);
/// Its logarithm, to 1e-9 of itself also where it is too small for a double.
///
/// Source    Ament et al. 2023, "Unexpected Improvements to Expected Improvement", equation 9.
double log_expected_improvement(double mean, double deviation, double best);

/// log P(f < best); the probability of feasibility too, `best` being the limit.
double log_probability_of_improvement(double mean, double deviation, double best);

/// The part of space that no point of a front dominates, up to a reference, in boxes.
class HypervolumeImprovement {
 public:
  /// `front`: points of m values, no one dominating another; `reference`: m values.
  ///
  /// Cost      at most (n + 1)^(m - 1) boxes.
  HypervolumeImprovement(const std::vector<std::vector<double>>& front,
                         std::vector<double> reference);

  std::size_t boxes() const { return boxes_.size() / reference_.size(); }

  /// What the hypervolume grows by on the average when a point with those independent normal
  /// values joins the front: the sum over the boxes of
  /// prod_j (EI_j(high_j) - EI_j(low_j)), EI_j(u) = E[max(u - f_j, 0)].  Exact.
  ///
  /// Cost      m (n + 1) expected improvements and m products per box.
  double expected(std::span<const double> means, std::span<const double> deviations) const;

 private:
  std::vector<double> reference_;
  /// Per objective the limits of boxes, rising, the first -infinity; and of each box, per
  /// objective, the numbers of its lower and its upper limit.
  std::vector<std::vector<double>> limits_;
  struct Side {
    std::size_t low, high;
  };
  std::vector<Side> boxes_;
};

}  // namespace joule::search
