// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "joule/core/tensor.h"

namespace joule {

struct GradcheckOptions {
  double step = 1e-5;       // of the central difference
  double tolerance = 1e-6;  // of |analytic - numeric| / max(1, |analytic|, |numeric|)
  /// An element is a kink, and skipped, if its one-sided differences differ by more than this.
  double kink = 1e-3;
  std::uint64_t seed = 1;  // of the random output gradient
};

struct GradcheckResult {
  bool passed = false;
  double worst_error = 0;
  std::int64_t compared = 0;
  std::int64_t kinks = 0;  // elements skipped because the function has a corner there
  std::string message{};   // of the worst element: input, index, both values
};

/// Compares the gradients of `fn` with central differences, both in double: converts the inputs to
/// f64, which only the reference implementations run.
///
/// Checks d/dx <r, fn(x)> for a fixed random r and every element of every floating-point input;
/// passes i32 inputs through unchanged.  `fn` must be a pure function of its inputs.
///
/// Cost      three evaluations per input element.
/// Errors    ArgumentError if fn's output does not depend on any input.
GradcheckResult gradcheck(const std::function<Tensor(std::span<const Tensor>)>& fn,
                          const std::vector<Tensor>& inputs, const GradcheckOptions& options = {});

}  // namespace joule
