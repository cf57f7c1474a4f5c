// SPDX-License-Identifier: MIT
#include "joule/energy/models/fit.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/energy/models/least_squares.h"
#include "joule/energy/models/trials.h"

namespace joule::energy {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

LeastSquares weighted(const MeasuredWindows& measured) {
  const auto n = static_cast<Index>(measured.windows.size());
  const auto k = static_cast<Index>(measured.charges.size());
  LeastSquares problem{MatrixXd(n, k), VectorXd(n)};
  for (Index i = 0; i < n; ++i) {
    const auto& window = measured.windows[static_cast<std::size_t>(i)];
    require(window.counts.size() == measured.charges.size(), "fit: window ", i, " has ",
            window.counts.size(), " counts, expected ", k);
    require(window.uncertainty > Joules(), "fit: window ", i,
            " needs an uncertainty above 0 J, got ", window.uncertainty);
    for (Index j = 0; j < k; ++j) {
      problem.rows(i, j) = window.counts[static_cast<std::size_t>(j)] / window.uncertainty.value();
    }
    problem.values(i) = window.energy / window.uncertainty;
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

/// The condition number, and a check that it is not too large.
double require_independence(const MatrixXd& rows, const std::vector<Charge>& charges) {
  const auto [condition, direction] = conditioning(rows);
  if (condition <= kLargestConditionNumber) return condition;
  std::vector<Charge> dependent;
  for (Index j = 0; j < direction.size(); ++j) {
    if (direction(j) > 0.1) dependent.push_back(charges[static_cast<std::size_t>(j)]);
  }
  throw ArgumentError(str("fit: ", list(dependent), " depend on each other linearly in these ",
                          rows.rows(), " windows (condition number ", condition,
                          "): their constants cannot be told apart; record windows in which they "
                          "vary independently, or leave one out of all of them"));
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

double half_width95(double constant, double standard_error, const FitQuality& fit) {
  return student_t95(fit.degrees_of_freedom) * standard_error + fit.systematic * constant;
}

std::string remark_of(const FitQuality& fit) {
  constexpr double kThousandth = 3.29;  // of the normal distribution, on both sides
  const auto free = static_cast<double>(fit.degrees_of_freedom);
  const double spread = 2 / (9 * free);
  const auto quantile = [&](double z) {
    return free * std::pow(std::max(0.0, 1 - spread + z * std::sqrt(spread)), 3);
  };
  const double per_degree = fit.chi_square / free;
  if (fit.chi_square > quantile(kThousandth)) {
    return str("chi^2 is ", per_degree,
               " per degree of freedom: the windows scatter more than "
               "their uncertainties say, or cost what no constant charges for");
  }
  if (fit.chi_square < quantile(-kThousandth)) {
    return str("chi^2 is ", per_degree,
               " per degree of freedom: the windows scatter less than "
               "their uncertainties say, so that the constants may be surer");
  }
  return {};
}

Fit fit_cost_model(const MeasuredWindows& measured) {
  const std::size_t n = measured.windows.size(), k = measured.charges.size();
  require(n > k, "fit: ", k, " constants (", list(measured.charges), ") need at least ", k + 1,
          " windows, got ", n);
  const LeastSquares problem = weighted(measured);
  require_variation(measured);
  const double condition = require_independence(problem.rows, measured.charges);
  const NonNegativeSolution solution = non_negative_least_squares(problem);
  require(!solution.positive.empty(), "fit: no window has an energy that grows with ",
          list(measured.charges));

  Fit fit;
  FitQuality quality{.windows = static_cast<std::int64_t>(n),
                     .degrees_of_freedom = static_cast<std::int64_t>(n - solution.positive.size()),
                     .chi_square = solution.chi_square,
                     .condition_number = condition,
                     .rms_residual = {},
                     .largest_residual = {},
                     .systematic = measured.systematic};
  const VectorXd errors = standard_errors(problem, solution);
  for (std::size_t j = 0; j < k; ++j) {
    const auto at = static_cast<Index>(j);
    set(fit.model, measured.charges[j], solution.constants(at), errors(at));
    if (solution.constants(at) == 0) fit.clamped.push_back(measured.charges[j]);
  }
  const VectorXd left = problem.values - problem.rows * solution.constants;
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
