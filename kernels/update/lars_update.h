// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule::ops {

/// Layer-wise adaptive rate scaling; see update.h for the other rules:
///   rate = lr * trust * |parameter| / (|gradient| + weight_decay * |parameter|)
///   velocity = momentum * velocity + rate * (gradient + weight_decay * parameter)
///   parameter -= velocity
/// where the norms are Euclidean, over the whole tensor.  The rate is lr if the numerator or
/// the denominator of that quotient is 0, or if squared_norms is undefined.
///
/// Shapes    velocities: zeros before the first step.  squared_norms: f64 [n, 2] for n parameters,
///           |parameter|^2 and |gradient|^2 (SquaredNorm), or undefined.
/// Cost      no MACs of the net; reads all operands, writes parameters and velocities.
/// Errors    ArgumentError if there are no parameters, the operands do not fit, a number is
///           negative or not finite, or momentum >= 1.
/// Numerics  rate in double, rounded once; elementwise: the same bits for any number of threads.
/// Source    You, Gitman and Ginsburg 2017, arXiv:1708.03888, Algorithm 1.
struct LarsUpdate {
  static constexpr std::string_view kName = "lars_update";

  std::vector<Tensor> parameters;
  std::vector<Tensor> gradients;
  std::vector<Tensor> velocities;
  Tensor squared_norms{};
  double lr = 0;
  double trust = 0.001;
  double momentum = 0;
  double weight_decay = 0;

  Device device() const { return parameters.front().device(); }
  DType dtype() const { return parameters.front().dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<LarsUpdate>> implementations();
};

}  // namespace joule::ops
