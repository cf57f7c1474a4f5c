// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "joule/kernels/relu/relu.h"
#include "joule/tests/kernels/conv2d/conv2d_cases.h"
#include "joule/tests/support/op_test.h"

// The operations of a convolutional layer, and what must hold of each implementation.
namespace joule::test {

/// The three operations of one layer.
struct ConvLayer {
  ConvCase c;
  Tensor x, weight, bias, grad_y, wanted;
  Guarded y, grad_x, grad_weight, grad_bias;

  template <class Make>
  ConvLayer(const ConvCase& which, Make&& make)
      : c(which),
        x(make(c.x, 1)),
        weight(make(c.weight(), 2)),
        bias(make(Shape{c.out}, 3)),
        grad_y(make(c.y(), 4)),
        wanted(random_tensor(c.x, 5, 0.4)),
        y(c.y()),
        grad_x(c.x),
        grad_weight(c.weight()),
        grad_bias(Shape{c.out}) {}

  ops::Conv2d forward(bool with_bias = true) const {
    return {.x = x,
            .weight = weight,
            .y = y.tensor(),
            .bias = with_bias ? bias : Tensor(),
            .params = c.params};
  }
  ops::Conv2d forward_relu(float sigma = 0, const Tensor& l0_sum = {}, float threshold = 0) const {
    ops::Conv2d op = forward();
    op.relu = true;
    op.sigma = sigma;
    op.l0_sum = l0_sum;
    op.threshold = threshold;
    return op;
  }
  ops::Conv2dGradInput grad_input() const {
    return {.grad_y = grad_y, .weight = weight, .grad_x = grad_x.tensor(), .params = c.params};
  }
  ops::Conv2dGradInput wanted_grad_input() const {
    ops::Conv2dGradInput op = grad_input();
    op.wanted = wanted;
    return op;
  }
  ops::Conv2dGradWeight grad_weights(bool with_bias = true) const {
    return {.x = x,
            .grad_y = grad_y,
            .grad_weight = grad_weight.tensor(),
            .grad_bias = with_bias ? grad_bias.tensor() : Tensor(),
            .params = c.params};
  }
};

inline Tensor uniform(const Shape& shape, std::uint64_t seed) { return random_tensor(shape, seed); }

inline Tensor sparse(const Shape& shape, std::uint64_t seed) {
  return random_tensor(shape, seed, 0.4);
}

inline void fill_with_nan(const Guarded& g) {
  g.tensor().fill(std::numeric_limits<double>::quiet_NaN());
}

/// Which NaN a sum makes is nobody's promise.
inline void expect_same_bits_or_nan(const Tensor& actual, const Tensor& expected) {
  const Tensor copy = actual.clone();
  float* const values = copy.mutable_data<float>();
  for (std::int64_t i = 0; i < copy.numel(); ++i) {
    const float e = expected.data<float>()[i];
    if (std::isnan(values[i]) && std::isnan(e)) values[i] = e;
  }
  expect_same_bits(copy, expected);
}

/// Runs `op` by each row, and expects in `output` the bits that the reference leaves there.
template <class Op>
void expect_exact(const Op& op, const Guarded& output) {
  run(op, kReference);
  const Tensor expected = output.tensor().clone();
  for_each_implementation(op, [&](std::string_view name) {
    fill_with_nan(output);
    run(op, name);
    expect_same_bits_or_nan(output.tensor(), expected);
    EXPECT_TRUE(output.intact());
  });
}

/// As expect_exact(), by the implementations that round the operands of products: small whole
/// numbers are the same in TF32 and in bf16.
template <class Op>
void expect_exact_if_rounded(const Op& op, const Guarded& output) {
  run(op, kReference);
  const Tensor expected = output.tensor().clone();
  for_each_that_rounds(op, [&](std::string_view name, Precision precision) {
    fill_with_nan(output);
    run(op, name, precision);
    expect_same_bits_or_nan(output.tensor(), expected);
    EXPECT_TRUE(output.intact());
  });
}

/// Where the gradient is wanted the reference's bits, elsewhere these or 0.
inline void expect_exact_where_wanted(const ConvLayer& layer) {
  const ops::Conv2dGradInput op = layer.wanted_grad_input();
  run(layer.grad_input(), kReference);
  const Tensor exact = layer.grad_x.tensor().clone();
  const auto wanted = layer.wanted.values<float>();
  for_each_implementation(op, [&](std::string_view name) {
    fill_with_nan(layer.grad_x);
    run(op, name);
    const Tensor expected = exact.clone();
    for (std::int64_t i = 0; i < expected.numel(); ++i) {
      const float value = op.grad_x.data<float>()[i];
      if (wanted[i] == 0 && value == 0) expected.mutable_data<float>()[i] = value;
    }
    expect_same_bits_or_nan(op.grad_x, expected);
    EXPECT_TRUE(layer.grad_x.intact());
  });
}

/// `t` with about this share of non-zeros, and the mask that a ReLU leaves.
inline void make_sparse(const Tensor& t, float density) {
  const Tensor u = uniform(t.shape(), 9);  // in [-1, 1)
  const float* const from = u.data<float>();
  float* const to = t.mutable_data<float>();
  for (std::int64_t i = 0; i < t.numel(); ++i) to[i] = from[i] + 2 * density - 1;
  dispatch(ops::Relu{.x = t, .y = t});
}

}  // namespace joule::test
