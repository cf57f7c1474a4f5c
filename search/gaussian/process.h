// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

// Gaussian processes: a function observed at some inputs, as a normal distribution at any other.
namespace joule::search {

/// The covariance of two inputs as a function of their distance r; both are 1 at r = 0.
enum class KernelKind {
  rbf,       // exp(-r^2 / 2)
  matern52,  // (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r)
};
/// "rbf", "matern52".
std::string_view name(KernelKind kind);

/// Inputs, one per row.
struct Inputs {
  /// Per column, the index of its length scale; columns may share one.
  std::vector<std::size_t> scale_of;
  std::vector<double> values;  // row after row

  std::size_t columns() const { return scale_of.size(); }
  std::size_t rows() const { return columns() ? values.size() / columns() : 0; }
  std::span<const double> row(std::size_t i) const {
    return std::span(values).subspan(i * columns(), columns());
  }
};

struct Hyperparameters {
  KernelKind kernel = KernelKind::matern52;
  std::vector<double> length_scales;  // one per index in `scale_of`
  double signal = 1;                  // the variance of the function
  double noise = 1e-6;                // the variance that each output has in addition
  double mean = 0;                    // of the function far from any data
};

/// The value of the function at an input, normally distributed.
struct Prediction {
  double mean = 0, variance = 0;
};

/// y_i = f(x_i) + e_i, f normal with mean m and covariance
/// K_ij = signal k(r_ij), r_ij^2 = sum_c (x_ic - x_jc)^2 / l_c^2, and e_i normal with variance
/// `noise`.
///
/// Cost      n^3 / 3 multiplications to construct, n^2 to predict.
/// Numerics  in double, by the Cholesky factor of K + noise I.  Where that fails, as for duplicate
///           inputs without noise, 1e-12, 1e-11, ... of the signal is added to the
///           noise.
/// Source    Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", algorithm 2.1
///           and section 5.4.
class GaussianProcess {
 public:
  /// Errors    ArgumentError unless there is one row of inputs per output, all numbers are finite,
  ///           length scales and signal are above 0, and the noise is at least 0.
  GaussianProcess(Inputs inputs, std::vector<double> outputs, Hyperparameters hyperparameters);

  std::size_t size() const { return outputs_.size(); }
  const Inputs& inputs() const { return inputs_; }
  std::span<const double> outputs() const { return outputs_; }
  const Hyperparameters& hyperparameters() const { return hyperparameters_; }
  /// What was added to the noise; usually 0.
  double jitter() const { return jitter_; }

  /// Predicts the function, without noise, at each row; the columns are those of inputs().
  std::vector<Prediction> predict(std::span<const double> rows) const;

  /// predict() for one row, with the derivatives of mean and variance by its columns.
  Prediction predict(std::span<const double> row, std::span<double> mean_gradient,
                     std::span<double> variance_gradient) const;

  /// log p(y) = -(y - m)^T (K + noise I)^-1 (y - m) / 2 - log det(K + noise I) / 2 - n log(2 pi) /
  /// 2
  double log_likelihood() const;

  /// The derivatives by the logarithms of the length scales, then of the signal, then of the noise.
  /// Cost      2 n^3 multiplications.
  std::vector<double> log_likelihood_gradient() const;

  /// The mean that maximises log_likelihood() - mean^2 / 2, that is with a normal prior of variance
  /// 1.
  double most_likely_mean() const;
  /// Sets the mean of the process.
  void set_mean(double mean);

 private:
  void factorise();

  Inputs inputs_;
  std::vector<double> scaled_;  // the inputs divided by their length scales
  std::vector<double> outputs_;
  Hyperparameters hyperparameters_;
  double jitter_ = 0;
  std::vector<double> factor_;   // the Cholesky factor, column after column
  std::vector<double> weights_;  // (K + noise I)^-1 (y - m)
};

}  // namespace joule::search
