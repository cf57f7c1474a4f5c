// SPDX-License-Identifier: MIT
#include "joule/search/gaussian/process.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "joule/core/error.h"

namespace joule::search {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using ConstMatrix = Eigen::Map<const MatrixXd>;
using ConstVector = Eigen::Map<const VectorXd>;

/// The kernel at a squared distance, and its derivative by that.
struct KernelValue {
  double value, slope;
};

KernelValue kernel_at(KernelKind kind, double squared) {
  if (kind == KernelKind::rbf) {
    const double value = std::exp(-squared / 2);
    return {value, -value / 2};
  }
  const double a = std::sqrt(5 * squared), decay = std::exp(-a);
  return {(1 + a + a * a / 3) * decay, -5.0 / 6 * (1 + a) * decay};
}

double squared_distance(const double* a, const double* b, std::size_t columns) {
  double sum = 0;
  for (std::size_t c = 0; c < columns; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
  return sum;
}

std::vector<double> scaled(std::span<const double> rows, const Inputs& like,
                           const Hyperparameters& h) {
  std::vector<double> out(rows.begin(), rows.end());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] /= h.length_scales[like.scale_of[i % like.columns()]];
  }
  return out;
}

void check(const Inputs& inputs, std::span<const double> outputs, const Hyperparameters& h) {
  const auto finite = [](double x) { return std::isfinite(x); };
  const auto positive = [](double x) { return std::isfinite(x) && x > 0; };
  require(inputs.values.size() == outputs.size() * inputs.columns(),
          "gaussian process: ", outputs.size(), " outputs of ", inputs.columns(),
          " columns need as many rows, got ", inputs.values.size(), " numbers");
  require(std::ranges::all_of(inputs.values, finite) && std::ranges::all_of(outputs, finite),
          "gaussian process: an input or an output is not a finite number");
  for (const std::size_t scale : inputs.scale_of) {
    require(scale < h.length_scales.size(), "gaussian process: a column has the length scale ",
            scale, " of ", h.length_scales.size());
  }
  require(std::ranges::all_of(h.length_scales, positive) && positive(h.signal),
          "gaussian process: length scales and signal must be above 0");
  require(std::isfinite(h.noise) && h.noise >= 0 && std::isfinite(h.mean),
          "gaussian process: expected a noise of at least 0 and a finite mean, got ", h.noise,
          " and ", h.mean);
}

}  // namespace

std::string_view name(KernelKind kind) { return kind == KernelKind::rbf ? "rbf" : "matern52"; }

GaussianProcess::GaussianProcess(Inputs inputs, std::vector<double> outputs,
                                 Hyperparameters hyperparameters)
    : inputs_(std::move(inputs)),
      outputs_(std::move(outputs)),
      hyperparameters_(std::move(hyperparameters)) {
  check(inputs_, outputs_, hyperparameters_);
  scaled_ = scaled(inputs_.values, inputs_, hyperparameters_);
  factorise();
  set_mean(hyperparameters_.mean);
}

void GaussianProcess::factorise() {
  const std::size_t n = size(), columns = inputs_.columns();
  MatrixXd covariance(n, n);  // the lower triangle
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = j; i < n; ++i) {
      const double squared =
          squared_distance(&scaled_[i * columns], &scaled_[j * columns], columns);
      covariance(static_cast<Index>(i), static_cast<Index>(j)) =
          hyperparameters_.signal * kernel_at(hyperparameters_.kernel, squared).value;
    }
  }
  factor_.resize(n * n);
  for (double share = 0; share < 1; share = share == 0 ? 1e-12 : 10 * share) {
    jitter_ = share * hyperparameters_.signal;
    MatrixXd factor = covariance;
    factor.diagonal().array() += hyperparameters_.noise + jitter_;
    const Eigen::LLT<Eigen::Ref<MatrixXd>> llt(factor);
    if (llt.info() != Eigen::Success || !factor.diagonal().allFinite()) continue;
    Eigen::Map<MatrixXd>(factor_.data(), static_cast<Index>(n), static_cast<Index>(n)) = factor;
    return;
  }
  throw ArgumentError("gaussian process: the covariance of the inputs has no Cholesky factor");
}

void GaussianProcess::set_mean(double mean) {
  hyperparameters_.mean = mean;
  const auto n = static_cast<Index>(size());
  VectorXd residual = ConstVector(outputs_.data(), n).array() - mean;
  const auto factor = ConstMatrix(factor_.data(), n, n).triangularView<Eigen::Lower>();
  factor.solveInPlace(residual);
  factor.adjoint().solveInPlace(residual);
  weights_.assign(residual.data(), residual.data() + n);
}

double GaussianProcess::most_likely_mean() const {
  const auto n = static_cast<Index>(size());
  const auto factor = ConstMatrix(factor_.data(), n, n).triangularView<Eigen::Lower>();
  VectorXd ones = VectorXd::Ones(n);
  factor.solveInPlace(ones);
  VectorXd seen = ConstVector(outputs_.data(), n);
  factor.solveInPlace(seen);
  return ones.dot(seen) / (ones.squaredNorm() + 1);
}

std::vector<Prediction> GaussianProcess::predict(std::span<const double> rows) const {
  const std::size_t n = size(), columns = inputs_.columns();
  const std::vector<double> at = scaled(rows, inputs_, hyperparameters_);
  const std::size_t count = columns ? rows.size() / columns : 0;
  MatrixXd cross(n, count);
  for (std::size_t j = 0; j < count; ++j) {
    for (std::size_t i = 0; i < n; ++i) {
      const double squared = squared_distance(&at[j * columns], &scaled_[i * columns], columns);
      cross(static_cast<Index>(i), static_cast<Index>(j)) =
          hyperparameters_.signal * kernel_at(hyperparameters_.kernel, squared).value;
    }
  }
  const auto size = static_cast<Index>(n);
  const VectorXd means = cross.transpose() * ConstVector(weights_.data(), size);
  ConstMatrix(factor_.data(), size, size).triangularView<Eigen::Lower>().solveInPlace(cross);
  std::vector<Prediction> predictions(count);
  for (std::size_t j = 0; j < count; ++j) {
    const double known = cross.col(static_cast<Index>(j)).squaredNorm();
    predictions[j] = {hyperparameters_.mean + means(static_cast<Index>(j)),
                      std::max(hyperparameters_.signal - known, 0.0)};  // rounding may leave it
  }
  return predictions;
}

Prediction GaussianProcess::predict(std::span<const double> row, std::span<double> mean_gradient,
                                    std::span<double> variance_gradient) const {
  const std::size_t n = size(), columns = inputs_.columns();
  const std::vector<double> at = scaled(row, inputs_, hyperparameters_);
  VectorXd cross(n), slopes(n);  // slopes: by the squared distance
  for (std::size_t i = 0; i < n; ++i) {
    const KernelValue k = kernel_at(hyperparameters_.kernel,
                                    squared_distance(at.data(), &scaled_[i * columns], columns));
    cross(static_cast<Index>(i)) = hyperparameters_.signal * k.value;
    slopes(static_cast<Index>(i)) = hyperparameters_.signal * k.slope;
  }
  const auto size = static_cast<Index>(n);
  const auto factor = ConstMatrix(factor_.data(), size, size).triangularView<Eigen::Lower>();
  VectorXd solved = cross;
  factor.solveInPlace(solved);
  const double known = solved.squaredNorm();
  factor.adjoint().solveInPlace(solved);
  const ConstVector weights(weights_.data(), size);
  for (std::size_t c = 0; c < columns; ++c) {
    double by_mean = 0, by_variance = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto at_i = static_cast<Index>(i);
      const double slope = slopes(at_i) * 2 * (at[c] - scaled_[i * columns + c]);
      by_mean += weights(at_i) * slope;
      by_variance -= 2 * solved(at_i) * slope;
    }
    const double length = hyperparameters_.length_scales[inputs_.scale_of[c]];
    mean_gradient[c] = by_mean / length;
    variance_gradient[c] = by_variance / length;
  }
  return {hyperparameters_.mean + cross.dot(weights),
          std::max(hyperparameters_.signal - known, 0.0)};
}

double GaussianProcess::log_likelihood() const {
  const auto n = static_cast<Index>(size());
  const ConstVector outputs(outputs_.data(), n), weights(weights_.data(), n);
  const double fit = (outputs.array() - hyperparameters_.mean).matrix().dot(weights);
  const double half_log_det = ConstMatrix(factor_.data(), n, n).diagonal().array().log().sum();
  return -fit / 2 - half_log_det - static_cast<double>(n) / 2 * std::log(2 * std::numbers::pi);
}

std::vector<double> GaussianProcess::log_likelihood_gradient() const {
  // Of each parameter t: tr((w w^T - (K + noise I)^-1) dK/dt) / 2, equation 5.9.
  const std::size_t n = size(), columns = inputs_.columns();
  const auto size = static_cast<Index>(n);
  const auto factor = ConstMatrix(factor_.data(), size, size).triangularView<Eigen::Lower>();
  MatrixXd inverse = MatrixXd::Identity(size, size);
  factor.solveInPlace(inverse);
  factor.adjoint().solveInPlace(inverse);
  const std::size_t scales = hyperparameters_.length_scales.size();
  std::vector<double> gradient(scales + 2, 0);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = j; i < n; ++i) {
      const double* const a = &scaled_[i * columns];
      const double* const b = &scaled_[j * columns];
      const double w =
          weights_[i] * weights_[j] - inverse(static_cast<Index>(i), static_cast<Index>(j));
      if (i == j) {
        gradient[scales] += w / 2 * hyperparameters_.signal;
        gradient[scales + 1] += w / 2 * hyperparameters_.noise;
        continue;  // the distance is 0 whatever the length scales
      }
      const KernelValue k = kernel_at(hyperparameters_.kernel, squared_distance(a, b, columns));
      gradient[scales] += w * hyperparameters_.signal * k.value;
      const double slope = -2 * w * hyperparameters_.signal * k.slope;
      for (std::size_t c = 0; c < columns; ++c) {
        gradient[inputs_.scale_of[c]] += slope * (a[c] - b[c]) * (a[c] - b[c]);
      }
    }
  }
  return gradient;
}

}  // namespace joule::search
