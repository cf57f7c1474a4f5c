// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace joule::energy {

/// Values at equal steps that resemble their neighbours: a level, or a line, and around it noise
/// with the autocorrelation rho^lag.
///
/// Neither rho nor the noise's variance is known, and few values say little about either.  So both
/// are integrated over: each rho of a grid has the weight that the values give it,
///
///   w(rho) ~ p(rho) sqrt(1 - rho^2) |X' O X|^(-1/2) RSS^(-(n - k) / 2)
///
/// (X the k regressors, O the inverse correlation, RSS the generalised least squares' rest), and
/// what is asked for then follows Student's t with n - k degrees of freedom.  An interval is the
/// one around its centre that holds 95 % of this mixture.  Noise that is slower than the values
/// are long cannot be seen in them.
///
/// Source    Zellner, An Introduction to Bayesian Inference in Econometrics, 1971, ch. 4.

/// The level of several records, each with its own, and how sure it is.
class NoisyLevel {
 public:
  /// Errors    ArgumentError unless each record has at least 3 values.
  explicit NoisyLevel(std::span<const std::vector<double>> records);

  /// The mean of the records' means.
  double mean() const { return mean_; }
  /// Half the width of the 95 % interval around mean() of the level.
  double half_width() const;
  /// The same of the mean of so many values that are yet to come, some time after the records.
  double half_width_of_mean(double values) const;
  /// Half of how far the records' means are apart beyond what the noise makes of them.
  double drift() const;

 private:
  struct Component {
    double rho, weight, variance;       // of the innovations
    std::vector<double> level, spread;  // of each record: its mean, and its variance over that
  };

  double mean_ = 0;
  std::vector<double> means_;
  std::vector<Component> components_;
  int degrees_ = 0;
};

/// A number, and half the width of the interval around it that holds 95 %.
struct Interval95 {
  double value = 0, half_width = 0;
};

/// What predict_sum() needs of a series, however long it is: sums, of values less the first one.
struct SeriesSums {
  std::int64_t values = 0;
  double origin = 0;             // the first value
  double last = 0;               // and the last one, less the first
  double sum = 0, squares = 0;   // sum_i y_i, sum_i y_i^2
  double lagged = 0, timed = 0;  // sum_i y_i y_(i-1), sum_i i y_i

  SeriesSums() = default;
  explicit SeriesSums(double value) : values(1), origin(value) {}
  /// Appends another series.
  SeriesSums& operator+=(const SeriesSums& o);
  friend bool operator==(const SeriesSums&, const SeriesSums&) = default;
};

/// The sum of the next `more` values of a series that may have a linear trend.
///
/// Errors    ArgumentError unless there are at least 3 values and one to come.
Interval95 predict_sum(const SeriesSums& series, std::int64_t more);

}  // namespace joule::energy
