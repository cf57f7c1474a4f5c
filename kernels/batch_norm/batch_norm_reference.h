// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

namespace joule::reference {

/// The running statistics may be null.  y may be x.
template <class T>
void batch_norm(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma, const T* beta,
                T epsilon, T momentum, T* y, T* mean, T* inv_std, T* running_mean, T* running_var) {
  using std::sqrt;
  for (std::int64_t c = 0; c < channels; ++c) {
    T sum{}, squares{};
    for (std::int64_t i = c; i < rows * channels; i += channels) sum += x[i];
    mean[c] = sum / T(rows);
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      squares += (x[i] - mean[c]) * (x[i] - mean[c]);
    }
    inv_std[c] = T(1) / sqrt(squares / T(rows) + epsilon);
    if (running_mean) {
      running_mean[c] += momentum * (mean[c] - running_mean[c]);
      running_var[c] += momentum * (squares / T(rows - 1) - running_var[c]);
    }
    const T scale = gamma[c] * inv_std[c];
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      y[i] = (x[i] - mean[c]) * scale + beta[c];
    }
  }
}

template <class T>
void batch_norm_inference(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma,
                          const T* beta, const T* running_mean, const T* running_var, T epsilon,
                          T* y) {
  using std::sqrt;
  for (std::int64_t c = 0; c < channels; ++c) {
    const T scale = gamma[c] / sqrt(running_var[c] + epsilon);
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      y[i] = (x[i] - running_mean[c]) * scale + beta[c];
    }
  }
}

/// grad_x may be grad_y.
template <class T>
void batch_norm_grad(std::int64_t rows, std::int64_t channels, const T* x, const T* gamma,
                     const T* mean, const T* inv_std, const T* grad_y, T* grad_x, T* grad_gamma,
                     T* grad_beta) {
  for (std::int64_t c = 0; c < channels; ++c) {
    T sum{}, product{};
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      sum += grad_y[i];
      product += grad_y[i] * (x[i] - mean[c]);
    }
    grad_beta[c] = sum;
    grad_gamma[c] = product * inv_std[c];
    const T scale = gamma[c] * inv_std[c];
    const T offset = grad_beta[c] / T(rows);
    const T slope = grad_gamma[c] * inv_std[c] / T(rows);
    for (std::int64_t i = c; i < rows * channels; i += channels) {
      grad_x[i] = scale * ((grad_y[i] - offset) - slope * (x[i] - mean[c]));
    }
  }
}

}  // namespace joule::reference
