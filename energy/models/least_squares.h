// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <limits>
#include <vector>

namespace joule::energy {

/// rows * constants = values, both divided by the standard deviation of each value.
struct LeastSquares {
  Eigen::MatrixXd rows;
  Eigen::VectorXd values;
};

struct NonNegativeSolution {
  Eigen::VectorXd constants;
  std::vector<Eigen::Index> positive;  // those that are not 0, ascending
  double chi_square = std::numeric_limits<double>::infinity();
};

/// Above this, columns count as linearly dependent: no computation tells their constants apart.
inline constexpr double kLargestConditionNumber = 1e6;

/// The constants c >= 0 that minimise chi^2 = |values - rows c|^2.  The columns must be independent
/// (see condition_number()), so that the minimum is unique.
///
/// Cost      about one QR decomposition per constant that is positive in the end.
/// Numerics  double; columns scaled to length 1.
/// Source    Lawson and Hanson, Solving Least Squares Problems, 1974, ch. 23.
NonNegativeSolution non_negative_least_squares(const LeastSquares& problem);

/// Of each constant: that of ordinary least squares in the constants that are not 0, times
/// sqrt(chi^2 / degrees of freedom) where that is above 1.  0 where the constant is 0.
Eigen::VectorXd standard_errors(const LeastSquares& problem, const NonNegativeSolution& solution);

/// How well the columns, each scaled to length 1, can be told apart.
struct Conditioning {
  double number;
  Eigen::VectorXd weakest;  // the direction about which the rows say least, its absolute values
};
Conditioning conditioning(const Eigen::MatrixXd& rows);

}  // namespace joule::energy
