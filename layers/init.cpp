// SPDX-License-Identifier: MIT
#include "joule/layers/init.h"

#include <cmath>
#include <utility>

#include "joule/layers/uninitialised.h"

namespace joule {
namespace {
thread_local bool uninitialised = false;
}

UninitialisedWeights::UninitialisedWeights() : outer_(std::exchange(uninitialised, true)) {}
UninitialisedWeights::~UninitialisedWeights() { uninitialised = outer_; }

Tensor initialise(Init init, const Shape& shape, Generator& generator) {
  require(shape.rank() >= 2 && shape.numel() > 0,
          "initialise: weights need at least two dimensions and one element, got ", shape);
  const auto numel = static_cast<double>(shape.numel());
  const double fan_in = numel / static_cast<double>(shape[0]);
  const double fan_out = numel / static_cast<double>(shape[-1]);
  const Tensor weights(shape);
  if (uninitialised) return weights;
  const std::span<float> values(weights.mutable_data<float>(),
                                static_cast<std::size_t>(shape.numel()));
  const auto normal = [&](double variance) {
    generator.normal(values, 0.0f, static_cast<float>(std::sqrt(variance)));
  };
  const auto uniform = [&](double variance) {
    const auto a = static_cast<float>(std::sqrt(3.0 * variance));  // Var U(-a, a) = a^2 / 3
    generator.uniform(values, -a, a);
  };
  switch (init) {
    case Init::he_normal:
      normal(2.0 / fan_in);
      break;
    case Init::he_normal_out:
      normal(2.0 / fan_out);
      break;
    case Init::he_uniform:
      uniform(2.0 / fan_in);
      break;
    case Init::xavier_normal:
      normal(2.0 / (fan_in + fan_out));
      break;
    case Init::xavier_uniform:
      uniform(2.0 / (fan_in + fan_out));
      break;
  }
  return weights;
}

}  // namespace joule
