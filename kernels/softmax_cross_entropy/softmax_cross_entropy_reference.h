// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace joule::reference {

/// For one row of `classes` logits; returns its loss.  In double for any T.  weights may be
/// null: all 1.
template <class T>
double softmax_cross_entropy(std::int64_t classes, const T* logits, std::int64_t label,
                             double smoothing, const T* weights, T* probabilities) {
  const double max = *std::max_element(logits, logits + classes);
  const double at_label = logits[label] - max;
  double sum = 0, total = 0, weight_sum = 0;
  for (std::int64_t k = 0; k < classes; ++k) {
    const double shifted = logits[k] - max;
    const double power = std::exp(shifted);
    sum += power;
    if (weights) {
      weight_sum += weights[k];
      // Every class counts only with smoothing.
      if (smoothing > 0) total += weights[k] * shifted;
    } else {
      total += shifted;
    }
    probabilities[k] = static_cast<T>(power);
  }
  for (std::int64_t k = 0; k < classes; ++k) {
    probabilities[k] = static_cast<T>(probabilities[k] / sum);
  }
  // Without smoothing, a class with logit -inf must not contribute 0 * inf.
  const double uniform = smoothing > 0 ? smoothing * total / static_cast<double>(classes) : 0;
  if (!weights) return std::log(sum) - (1 - smoothing) * at_label - uniform;
  const double at = (1 - smoothing) * weights[label];
  const double all = at + smoothing * weight_sum / static_cast<double>(classes);
  return all * std::log(sum) - at * at_label - uniform;
}

/// For one row, with grad_loss of that row.  weights may be null: all 1.
template <class T>
void softmax_cross_entropy_grad(std::int64_t classes, const T* probabilities, std::int64_t label,
                                double smoothing, const T* weights, double grad_loss,
                                T* grad_logits) {
  const double others = smoothing / static_cast<double>(classes);
  double all = 1;  // the sum of the row's targets
  if (weights) {
    all = (1 - smoothing) * weights[label];
    for (std::int64_t k = 0; k < classes; ++k) all += others * weights[k];
  }
  for (std::int64_t k = 0; k < classes; ++k) {
    const double share = others + (k == label ? 1 - smoothing : 0);
    const double target = weights ? share * weights[k] : share;
    grad_logits[k] = static_cast<T>(grad_loss * (all * probabilities[k] - target));
  }
}

}  // namespace joule::reference
