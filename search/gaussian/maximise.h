// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace joule::search {

/// Returns the value at x and fills the gradient.
using Differentiable = std::function<double(std::span<const double> x, std::span<double> gradient)>;

struct Maximum {
  std::vector<double> x;
  double value = 0;
};

/// The best point that sequential quadratic programming finds from `start`, within the limits of
/// each coordinate; `start` itself if nothing is better.  A value that is not finite counts as the
/// lowest.
///
/// Cost      at most `evaluations` of f.
/// Source    Kraft 1994, "Algorithm 733: TOMP", as implemented in NLopt.
Maximum maximise(const Differentiable& f, std::vector<double> start, std::span<const double> low,
                 std::span<const double> high, int evaluations);

}  // namespace joule::search
