// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace joule::reference {

/// The type in which a channel is computed; for float it is double.
template <class T>
using ChannelSum = std::conditional_t<std::is_same_v<T, float>, double, T>;

/// The running statistics may be null.  y may be x.
template <class T>
void batch_norm(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma, const T* beta,
                T epsilon, T momentum, T* y, T* mean, T* mean_rest, T* inv_std, T* running_mean,
                T* running_var) {
  using std::sqrt;
  using Sum = ChannelSum<T>;
  for (std::int64_t c = 0; c < channels; ++c) {
    Sum sum{}, squares{};
    for (std::int64_t i = c; i < rows * channels; i += channels) sum += Sum(x[i]);
    const Sum centre = sum / Sum(rows);
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      squares += (Sum(x[i]) - centre) * (Sum(x[i]) - centre);
    }
    const Sum spread = Sum(1) / sqrt(squares / Sum(rows) + Sum(epsilon));
    mean[c] = T(centre);
    mean_rest[c] = T(centre - Sum(mean[c]));
    inv_std[c] = T(spread);
    if (running_mean) {
      running_mean[c] += momentum * (mean[c] - running_mean[c]);
      running_var[c] += momentum * (T(squares / Sum(rows - 1)) - running_var[c]);
    }
    const Sum scale = Sum(gamma[c]) * spread;
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      y[i] = T((Sum(x[i]) - centre) * scale + Sum(beta[c]));
    }
  }
}

template <class T>
void batch_norm_inference(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma,
                          const T* beta, const T* running_mean, const T* running_var, T epsilon,
                          T* y) {
  using std::sqrt;
  using Sum = ChannelSum<T>;
  for (std::int64_t c = 0; c < channels; ++c) {
    const Sum scale = Sum(gamma[c]) / sqrt(Sum(running_var[c]) + Sum(epsilon));
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      y[i] = T((Sum(x[i]) - Sum(running_mean[c])) * scale + Sum(beta[c]));
    }
  }
}

/// grad_x may be grad_y.
template <class T>
void batch_norm_inference_grad(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma,
                               const T* running_mean, const T* running_var, T epsilon,
                               const T* grad_y, T* grad_x, T* grad_gamma, T* grad_beta) {
  using std::sqrt;
  using Sum = ChannelSum<T>;
  for (std::int64_t c = 0; c < channels; ++c) {
    const Sum inv_std = Sum(1) / sqrt(Sum(running_var[c]) + Sum(epsilon));
    const Sum scale = Sum(gamma[c]) * inv_std;
    Sum sum{}, product{};
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      sum += Sum(grad_y[i]);
      product += Sum(grad_y[i]) * (Sum(x[i]) - Sum(running_mean[c]));
      grad_x[i] = T(Sum(grad_y[i]) * scale);
    }
    grad_beta[c] = T(sum);
    grad_gamma[c] = T(product * inv_std);
  }
}

/// grad_x may be grad_y.
template <class T>
void batch_norm_grad(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma,
                     const T* mean, const T* mean_rest, const T* inv_std, const T* grad_y,
                     T* grad_x, T* grad_gamma, T* grad_beta) {
  using Sum = ChannelSum<T>;
  for (std::int64_t c = 0; c < channels; ++c) {
    const Sum centre = Sum(mean[c]) + Sum(mean_rest[c]);
    Sum sum{}, product{};
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      sum += Sum(grad_y[i]);
      product += Sum(grad_y[i]) * (Sum(x[i]) - centre);
    }
    const Sum normal = product * Sum(inv_std[c]);
    grad_beta[c] = T(sum);
    grad_gamma[c] = T(normal);
    const Sum scale = Sum(gamma[c]) * Sum(inv_std[c]);
    const Sum offset = sum / Sum(rows);
    const Sum slope = normal * Sum(inv_std[c]) / Sum(rows);
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      grad_x[i] = T(scale * ((Sum(grad_y[i]) - offset) - slope * (Sum(x[i]) - centre)));
    }
  }
}

}  // namespace joule::reference
