// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "joule/kernels/group_norm/group_norm_impl.h"

namespace joule::reference {

/// Calls body(at, c) for each element of a group of image n: its index in x, and its channel.
template <class Body>
void for_each_of_group(const GroupNormShape& s, std::int64_t n, std::int64_t g, Body&& body) {
  for (std::int64_t p = 0; p < s.pixels; ++p) {
    const std::int64_t row = (n * s.pixels + p) * s.channels;
    for (std::int64_t c = g * s.width(); c < (g + 1) * s.width(); ++c) body(row + c, c);
  }
}

struct GroupStatistics {
  double mean, inv_std;
};

template <class T>
GroupStatistics group_statistics(const GroupNormShape& s, std::int64_t n, std::int64_t g,
                                 const T* x, double epsilon) {
  const auto size = static_cast<double>(s.size());
  double sum = 0, squares = 0;
  for_each_of_group(s, n, g, [&](std::int64_t at, std::int64_t) { sum += x[at]; });
  const double mean = sum / size;
  for_each_of_group(
      s, n, g, [&](std::int64_t at, std::int64_t) { squares += (x[at] - mean) * (x[at] - mean); });
  return {mean, 1 / std::sqrt(squares / size + epsilon)};
}

template <class T>
void group_norm(const GroupNormShape& s, std::int64_t n, std::int64_t g, const T* x, const T* gamma,
                const T* beta, double epsilon, T* y) {
  const auto [mean, inv_std] = group_statistics(s, n, g, x, epsilon);
  for_each_of_group(s, n, g, [&, mean = mean, inv_std = inv_std](std::int64_t at, std::int64_t c) {
    y[at] = static_cast<T>((x[at] - mean) * inv_std * gamma[c] + beta[c]);
  });
}

/// Adds to the sums over the images, each [channels].
template <class T>
void group_norm_grad(const GroupNormShape& s, std::int64_t n, std::int64_t g, const T* x,
                     const T* gamma, const T* grad_y, double epsilon, T* grad_x, double* grad_gamma,
                     double* grad_beta) {
  const auto [mean, inv_std] = group_statistics(s, n, g, x, epsilon);
  const auto normalised = [&, mean = mean, inv_std = inv_std](std::int64_t at) {
    return (x[at] - mean) * inv_std;
  };
  double sum = 0, product = 0;
  for_each_of_group(s, n, g, [&](std::int64_t at, std::int64_t c) {
    const double h = double{grad_y[at]} * gamma[c];
    sum += h;
    product += h * normalised(at);
    grad_gamma[c] += grad_y[at] * normalised(at);
    grad_beta[c] += grad_y[at];
  });
  sum /= static_cast<double>(s.size());
  product /= static_cast<double>(s.size());
  for_each_of_group(s, n, g, [&, inv_std = inv_std](std::int64_t at, std::int64_t c) {
    const double h = double{grad_y[at]} * gamma[c];
    grad_x[at] = static_cast<T>(inv_std * (h - sum - normalised(at) * product));
  });
}

}  // namespace joule::reference
