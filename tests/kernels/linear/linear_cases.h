// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/linear/linear.h"

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "joule/kernels/linear/linear_reference.h"
#include "joule/kernels/relu/relu.h"
#include "joule/kernels/zero_mask_rows.h"
#include "joule/tests/support/central_differences.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/rounded_op.h"

// What linear_test and linear_grad_test share.
namespace joule::linear_cases {

using namespace test;

struct Sizes {
  std::int64_t batch, in, out;
};

// Around the tiles (6 or 12 rows, 8 to 32 columns; 64 of both), the blocks of the depth (384), the
// eight panels of columns that are packed at once, and the least depth (128) that is cut in pieces.
inline const Sizes kSizes[] = {{1, 1, 1},      {3, 5, 2},     {12, 64, 32}, {13, 70, 33},
                               {128, 128, 10}, {7, 384, 20},  {5, 385, 31}, {25, 900, 40},
                               {130, 77, 300}, {2, 300, 130}, {300, 20, 9}};

/// The three operations of one layer on random operands.
struct Layer {
  Tensor x, weight, bias, grad_y;
  Guarded y, grad_x, grad_weight, grad_bias;

  template <class Make>
  Layer(const Sizes& s, Make&& make)
      : x(make(Shape{s.batch, s.in}, 1)),
        weight(make(Shape{s.out, s.in}, 2)),
        bias(make(Shape{s.out}, 3)),
        grad_y(make(Shape{s.batch, s.out}, 4)),
        y(grad_y.shape()),
        grad_x(x.shape()),
        grad_weight(weight.shape()),
        grad_bias(bias.shape()) {}

  ops::Linear forward(bool with_bias = true) const {
    return {.x = x, .weight = weight, .y = y.tensor(), .bias = with_bias ? bias : Tensor()};
  }
  ops::LinearGradInput grad_input() const {
    return {.grad_y = grad_y, .weight = weight, .grad_x = grad_x.tensor()};
  }
  ops::LinearGradWeight grad_weights(bool with_bias = true) const {
    return {.x = x,
            .grad_y = grad_y,
            .grad_weight = grad_weight.tensor(),
            .grad_bias = with_bias ? grad_bias.tensor() : Tensor()};
  }
};

inline void fill_with_nan(std::initializer_list<const Guarded*> outputs) {
  for (const Guarded* g : outputs) g->tensor().fill(std::numeric_limits<double>::quiet_NaN());
}

}  // namespace joule::linear_cases
