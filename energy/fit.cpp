// SPDX-License-Identifier: MIT
#include "energy/fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace joule::energy {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kLargestConditionNumber = 1e6;

/// rows * constants = energies, both divided by each window's uncertainty.
struct Problem {
  MatrixXd rows;
  VectorXd energies;
};

Problem weighted(const MeasuredWindows& measured) {
  const auto n = static_cast<Index>(measured.windows.size());
  const auto k = static_cast<Index>(measured.charges.size());
  Problem problem{MatrixXd(n, k), VectorXd(n)};
  for (Index i = 0; i < n; ++i) {
    const auto& window = measured.windows[static_cast<std::size_t>(i)];
    require(window.counts.size() == measured.charges.size(), "fit: window ", i, " has ",
            window.counts.size(), " counts, expected ", k);
    require(window.uncertainty > Joules(), "fit: window ", i,
            " needs an uncertainty above 0 J, got ", window.uncertainty);
    for (Index j = 0; j < k; ++j) {
      problem.rows(i, j) = window.counts[static_cast<std::size_t>(j)] / window.uncertainty.value();
    }
    problem.energies(i) = window.energy / window.uncertainty;
  }
  return problem;
}

/// "macs, bytes"
std::string list(const std::vector<Charge>& charges) {
  std::string text;
  for (const Charge charge : charges)
    text += (text.empty() ? "" : ", ") + std::string(name(charge));
  return text;
}

void require_variation(const MeasuredWindows& measured) {
  for (std::size_t j = 0; j < measured.charges.size(); ++j) {
    const auto [low, high] =
        std::ranges::minmax(measured.windows, {}, [&](const auto& w) { return w.counts[j]; });
    const double least = low.counts[j], most = high.counts[j];
    require(most - least > most / kLargestConditionNumber, "fit: all windows have ", least, " ",
            name(measured.charges[j]),
            ": its constant cannot be told from an offset; record windows in which it varies, or "
            "leave it out of all of them");
  }
}

/// The columns scaled to length 1, their condition number, and a check that it is not too large.
double require_independence(const MatrixXd& rows, const std::vector<Charge>& charges) {
  const MatrixXd scaled = rows * rows.colwise().norm().cwiseInverse().asDiagonal();
  const Eigen::JacobiSVD<MatrixXd> svd(scaled, Eigen::ComputeThinV);
  const VectorXd& values = svd.singularValues();
  const double condition = values(0) / values(values.size() - 1);
  if (condition <= kLargestConditionNumber) return condition;
  // The direction that the windows say nothing about: its large components are the culprits.
  const VectorXd direction = svd.matrixV().rightCols(1).cwiseAbs();
  std::vector<Charge> dependent;
  for (Index j = 0; j < direction.size(); ++j) {
    if (direction(j) > 0.1) dependent.push_back(charges[static_cast<std::size_t>(j)]);
  }
  throw ArgumentError(str("fit: ", list(dependent), " depend on each other linearly in these ",
                          rows.rows(), " windows (condition number ", condition,
                          "): their constants cannot be told apart; record windows in which they "
                          "vary independently, or leave one out of all of them"));
}

struct Solution {
  VectorXd constants;
  std::vector<Index> positive;
  double chi_square = std::numeric_limits<double>::infinity();
};

/// The columns of `rows` whose bit is set in `subset`.
MatrixXd columns(const MatrixXd& rows, const std::vector<Index>& which) {
  MatrixXd picked(rows.rows(), static_cast<Index>(which.size()));
  for (std::size_t j = 0; j < which.size(); ++j) {
    picked.col(static_cast<Index>(j)) = rows.col(which[j]);
  }
  return picked;
}

/// Least squares with constants >= 0.  The columns are independent, so the minimum is unique, and
/// it is the ordinary least-squares solution in the constants that are positive there: of all sets
/// of constants whose solution is positive, the one that fits best.
Solution non_negative_least_squares(const Problem& problem) {
  const Index k = problem.rows.cols();
  Solution best;
  for (unsigned subset = 0; subset < 1u << k; ++subset) {
    std::vector<Index> which;
    for (Index j = 0; j < k; ++j) {
      if (subset >> j & 1) which.push_back(j);
    }
    VectorXd constants = VectorXd::Zero(k);
    if (!which.empty()) {
      const MatrixXd picked = columns(problem.rows, which);
      const VectorXd length = picked.colwise().norm();
      const MatrixXd scaled = picked * length.cwiseInverse().asDiagonal();
      const VectorXd x = scaled.colPivHouseholderQr().solve(problem.energies).cwiseQuotient(length);
      if (x.minCoeff() <= 0) continue;
      for (std::size_t j = 0; j < which.size(); ++j) constants(which[j]) = x(static_cast<Index>(j));
    }
    const double chi_square = (problem.energies - problem.rows * constants).squaredNorm();
    if (chi_square < best.chi_square) best = {constants, which, chi_square};
  }
  return best;
}

/// Of each constant; 0 where it is 0.
VectorXd standard_errors(const Problem& problem, const Solution& solution,
                         std::int64_t degrees_of_freedom) {
  const MatrixXd picked = columns(problem.rows, solution.positive);
  const VectorXd length = picked.colwise().norm();
  const MatrixXd scaled = picked * length.cwiseInverse().asDiagonal();
  const VectorXd variances = (scaled.transpose() * scaled).inverse().diagonal();
  const double excess =
      std::sqrt(std::max(1.0, solution.chi_square / static_cast<double>(degrees_of_freedom)));
  VectorXd errors = VectorXd::Zero(problem.rows.cols());
  for (std::size_t j = 0; j < solution.positive.size(); ++j) {
    const auto at = static_cast<Index>(j);
    errors(solution.positive[j]) = excess * std::sqrt(variances(at)) / length(at);
  }
  return errors;
}

template <class C, class Q>
C constant(double value, double error) {
  return {Q(value), error > 0 ? std::optional(Q(error)) : std::nullopt};
}

void set(CostModel& model, Charge charge, double value, double error) {
  switch (charge) {
    case Charge::macs:
      model.per_mac = constant<Constant, Joules>(value, error);
      break;
    case Charge::bytes:
      model.per_byte = constant<Constant, Joules>(value, error);
      break;
    case Charge::calls:
      model.per_call = constant<Constant, Joules>(value, error);
      break;
    case Charge::seconds:
      model.per_second = constant<ConstantPower, Watts>(value, error);
      break;
  }
}

}  // namespace

Fit fit_cost_model(const MeasuredWindows& measured) {
  const std::size_t n = measured.windows.size(), k = measured.charges.size();
  require(n > k, "fit: ", k, " constants (", list(measured.charges), ") need at least ", k + 1,
          " windows, got ", n);
  const Problem problem = weighted(measured);
  require_variation(measured);
  const double condition = require_independence(problem.rows, measured.charges);
  const Solution solution = non_negative_least_squares(problem);
  require(!solution.positive.empty(), "fit: no window has an energy that grows with ",
          list(measured.charges));

  Fit fit;
  FitQuality quality{.windows = static_cast<std::int64_t>(n),
                     .degrees_of_freedom = static_cast<std::int64_t>(n - solution.positive.size()),
                     .chi_square = solution.chi_square,
                     .condition_number = condition};
  const VectorXd errors = standard_errors(problem, solution, quality.degrees_of_freedom);
  for (std::size_t j = 0; j < k; ++j) {
    const auto at = static_cast<Index>(j);
    set(fit.model, measured.charges[j], solution.constants(at), errors(at));
    if (solution.constants(at) == 0) fit.clamped.push_back(measured.charges[j]);
  }
  const VectorXd left = problem.energies - problem.rows * solution.constants;
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const Joules residual = measured.windows[i].uncertainty * left(static_cast<Index>(i));
    fit.residuals.push_back(residual);
    squares += residual.value() * residual.value();
    quality.largest_residual = std::max(quality.largest_residual, std::max(residual, -residual));
  }
  quality.rms_residual = Joules(std::sqrt(squares / static_cast<double>(n)));
  fit.model.name = "fitted:" + measured.device;
  fit.model.source = str("least squares over ", n, " windows measured by ", measured.meter);
  fit.model.device = measured.device;
  fit.model.fit = quality;
  return fit;
}

}  // namespace joule::energy
