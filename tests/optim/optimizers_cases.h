// SPDX-License-Identifier: MIT
#pragma once

#include "joule/optim/optimizers.h"

#include <functional>
#include <memory>
#include <set>

#include "joule/tests/support/op_test.h"

// What optimizers_test and adam_test share.
namespace joule::optimizers_cases {

using namespace test;

using Parameters = std::vector<NamedTensor>;

/// A leaf of the tape.
inline Tensor leaf(Tensor values) { return values.set_requires_grad(); }

inline Parameters make_parameters(DType dtype = DType::f32) {
  return {{"conv1.weight", leaf(random_tensor({5, 7}, 1).to(dtype))},
          {"conv1.bias", leaf(random_tensor({3}, 2).to(dtype))}};
}

/// The gradients of step `step`: no function of the parameters, so that errors do not feed back.
inline void set_gradients(const Parameters& parameters, int step) {
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    const Tensor& p = parameters[k].tensor;
    p.set_grad(
        random_tensor(p.shape(), 100 + 10 * static_cast<std::uint64_t>(step) + k).to(p.dtype()));
  }
}

inline State snapshot(const Optimizer& optimizer) {
  State state = optimizer.state();
  for (auto& [name, tensor] : state.tensors) tensor = tensor.clone();
  return state;
}

}  // namespace joule::optimizers_cases
