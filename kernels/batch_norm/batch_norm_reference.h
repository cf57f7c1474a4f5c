// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace joule::reference {

/// What a channel is computed in: of float, double.
template <class T>
using ChannelSum = std::conditional_t<std::is_same_v<T, float>, double, T>;

/// The running statistics may be null.  y may be x.
template <class T>
void batch_norm(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma, const T* beta,
                T epsilon, T momentum, T* y, T* mean, T* mean_rest, T* inv_std, T* running_mean,
                T* running_var) {
  using std::sqrt;
  using ops::Sum = ChannelSum<T>;
  for (std::int64_t c = 0; c < channels; ++c) {
    ops::Sum sum{}, squares{};
    for (std::int64_t i = c; i < rows * channels; i += channels) sum += ops::Sum(x[i]);
    const ops::Sum centre = sum / ops::Sum(rows);
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      squares += (ops::Sum(x[i]) - centre) * (ops::Sum(x[i]) - centre);
    }
    const ops::Sum spread = ops::Sum(1) / sqrt(squares / ops::Sum(rows) + ops::Sum(epsilon));
    mean[c] = T(centre);
    mean_rest[c] = T(centre - ops::Sum(mean[c]));
    inv_std[c] = T(spread);
    if (running_mean) {
      running_mean[c] += momentum * (mean[c] - running_mean[c]);
      running_var[c] += momentum * (T(squares / ops::Sum(rows - 1)) - running_var[c]);
    }
    const ops::Sum scale = ops::Sum(gamma[c]) * spread;
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      y[i] = T((ops::Sum(x[i]) - centre) * scale + ops::Sum(beta[c]));
    }
  }
}

template <class T>
void batch_norm_inference(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma,
                          const T* beta, const T* running_mean, const T* running_var, T epsilon,
                          T* y) {
  using std::sqrt;
  using ops::Sum = ChannelSum<T>;
  for (std::int64_t c = 0; c < channels; ++c) {
    const ops::Sum scale = ops::Sum(gamma[c]) / sqrt(ops::Sum(running_var[c]) + ops::Sum(epsilon));
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      y[i] = T((ops::Sum(x[i]) - ops::Sum(running_mean[c])) * scale + ops::Sum(beta[c]));
    }
  }
}

/// grad_x may be grad_y.
template <class T>
void batch_norm_inference_grad(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma,
                               const T* running_mean, const T* running_var, T epsilon,
                               const T* grad_y, T* grad_x, T* grad_gamma, T* grad_beta) {
  using std::sqrt;
  using ops::Sum = ChannelSum<T>;
  for (std::int64_t c = 0; c < channels; ++c) {
    const ops::Sum inv_std = ops::Sum(1) / sqrt(ops::Sum(running_var[c]) + ops::Sum(epsilon));
    const ops::Sum scale = ops::Sum(gamma[c]) * inv_std;
    ops::Sum sum{}, product{};
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      sum += ops::Sum(grad_y[i]);
      product += ops::Sum(grad_y[i]) * (ops::Sum(x[i]) - ops::Sum(running_mean[c]));
      grad_x[i] = T(ops::Sum(grad_y[i]) * scale);
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
  using ops::Sum = ChannelSum<T>;
  for (std::int64_t c = 0; c < channels; ++c) {
    const ops::Sum centre = ops::Sum(mean[c]) + ops::Sum(mean_rest[c]);
    ops::Sum sum{}, product{};
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      sum += ops::Sum(grad_y[i]);
      product += ops::Sum(grad_y[i]) * (ops::Sum(x[i]) - centre);
    }
    const ops::Sum normal = product * ops::Sum(inv_std[c]);
    grad_beta[c] = T(sum);
    grad_gamma[c] = T(normal);
    const ops::Sum scale = ops::Sum(gamma[c]) * ops::Sum(inv_std[c]);
    const ops::Sum offset = sum / ops::Sum(rows);
    const ops::Sum slope = normal * ops::Sum(inv_std[c]) / ops::Sum(rows);
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      grad_x[i] = T(scale * ((ops::Sum(grad_y[i]) - offset) - slope * (ops::Sum(x[i]) - centre)));
    }
  }
}

}  // namespace joule::reference
