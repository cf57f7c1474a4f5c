// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace joule::reference {

/// Of one row of `classes` logits; returns its loss.  In double, whatever T is.
template <class T>
double softmax_cross_entropy(std::int64_t classes, const T* logits, std::int64_t label,
                             double smoothing, T* probabilities) {
  const double max = *std::max_element(logits, logits + classes);
  const double at_label = logits[label] - max;
  double sum = 0, total = 0;
  for (std::int64_t k = 0; k < classes; ++k) {
    const double shifted = logits[k] - max;
    const double power = std::exp(shifted);
    sum += power;
    total += shifted;
    probabilities[k] = static_cast<T>(power);
  }
  for (std::int64_t k = 0; k < classes; ++k) {
    probabilities[k] = static_cast<T>(probabilities[k] / sum);
  }
  // Without smoothing a class that is ruled out by a logit of -inf must not make 0 * inf.
  const double uniform = smoothing > 0 ? smoothing * total / static_cast<double>(classes) : 0;
  return std::log(sum) - (1 - smoothing) * at_label - uniform;
}

/// Of one row; grad_loss is that of the row.
template <class T>
void softmax_cross_entropy_grad(std::int64_t classes, const T* probabilities, std::int64_t label,
                                double smoothing, double grad_loss, T* grad_logits) {
  const double others = smoothing / static_cast<double>(classes);
  for (std::int64_t k = 0; k < classes; ++k) {
    const double target = others + (k == label ? 1 - smoothing : 0);
    grad_logits[k] = static_cast<T>(grad_loss * (probabilities[k] - target));
  }
}

}  // namespace joule::reference
