// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include "joule/kernels/update/lars_update.h"
#include "joule/kernels/update/update.h"

namespace joule::reference {

/// velocity may be null.
template <class T>
void sgd_update(const ops::SgdUpdate& op, std::int64_t n, T* parameter, const T* gradient,
                T* velocity) {
  const T lr = static_cast<T>(op.lr), momentum = static_cast<T>(op.momentum);
  const T weight_decay = static_cast<T>(op.weight_decay);
  const T undamped = static_cast<T>(1 - op.dampening);
  for (std::int64_t i = 0; i < n; ++i) {
    const T g = gradient[i] + weight_decay * parameter[i];
    T d = g;
    if (velocity) {
      velocity[i] = momentum * velocity[i] + undamped * g;
      d = op.nesterov ? g + momentum * velocity[i] : velocity[i];
    }
    parameter[i] -= lr * d;
  }
}

/// max_second_moment may be null.
template <class T>
void adam_update(const ops::AdamUpdate& op, std::int64_t n, T* parameter, const T* gradient,
                 T* first_moment, T* second_moment, T* max_second_moment) {
  const double t = static_cast<double>(op.step);
  const T correction1 = static_cast<T>(1 - std::pow(op.beta1, t));
  const T correction2 = static_cast<T>(1 - std::pow(op.beta2, t));
  const T beta1 = static_cast<T>(op.beta1), rest1 = static_cast<T>(1 - op.beta1);
  const T beta2 = static_cast<T>(op.beta2), rest2 = static_cast<T>(1 - op.beta2);
  const T lr = static_cast<T>(op.lr), epsilon = static_cast<T>(op.epsilon);
  const T coupled = static_cast<T>(op.decoupled ? 0 : op.weight_decay);
  const T decoupled = static_cast<T>(op.decoupled ? op.weight_decay : 0);
  for (std::int64_t i = 0; i < n; ++i) {
    const T g = gradient[i] + coupled * parameter[i];
    first_moment[i] = beta1 * first_moment[i] + rest1 * g;
    second_moment[i] = beta2 * second_moment[i] + rest2 * g * g;
    T largest = second_moment[i];
    // NaN survives: no comparison with it holds.
    if (max_second_moment && largest <= max_second_moment[i]) largest = max_second_moment[i];
    if (max_second_moment) max_second_moment[i] = largest;
    const T m = first_moment[i] / correction1;
    const T v = largest / correction2;
    parameter[i] -= lr * (m / (std::sqrt(v) + epsilon) + decoupled * parameter[i]);
  }
}

/// velocity and gradient_average may be null.
template <class T>
void rmsprop_update(const ops::RmsPropUpdate& op, std::int64_t n, T* parameter, const T* gradient,
                    T* square_average, T* velocity, T* gradient_average) {
  const T lr = static_cast<T>(op.lr), momentum = static_cast<T>(op.momentum);
  const T alpha = static_cast<T>(op.alpha), rest = static_cast<T>(1 - op.alpha);
  const T epsilon = static_cast<T>(op.epsilon), weight_decay = static_cast<T>(op.weight_decay);
  for (std::int64_t i = 0; i < n; ++i) {
    const T g = gradient[i] + weight_decay * parameter[i];
    square_average[i] = alpha * square_average[i] + rest * g * g;
    T variance = square_average[i];
    if (gradient_average) {
      gradient_average[i] = alpha * gradient_average[i] + rest * g;
      variance -= gradient_average[i] * gradient_average[i];
      if (variance < 0) variance = 0;
    }
    T d = g / (std::sqrt(variance) + epsilon);
    if (velocity) d = velocity[i] = momentum * velocity[i] + d;
    parameter[i] -= lr * d;
  }
}

/// rate: see lars_rate().
template <class T>
void lars_update(const ops::LarsUpdate& op, double rate, std::int64_t n, T* parameter,
                 const T* gradient, T* velocity) {
  const T local = static_cast<T>(rate), momentum = static_cast<T>(op.momentum);
  const T weight_decay = static_cast<T>(op.weight_decay);
  for (std::int64_t i = 0; i < n; ++i) {
    velocity[i] = momentum * velocity[i] + local * (gradient[i] + weight_decay * parameter[i]);
    parameter[i] -= velocity[i];
  }
}

}  // namespace joule::reference
