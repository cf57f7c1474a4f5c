// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

// Gaussian processes: a function seen at some inputs, as a normal distribution at every other.
namespace joule::search {

/// The covariance of two inputs by their distance r; both are 1 at r = 0.
enum class KernelKind {
  rbf,       // exp(-r^2 / 2)
  matern52,  // (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r)
};
/// "rbf", "matern52".
std::string_view name(KernelKind kind);

/// Inputs, a row each.
struct Inputs {
  /// Of each column the number of its length scale; columns may share one.
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
  std::vector<double> length_scales;  // as many as `scale_of` numbers
  double signal = 1;                  // the variance of the function
  double noise = 1e-6;                // the variance that an output has beside it
  double mean = 0;                    // of the function where nothing is known
};

/// The function's value at an input: normal.
struct Prediction {
  double mean = 0, variance = 0;
};

/// y_i = f(x_i) + e_i, f normal with mean m and covariance
/// K_ij = signal k(r_ij), r_ij^2 = sum_c (x_ic - x_jc)^2 / l_c^2, and e_i normal with variance
/// `noise`.
///
/// Cost      n^3 / 3 multiplications to make it, n^2 to predict.
/// Numerics  In double, by the Cholesky factor of K + noise I. Where that fails, as with inputs
/// that
///           are there twice and no noise, 1e-12, 1e-11, ... of the signal is added to the noise.
/// Source    Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", algorithm 2.1
///           and section 5.4.
class GaussianProcess {
 public:
  /// Errors    ArgumentError if there is not a row of inputs per output, a number is not finite, or
  ///           a length scale or the signal is not above 0, or the noise below 0.
  GaussianProcess(Inputs inputs, std::vector<double> outputs, Hyperparameters hyperparameters);

  std::size_t size() const { return outputs_.size(); }
  const Inputs& inputs() const { return inputs_; }
  std::span<const double> outputs() const { return outputs_; }
  const Hyperparameters& hyperparameters() const { return hyperparameters_; }
  /// What was added to the noise; mostly 0.
  double jitter() const { return jitter_; }

  /// Of the function, without the noise, at each row; the columns are those of inputs().
  std::vector<Prediction> predict(std::span<const double> rows) const;

  /// predict() of one row, and the derivatives of both numbers by its columns.
  Prediction predict(std::span<const double> row, std::span<double> mean_gradient,
                     std::span<double> variance_gradient) const;

  /// log p(y) = -(y - m)^T (K + noise I)^-1 (y - m) / 2 - log det(K + noise I) / 2 - n log(2 pi) /
  /// 2
  double log_likelihood() const;

  /// Its derivatives by the logarithms of the length scales, then of the signal, then of the noise.
  /// Cost      2 n^3 multiplications.
  std::vector<double> log_likelihood_gradient() const;

  /// The mean at which log_likelihood() - mean^2 / 2 is the largest: normal beforehand, with
  /// variance 1.
  double most_likely_mean() const;
  /// The same process with that mean.
  void set_mean(double mean);

 private:
  void factorise();

  Inputs inputs_;
  std::vector<double> scaled_;  // the inputs by their length scales
  std::vector<double> outputs_;
  Hyperparameters hyperparameters_;
  double jitter_ = 0;
  std::vector<double> factor_;   // the Cholesky factor, column after column
  std::vector<double> weights_;  // (K + noise I)^-1 (y - m)
};

}  // namespace joule::search
