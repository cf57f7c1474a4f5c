// SPDX-License-Identifier: MIT
#include "joule/search/statistics/sample.h"

#include <cmath>
#include <numbers>

#include "joule/core/error.h"

namespace joule::search {

void check_sample(std::string_view what, std::span<const double> sample) {
  require(!sample.empty(), what, ": the sample has no value");
  for (std::size_t i = 0; i < sample.size(); ++i) {
    require(std::isfinite(sample[i]), what, ": value ", i, " must be finite, got ", sample[i]);
  }
}

void check_level(std::string_view what, double level) {
  require(level > 0 && level < 1, what, ": level must lie between 0 and 1, got ", level);
}

double mean_of(std::span<const double> sample) {
  const auto n = static_cast<double>(sample.size());
  double sum = 0, rest = 0;
  for (const double x : sample) sum += x;
  const double mean = sum / n;
  for (const double x : sample) rest += x - mean;
  return mean + rest / n;
}

double squares_about(std::span<const double> sample, double mean) {
  double sum = 0;
  for (const double x : sample) sum += (x - mean) * (x - mean);
  return sum;
}

double normal_p_value(double z) { return std::erfc(std::abs(z) / std::numbers::sqrt2); }

}  // namespace joule::search
