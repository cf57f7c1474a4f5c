// SPDX-License-Identifier: MIT
#include "joule/energy/models/noisy_series.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "joule/core/error.h"

namespace joule::energy {
namespace {

/// P(|T| <= t) of Student's distribution.
///
/// Source    Abramowitz and Stegun, 26.7.3 and 26.7.4.
double student_within(double t, int degrees) {
  const double angle = std::atan(t / std::sqrt(degrees));
  const double sine = std::sin(angle), cosine2 = std::cos(angle) * std::cos(angle);
  const bool odd = degrees % 2 == 1;
  double term = odd ? std::cos(angle) : 1, sum = 0;
  for (int i = odd ? 3 : 2; i <= degrees; i += 2) {
    sum += term;
    term *= cosine2 * (i - 1) / i;
  }
  return odd ? 2 / std::numbers::pi * (angle + sine * sum) : sine * sum;
}

double student_below(double t, int degrees) {
  return 0.5 * (1 + std::copysign(student_within(std::abs(t), degrees), t));
}

/// One Student's t of a mixture.
struct Part {
  double weight, centre, scale;
};

/// Beyond this many degrees of freedom the distribution is the normal one within 1 %.
constexpr int kMostDegrees = 100;

/// The h with P(|x - centre| <= h) = .95.
double half_width95(const std::vector<Part>& parts, double centre, int degrees) {
  degrees = std::min(degrees, kMostDegrees);
  const auto inside = [&](double h) {
    double p = 0;
    for (const Part& part : parts) {
      if (part.weight < 1e-6) continue;
      p += part.weight * (student_below((centre + h - part.centre) / part.scale, degrees) -
                          student_below((centre - h - part.centre) / part.scale, degrees));
    }
    return p;
  };
  double low = 0, high = 0;
  for (const Part& part : parts) {
    high = std::max(high, std::abs(part.centre - centre) + 2 * part.scale);
  }
  for (int i = 0; i < 20 && inside(high) < 0.95; ++i) high *= 2;
  for (int i = 0; i < 30; ++i) {
    const double middle = (low + high) / 2;
    (inside(middle) < 0.95 ? low : high) = middle;
  }
  return high;
}

/// 0, and correlation times from a quarter of a step to `longest` steps, evenly by their logarithm.
std::vector<double> rho_grid(double longest, int points) {
  std::vector<double> grid = {0};
  const double shortest = 0.25, ratio = std::log(std::max(longest, 1.0) / shortest);
  for (int i = 0; i < points; ++i) {
    grid.push_back(std::exp(-1 / (shortest * std::exp(ratio * i / (points - 1)))));
  }
  return grid;
}

/// What makes independent noise of variance 1 of a series with the correlation rho.
std::vector<double> whitened(std::span<const double> values, double rho) {
  std::vector<double> white(values.begin(), values.end());
  for (std::size_t i = values.size() - 1; i > 0; --i) white[i] -= rho * values[i - 1];
  white[0] *= std::sqrt(1 - rho * rho);
  return white;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// From logarithms, so that they add up to 1.
template <class Components>
void normalise(Components& components) {
  double largest = -INFINITY, sum = 0;
  for (const auto& c : components) largest = std::max(largest, c.weight);
  for (auto& c : components) sum += c.weight = std::exp(c.weight - largest);
  for (auto& c : components) c.weight /= sum;
}

/// Squares below this are rounding of values of that size.
double rounding(std::span<const double> values) {
  double largest = 1e-150;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return 1e-28 * largest * largest * static_cast<double>(values.size());
}

/// Of the mean of n values of the process, over the innovations' variance.
double variance_of_mean(double rho, double n) {
  const double sum =
      (1 + rho) / (1 - rho) - 2 * rho * (1 - std::pow(rho, n)) / (n * (1 - rho) * (1 - rho));
  return sum / (n * (1 - rho * rho));
}

}  // namespace

NoisyLevel::NoisyLevel(std::span<const std::vector<double>> records) {
  require(!records.empty(), "noisy level: there is no record");
  std::size_t longest = 0;
  double rest = 0;
  for (const auto& record : records) {
    require(record.size() >= 3, "noisy level: expected at least 3 values, got ", record.size());
    longest = std::max(longest, record.size());
    rest += rounding(record);
    degrees_ += static_cast<int>(record.size()) - 1;
    means_.push_back(std::accumulate(record.begin(), record.end(), 0.0) /
                     static_cast<double>(record.size()));
  }
  mean_ = std::accumulate(means_.begin(), means_.end(), 0.0) / static_cast<double>(means_.size());
  // The weight of slow noise falls as 1 - rho, which calibrates: see the coverage tests.
  for (const double rho : rho_grid(static_cast<double>(longest), 20)) {
    Component c{
        .rho = rho, .weight = std::log(1 - rho), .variance = rest, .level = {}, .spread = {}};
    for (const auto& record : records) {
      const auto values = whitened(record, rho);
      const auto ones = whitened(std::vector<double>(record.size(), 1), rho);
      const double xx = dot(ones, ones), level = dot(ones, values) / xx;
      for (std::size_t i = 0; i < values.size(); ++i) {
        c.variance += (values[i] - level * ones[i]) * (values[i] - level * ones[i]);
      }
      c.weight += (std::log(1 - rho * rho) - std::log(xx)) / 2;
      c.level.push_back(level);
      c.spread.push_back(1 / xx);
    }
    c.weight -= degrees_ / 2.0 * std::log(c.variance);
    c.variance /= degrees_;
    components_.push_back(std::move(c));
  }
  normalise(components_);
}

double NoisyLevel::half_width() const { return half_width_of_mean(INFINITY); }

double NoisyLevel::half_width_of_mean(double values) const {
  std::vector<Part> parts;
  for (const Component& c : components_) {
    const auto k = static_cast<double>(c.level.size());
    const double level = std::accumulate(c.level.begin(), c.level.end(), 0.0) / k;
    double spread = std::accumulate(c.spread.begin(), c.spread.end(), 0.0) / (k * k);
    if (std::isfinite(values)) spread += variance_of_mean(c.rho, values);
    parts.push_back({c.weight, level, std::sqrt(c.variance * spread)});
  }
  return half_width95(parts, mean_, degrees_);
}

double NoisyLevel::drift() const {
  double most = 0;
  for (std::size_t i = 0; i < means_.size(); ++i) {
    for (std::size_t j = i + 1; j < means_.size(); ++j) {
      std::vector<Part> parts;
      for (const Component& c : components_) {
        parts.push_back({c.weight, 0, std::sqrt(c.variance * (c.spread[i] + c.spread[j]))});
      }
      const double apart = std::abs(means_[i] - means_[j]);
      most = std::max(most, (apart - half_width95(parts, 0, degrees_)) / 2);
    }
  }
  return most;
}

SeriesSums& SeriesSums::operator+=(const SeriesSums& o) {
  if (o.values == 0) return *this;
  if (values == 0) return *this = o;
  const auto n = static_cast<double>(values), m = static_cast<double>(o.values);
  const double shift = o.origin - origin;  // o's values are less their own first one
  const double more = o.sum + m * shift;
  squares += o.squares + shift * (2 * o.sum + m * shift);
  lagged += o.lagged + shift * (2 * o.sum - o.last + (m - 1) * shift) + last * shift;
  timed += o.timed + shift * m * (m - 1) / 2 + n * more;
  sum += more;
  last = o.last + shift;
  values += o.values;
  return *this;
}

Interval95 predict_sum(const SeriesSums& s, std::int64_t more) {
  require(s.values >= 3 && more >= 1,
          "prediction: expected at least 3 values and one to come, got ", s.values, " and ", more);
  const auto n = static_cast<double>(s.values), m = static_cast<double>(more);
  Interval95 ahead{.value = m * s.origin};
  if (s.squares == 0) return ahead;  // all values are the same
  // The regressors are 1 and the time t from the middle; they are orthogonal for every rho, as are
  // both after whitening: <u, v> = sum u v + rho^2 (sum without both ends) - rho (neighbours).
  const double middle = (n - 1) / 2, times = n * (n * n - 1) / 12, rise = s.last;
  const double t_y = s.timed - middle * s.sum;
  std::vector<Part> parts;
  for (const double rho : rho_grid(3 * n, 16)) {
    const double r2 = rho * rho;
    const double xx = n + r2 * (n - 2) - 2 * rho * (n - 1);
    const double tt =
        times + r2 * (times - 2 * middle * middle) - 2 * rho * (times - middle * middle - middle);
    const double xy = s.sum + r2 * (s.sum - rise) - rho * (2 * s.sum - rise);
    const double ty = t_y + r2 * (t_y - middle * rise) - rho * (2 * t_y - (middle + 1) * rise);
    const double yy = s.squares + r2 * (s.squares - rise * rise) - 2 * rho * s.lagged;
    const double level = xy / xx, slope = ty / tt;
    const double rest = std::max(yy - level * xy - slope * ty, 1e-13 * s.squares);
    // The noise to come goes on from the last value's, e rho^j, and has a variance of its own.
    const double left = 1 - rho, gone = 1 - std::pow(rho, m), carried = rho * gone / left;
    const double own = (m - 2 * carried + r2 * gone * (2 - gone) / (1 - r2)) / (left * left);
    const double ones = m - carried, time = m * (n + m) / 2 - carried * middle;
    parts.push_back(
        {.weight = -std::log(1 - rho) + (std::log(1 - r2) - std::log(xx * tt)) / 2 -
                   (n - 2) / 2 * std::log(rest),
         .centre = ones * level + time * slope + carried * rise,
         .scale = std::sqrt(rest / (n - 2) * (own + ones * ones / xx + time * time / tt))});
  }
  normalise(parts);
  double centre = 0;
  for (const Part& part : parts) centre += part.weight * part.centre;
  ahead.half_width = half_width95(parts, centre, static_cast<int>(std::min(n - 2, 1e6)));
  ahead.value += centre;
  return ahead;
}

}  // namespace joule::energy
