// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <span>
#include <vector>

#include "joule/core/autograd/gradcheck.h"

namespace joule::test {

using Inputs = std::span<const Tensor>;

/// The gradients of `fn` are right, at most `kinks` elements are skipped for having a corner.
inline void expect_gradients(const std::function<Tensor(Inputs)>& fn,
                             const std::vector<Tensor>& inputs, std::int64_t kinks = 0) {
  const GradcheckResult result = gradcheck(fn, inputs);
  EXPECT_TRUE(result.passed) << result.message;
  EXPECT_LE(result.kinks, kinks);
}

}  // namespace joule::test
