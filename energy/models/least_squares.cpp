// SPDX-License-Identifier: MIT
#include "joule/energy/models/least_squares.h"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "joule/core/error.h"

namespace joule::energy {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// What Eigen's own solve(), inverse() and JacobiSVD's preconditioner would add to this
// decomposition is little work here, and three quarters of this file's compilation.
using QR = Eigen::ColPivHouseholderQR<MatrixXd>;

/// R^-1 of the pivots that are not 0, times as many of b's values.
VectorXd solve_triangle(const QR& qr, const VectorXd& b) {
  const Index rank = qr.nonzeroPivots();
  VectorXd x = b.head(rank);
  qr.matrixQR().topLeftCorner(rank, rank).triangularView<Eigen::Upper>().solveInPlace(x);
  return x;
}

/// Q' b.
VectorXd rotated(const QR& qr, const VectorXd& b) {
  MatrixXd c = b;
  double scratch = 0;
  const Index n = c.rows();
  for (Index k = 0; k < qr.nonzeroPivots(); ++k) {
    c.bottomRightCorner(n - k, 1).applyHouseholderOnTheLeft(qr.matrixQR().col(k).tail(n - k - 1),
                                                            qr.hCoeffs()(k), &scratch);
  }
  return c;
}

MatrixXd columns(const MatrixXd& rows, const std::vector<Index>& which) {
  MatrixXd picked(rows.rows(), static_cast<Index>(which.size()));
  for (std::size_t j = 0; j < which.size(); ++j) {
    picked.col(static_cast<Index>(j)) = rows.col(which[j]);
  }
  return picked;
}

MatrixXd scaled_columns(const MatrixXd& rows) {
  return rows * rows.colwise().norm().cwiseInverse().asDiagonal();
}

/// Ordinary least squares in the columns `which`; 0 in the others.
VectorXd solve(const MatrixXd& rows, const VectorXd& values, const std::vector<Index>& which) {
  VectorXd x = VectorXd::Zero(rows.cols());
  if (which.empty()) return x;
  const QR qr(columns(rows, which));
  const VectorXd picked = solve_triangle(qr, rotated(qr, values));
  for (Index j = 0; j < picked.size(); ++j) {
    x(which[static_cast<std::size_t>(qr.colsPermutation().indices()(j))]) = picked(j);
  }
  return x;
}

/// From x >= 0 towards `target` until a constant becomes 0; it leaves `positive`.
void step_to_boundary(VectorXd& x, const VectorXd& target, std::vector<Index>& positive) {
  Index leaving = positive.front();
  double reach = std::numeric_limits<double>::infinity();
  for (const Index j : positive) {
    if (target(j) > 0) continue;
    const double alpha = x(j) == target(j) ? 0 : x(j) / (x(j) - target(j));
    if (alpha < reach) reach = alpha, leaving = j;
  }
  x += reach * (target - x);
  x(leaving) = 0;
  std::erase(positive, leaving);
}

}  // namespace

NonNegativeSolution non_negative_least_squares(const LeastSquares& problem) {
  const VectorXd length = problem.rows.colwise().norm();
  const MatrixXd rows = scaled_columns(problem.rows);
  const Index k = rows.cols();
  // Below this a gradient is rounding.
  const double least = 1e-13 * problem.values.norm() * static_cast<double>(rows.rows());
  VectorXd x = VectorXd::Zero(k);
  std::vector<Index> positive;
  std::vector<bool> rejected(static_cast<std::size_t>(k));
  for (;;) {
    const VectorXd gradient = rows.transpose() * (problem.values - rows * x);
    Index entering = -1;
    for (Index j = 0; j < k; ++j) {
      if (std::ranges::count(positive, j) || rejected[static_cast<std::size_t>(j)]) continue;
      if (gradient(j) > least && (entering < 0 || gradient(j) > gradient(entering))) entering = j;
    }
    if (entering < 0) break;
    positive.push_back(entering);
    VectorXd target = solve(rows, problem.values, positive);
    if (target(entering) <= 0) {  // its gradient was rounding after all
      positive.pop_back();
      rejected[static_cast<std::size_t>(entering)] = true;
      continue;
    }
    while (std::ranges::any_of(positive, [&](Index j) { return target(j) <= 0; })) {
      step_to_boundary(x, target, positive);
      target = solve(rows, problem.values, positive);
    }
    x = target;
    rejected.assign(rejected.size(), false);
  }
  std::ranges::sort(positive);
  return {x.cwiseQuotient(length), positive, (problem.values - rows * x).squaredNorm()};
}

VectorXd standard_errors(const LeastSquares& problem, const NonNegativeSolution& solution) {
  VectorXd errors = VectorXd::Zero(problem.rows.cols());
  if (solution.positive.empty()) return errors;
  const auto free = problem.rows.rows() - static_cast<Index>(solution.positive.size());
  require(free >= 1, "least squares: ", solution.positive.size(), " constants leave ", free,
          " degrees of freedom in ", problem.rows.rows(), " rows");
  const MatrixXd picked = columns(problem.rows, solution.positive);
  const VectorXd length = picked.colwise().norm();
  // The diagonal of (A' A)^-1 = (R' R)^-1: the squared lengths of the rows of R^-1.
  const QR qr(scaled_columns(picked));
  require(qr.nonzeroPivots() == picked.cols(), "least squares: the columns are linearly dependent");
  VectorXd variances = VectorXd::Zero(picked.cols());
  for (Index j = 0; j < picked.cols(); ++j) {
    variances += solve_triangle(qr, VectorXd::Unit(picked.cols(), j)).cwiseAbs2();
  }
  const double excess = std::sqrt(std::max(1.0, solution.chi_square / static_cast<double>(free)));
  for (std::size_t j = 0; j < solution.positive.size(); ++j) {
    const Index at = qr.colsPermutation().indices()(static_cast<Index>(j));
    errors(solution.positive[static_cast<std::size_t>(at)]) =
        excess * std::sqrt(variances(static_cast<Index>(j))) / length(at);
  }
  return errors;
}

Conditioning conditioning(const MatrixXd& rows) {
  const QR qr(scaled_columns(rows));
  const Index k = rows.cols(), rank = std::min(k, rows.rows());
  // The singular values of R, which is small and square, are those of the rows.
  MatrixXd r = MatrixXd::Zero(k, k);
  r.topRows(rank) = qr.matrixQR().topRows(rank);
  r.triangularView<Eigen::StrictlyLower>().setZero();
  const Eigen::JacobiSVD<MatrixXd, Eigen::NoQRPreconditioner> svd(r, Eigen::ComputeFullV);
  const VectorXd& values = svd.singularValues();
  VectorXd weakest(k);
  for (Index j = 0; j < k; ++j) {
    weakest(qr.colsPermutation().indices()(j)) = std::abs(svd.matrixV()(j, k - 1));
  }
  return {values(0) / values(k - 1), weakest};
}

}  // namespace joule::energy
