// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/conv2d.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>
#include <span>
#include <vector>

#include "joule/kernels/conv2d/reference.h"
#include "joule/kernels/relu/relu.h"
#include "joule/tests/kernels/conv2d/conv2d_layer.h"
#include "joule/tests/support/central_differences.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/rounded_op.h"

namespace joule {
namespace {

using namespace test;

TEST(Conv2d, IsExactOnIntegers) {
  for_each_target([] {
    for_each_case(
        [](const ConvCase& c) {
          const ConvLayer layer(c, integer_tensor);
          expect_exact_where_wanted(layer);
          expect_exact(layer.forward(), layer.y);
          expect_exact(layer.forward(false), layer.y);
          expect_exact(layer.grad_input(), layer.grad_x);
          expect_exact(layer.grad_weights(), layer.grad_weight);
          expect_exact(layer.grad_weights(), layer.grad_bias);
          expect_exact(layer.grad_weights(false), layer.grad_weight);
        },
        true);
  });
}

TEST(Conv2d, IsExactOnIntegersThatAreNotRounded) {
  for_each_case(
      [](const ConvCase& c) {
        const ConvLayer layer(c, integer_tensor);
        expect_exact_if_rounded(layer.forward(), layer.y);
        expect_exact_if_rounded(layer.grad_input(), layer.grad_x);
        expect_exact_if_rounded(layer.grad_weights(), layer.grad_weight);
        expect_exact_if_rounded(layer.grad_weights(), layer.grad_bias);
      },
      true);
}

/// By each row, or by one.
void expect_exact_relu(const ConvCase& c, std::string_view only = {}) {
  constexpr float kSigma = 0.25f, kThreshold = 2;  // which sums of integers meet
  const ConvLayer layer(c, integer_tensor);
  const Tensor l0_sum{Shape{}};
  const ops::Conv2d op = layer.forward_relu(kSigma, l0_sum);
  run(layer.forward(), kReference);
  const Tensor expected(c.y()), expected_l0{Shape{}};
  run(ops::Relu{.x = layer.y.tensor(), .y = expected, .sigma = kSigma, .l0_sum = expected_l0},
      kReference);
  const Tensor expected_above(c.y()), expected_l0_above{Shape{}};
  run(ops::Relu{.x = layer.y.tensor(),
                .y = expected_above,
                .sigma = kSigma,
                .l0_sum = expected_l0_above,
                .threshold = kThreshold},
      kReference);
  const ops::Conv2d above = layer.forward_relu(kSigma, l0_sum, kThreshold);
  const auto expect_relu = [&](std::string_view name, Precision precision) {
    if (!only.empty() && name != only) return;
    fill_with_nan(layer.y);
    run(op, name, precision);
    expect_same_bits(layer.y.tensor(), expected);
    expect_mask_matches(layer.y.tensor());
    EXPECT_TRUE(layer.y.intact());
    EXPECT_NEAR(l0_sum.item(), expected_l0.item(), 1e-4 * (1 + expected_l0.item()));
    run(layer.forward_relu(), name, precision);
    expect_same_bits(layer.y.tensor(), expected);
    expect_mask_matches(layer.y.tensor());
    run(above, name, precision);
    expect_same_bits(layer.y.tensor(), expected_above);
    expect_mask_matches(layer.y.tensor());
    EXPECT_NEAR(l0_sum.item(), expected_l0_above.item(), 1e-4 * (1 + expected_l0_above.item()));
  };
  for_each_implementation(op, [&](std::string_view name) { expect_relu(name, Precision::f32); });
  for_each_that_rounds(op, expect_relu);
}

TEST(Conv2d, ReluIsPartOfThePass) {
  for_each_target([] { for_each_case([](const ConvCase& c) { expect_exact_relu(c); }); });
}

// So large that the images of a batch are computed one after the other.
TEST(Conv2d, ReluRunsImageByImage) { expect_exact_relu({"large images", {3, 40, 40, 128}, 48, 1}); }

// More tiles of pixels than it has blocks.
TEST(Conv2d, ReluRunsTileByTile) {
  expect_exact_relu({"many pixels", {1, 184, 184, 1}, 3, 1}, "cuda.skip_zero_lists");
}

// In double by the reference, which is the only row that runs it.
Tensor forward64(const ConvCase& c, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y(c.y(), DType::f64);
  dispatch(ops::Conv2d{.x = x, .weight = weight, .y = y, .bias = bias, .params = c.params});
  return y;
}

Tensor grad_input64(const ConvCase& c, const Tensor& grad_y, const Tensor& weight) {
  const Tensor grad_x(c.x, DType::f64);
  dispatch(ops::Conv2dGradInput{
      .grad_y = grad_y, .weight = weight, .grad_x = grad_x, .params = c.params});
  return grad_x;
}

/// grad_weight, grad_bias
std::pair<Tensor, Tensor> grad_weight64(const ConvCase& c, const Tensor& x, const Tensor& grad_y) {
  const Tensor grad_weight(c.weight(), DType::f64), grad_bias({c.out}, DType::f64);
  dispatch(ops::Conv2dGradWeight{.x = x,
                                 .grad_y = grad_y,
                                 .grad_weight = grad_weight,
                                 .grad_bias = grad_bias,
                                 .params = c.params});
  return {grad_weight, grad_bias};
}

// |computed - exact| <= gamma_n |a| |b|, n roundings on the way to each sum (Higham, section 3.5).
TEST(Conv2d, StaysWithinTheForwardErrorBound) {
  for_each_target([] {
    for_each_case([](const ConvCase& c) {
      const ConvLayer layer(c, uniform);
      const std::int64_t taps = c.kernel.h * c.kernel.w, pixels = c.y().numel() / c.out;
      const Tensor y = forward64(c, to64(layer.x), to64(layer.weight), to64(layer.bias));
      const Tensor y_sizes =
          forward64(c, absolute(layer.x), absolute(layer.weight), absolute(layer.bias));
      for_each_implementation(layer.forward(), [&](std::string_view name) {
        const bool rounds = precision_of(layer.forward(), name) == Precision::bf16;
        run(layer.forward(), name);
        expect_within(layer.y.tensor(), y,
                      bound(y_sizes, taps * c.weight()[3] + 2, rounds ? kBf16Rounding : 0));
      });
      const Tensor grad_x = grad_input64(c, to64(layer.grad_y), to64(layer.weight));
      const Tensor grad_x_bound =
          bound(grad_input64(c, absolute(layer.grad_y), absolute(layer.weight)),
                taps * (c.out / c.params.groups) + 1);
      for_each_implementation(layer.grad_input(), [&](std::string_view name) {
        run(layer.grad_input(), name);
        expect_within(layer.grad_x.tensor(), grad_x, grad_x_bound);
      });
      const Tensor all = Tensor::full(c.x, 1);
      ops::Conv2dGradInput wanted = layer.grad_input();
      wanted.wanted = all;
      for_each_implementation(wanted, [&](std::string_view name) {
        run(wanted, name);
        expect_within(layer.grad_x.tensor(), grad_x, grad_x_bound);
      });
      const auto gradients = grad_weight64(c, to64(layer.x), to64(layer.grad_y));
      const auto [weight_sizes, bias_sizes] =
          grad_weight64(c, absolute(layer.x), absolute(layer.grad_y));
      const Tensor weight_bound = bound(weight_sizes, pixels + 1);
      const Tensor bias_bound = bound(bias_sizes, pixels + 1);
      for_each_implementation(layer.grad_weights(), [&](std::string_view name) {
        run(layer.grad_weights(), name);
        expect_within(layer.grad_weight.tensor(), gradients.first, weight_bound);
        expect_within(layer.grad_bias.tensor(), gradients.second, bias_bound);
      });
    });
  });
}

// Whatever else would be rounded, or not, or otherwise, is off by more: a step of TF32 is 8000
// times one of f32.
TEST(Conv2d, RoundsOperandsAndNothingElse) {
  for_each_case([](const ConvCase& c) {
    const ConvLayer layer(c, uniform);
    const std::int64_t taps = c.kernel.h * c.kernel.w, pixels = c.y().numel() / c.out;
    const auto off = [](const Tensor& sizes, std::string_view row, Precision p, std::int64_t n) {
      return scaled(sizes, rounding_bound(row, p, n));
    };
    for_each_that_rounds(layer.forward(), [&](std::string_view name, Precision p) {
      const Tensor x = to64(rounded(layer.x, p)), weight = to64(rounded(layer.weight, p));
      const Tensor bias = to64(layer.bias);
      run(layer.forward(), name, p);
      expect_within(layer.y.tensor(), forward64(c, x, weight, bias),
                    off(forward64(c, absolute(x), absolute(weight), absolute(bias)), name, p,
                        taps * c.weight()[3] + 2));
    });
    for_each_that_rounds(layer.grad_input(), [&](std::string_view name, Precision p) {
      const Tensor grad_y = to64(rounded(layer.grad_y, p)), weight = to64(rounded(layer.weight, p));
      run(layer.grad_input(), name, p);
      expect_within(
          layer.grad_x.tensor(), grad_input64(c, grad_y, weight),
          off(grad_input64(c, absolute(grad_y), absolute(weight)), name, p, taps * c.out + 1));
    });
    for_each_that_rounds(layer.grad_weights(), [&](std::string_view name, Precision p) {
      const Tensor x = to64(rounded(layer.x, p)), grad_y = to64(rounded(layer.grad_y, p));
      run(layer.grad_weights(), name, p);
      expect_within(
          layer.grad_weight.tensor(), grad_weight64(c, x, grad_y).first,
          off(grad_weight64(c, absolute(x), absolute(grad_y)).first, name, p, pixels + 1));
      const Tensor exact = to64(layer.grad_y);  // sums without products
      expect_within(layer.grad_bias.tensor(), grad_weight64(c, x, exact).second,
                    bound(grad_weight64(c, x, absolute(exact)).second, pixels + 1));
    });
  });
}

// The rows with bf16 weights round these to the nearest, and compute with them in f32.
TEST(Conv2d, OnlyTheWeightsAreRoundedToBf16) {
  for_each_target([] {
    for_each_case([](const ConvCase& c) {
      const ConvLayer layer(c, sparse);
      const Tensor weight = rounded_to_bf16(layer.weight);
      const Tensor y = forward64(c, to64(layer.x), to64(weight), to64(layer.bias));
      const Tensor y_bound =
          bound(forward64(c, absolute(layer.x), absolute(weight), absolute(layer.bias)),
                c.kernel.h * c.kernel.w * c.weight()[3] + 2);
      for_each_implementation(layer.forward(), [&](std::string_view name) {
        if (precision_of(layer.forward(), name) != Precision::bf16) return;
        fill_with_nan(layer.y);
        run(layer.forward(), name);
        expect_within(layer.y.tensor(), y, y_bound);
      });
    });
  });
}

TEST(Conv2d, GradientsAgreeWithCentralDifferencesInDouble) {
  const ConvCase c{"small",
                   {2, 5, 4, 4},
                   6,
                   {3, 2},
                   {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2}};
  const Tensor x = to64(uniform(c.x, 1)), weight = to64(uniform(c.weight(), 2));
  const Tensor bias = to64(uniform({c.out}, 3)), grad_y = to64(uniform(c.y(), 4));
  const auto loss = [&] { return inner_product(grad_y, forward64(c, x, weight, bias)); };
  const auto [grad_weight, grad_bias] = grad_weight64(c, x, grad_y);
  expect_central_differences(x, grad_input64(c, grad_y, weight), 1e-3, 1e-9, loss);
  expect_central_differences(weight, grad_weight, 1e-3, 1e-9, loss);
  expect_central_differences(bias, grad_bias, 1e-3, 1e-9, loss);
}

TEST(Conv2d, WorkIsWhatTheReferenceMultiplies) {
  for_each_case([](const ConvCase& c) {
    const ConvLayer layer(c, integer_tensor);
    std::vector<Counted> x(c.x.numel()), weight(c.weight().numel()), y(c.y().numel());
    const auto counted = [](auto&& body) {
      Counted::multiplications = 0;
      body();
      return Counted::multiplications;
    };
    EXPECT_EQ(layer.forward().work().macs,
              counted([&] { reference::conv2d(c.shape(), x.data(), weight.data(), y.data()); }));
    EXPECT_EQ(layer.grad_input().work().macs, counted([&] {
                reference::conv2d_grad_input(c.shape(), y.data(), weight.data(), x.data());
              }));
    EXPECT_EQ(layer.grad_weights().work().macs, counted([&] {
                reference::conv2d_grad_weight(c.shape(), x.data(), y.data(), weight.data());
              }));
    const std::int64_t xs = 4 * c.x.numel(), ws = 4 * c.weight().numel(), ys = 4 * c.y().numel();
    EXPECT_EQ(layer.forward().work().bytes_read, xs + ws + 4 * c.out);
    EXPECT_EQ(layer.forward(false).work().bytes_read, xs + ws);
    EXPECT_EQ(layer.forward().work().bytes_written, ys);
    EXPECT_EQ(layer.grad_input().work().bytes_read, ys + ws);
    EXPECT_EQ(layer.wanted_grad_input().work().bytes_read, ys + ws + c.x.numel() / 8);
    EXPECT_EQ(layer.grad_input().work().bytes_written, xs);
    EXPECT_EQ(layer.grad_weights().work().bytes_read, xs + ys);
    EXPECT_EQ(layer.grad_weights().work().bytes_written, ws + 4 * c.out);
  });
}

TEST(Conv2d, NoImagesGiveNothing) {
  const ConvLayer layer({"no images", {0, 5, 5, 3}, 4, 3, {.padding = 1}}, integer_tensor);
  const auto expect_no_nonzeros = [&](std::string_view name, Precision precision) {
    run(layer.forward_relu(), name, precision);
    EXPECT_EQ(layer.y.tensor().zero_mask()->nonzeros(), 0);
  };
  const auto expect_zeros = [&](std::string_view name, Precision precision) {
    fill_with_nan(layer.grad_weight);
    fill_with_nan(layer.grad_bias);
    run(layer.grad_weights(), name, precision);
    EXPECT_EQ(layer.grad_weight.tensor().nonzeros(), 0);
    EXPECT_EQ(layer.grad_bias.tensor().nonzeros(), 0);
  };
  for_each_implementation(layer.forward_relu(),
                          [&](std::string_view name) { expect_no_nonzeros(name, Precision::f32); });
  for_each_that_rounds(layer.forward_relu(), expect_no_nonzeros);
  for_each_implementation(layer.wanted_grad_input(),
                          [&](std::string_view name) { run(layer.wanted_grad_input(), name); });
  for_each_implementation(layer.grad_weights(),
                          [&](std::string_view name) { expect_zeros(name, Precision::f32); });
  for_each_that_rounds(layer.grad_weights(), expect_zeros);
}

TEST(Conv2d, TellsWhoPassesChannelsFirstWhatTheLayoutIs) {
  const Tensor x({8, 3, 32, 32}), weight({16, 5, 5, 3});
  const std::string expected =
      "conv2d: weight expects 3 input channels, x is [8,3,32,32]; images are [N,H,W,C] here: did "
      "you pass NCHW?";
  EXPECT_EQ(error_of([&] { conv2d(x, weight); }), expected);
  EXPECT_EQ(error_of([&] {
              dispatch(ops::Conv2d{.x = x, .weight = weight, .y = Tensor({8, 1, 28, 16})});
            }),
            expected);
}

TEST(Conv2d, ErrorsNameTheOperandAndWhatWasExpected) {
  const Tensor x({4, 32, 32, 8}), weight({32, 3, 3, 8}), y({4, 30, 30, 32});
  const auto error = [](ops::Conv2d op) { return error_of([&] { dispatch(op); }); };
  EXPECT_EQ(error({.x = Tensor({4, 8}), .weight = weight, .y = y}),
            "conv2d: x must have rank 4, got [4,8]");
  EXPECT_EQ(error({.x = x, .weight = Tensor({32, 3, 3, 16}), .y = y}),
            "conv2d: weight expects 16 input channels, x has 8 (x is [4,32,32,8], weight is "
            "[32,3,3,16], groups=1)");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .params = {.groups = 3}}),
            "conv2d: groups=3 must divide the channels of x and the filters of weight (x is "
            "[4,32,32,8], weight is [32,3,3,8])");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .params = {.padding = 1}}),
            "conv2d: y is f32 [4,30,30,32] on cpu, expected f32 [4,32,32,32] on cpu");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .params = {.stride = {1, 0}}}),
            "conv2d: stride must be at least 1, got 1x0");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .params = {.dilation = 0}}),
            "conv2d: dilation must be at least 1, got 0x0");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .params = {.padding = {0, -1}}}),
            "conv2d: padding must not be negative, got 0x-1");
  constexpr std::int64_t kHuge = std::int64_t{1} << 62,
                         kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .params = {.padding = {0, kHuge}}}),
            "conv2d: padding must be at most 2147483647, got 0x4611686018427387904");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .params = {.dilation = {kHuge, 1}}}),
            "conv2d: dilation must be at most 2147483647, got 4611686018427387904x1");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .params = {.stride = {kMost, 1}}}),
            "conv2d: stride must be at most 2147483647, got 9223372036854775807x1");
  const Size2 widest =
      conv_output_size(1, kMostOfWindow, {.padding = kMostOfWindow, .dilation = {2, 1}});
  EXPECT_EQ(widest, Size2(3, kMostOfWindow + 2));
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .params = {.dilation = 16}}),
            "conv2d: the output would be empty: image 32x32, kernel 3x3, padding 0x0, dilation "
            "16x16");
  EXPECT_EQ(error({.x = Tensor({4, 0, 32, 8}), .weight = weight, .y = y}),
            "conv2d: x has no pixels or no channels, got [4,0,32,8]");
  EXPECT_EQ(error({.x = x, .weight = Tensor({32, 0, 3, 8}), .y = y}),
            "conv2d: weight is empty, got [32,0,3,8]");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .bias = Tensor({8})}),
            "conv2d: bias is f32 [8] on cpu, expected f32 [32] on cpu");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .l0_sum = Tensor(Shape{})}),
            "conv2d: l0_sum is the norm of a ReLU's output, but relu is off");
  EXPECT_EQ(error({.x = x, .weight = weight, .y = y, .relu = true, .l0_sum = Tensor(Shape{})}),
            "conv2d: sigma must be from 1.17549e-38 to 1.1259e+15, got 0");
  EXPECT_EQ(
      error_of([&] {
        dispatch(ops::Conv2dGradInput{.grad_y = y, .weight = weight, .grad_x = Tensor({4, 8})});
      }),
      "conv2d_grad_input: grad_x must have rank 4, got [4,8]");
  EXPECT_EQ(
      error_of([&] {
        dispatch(ops::Conv2dGradInput{.grad_y = y, .weight = weight, .grad_x = x, .wanted = y});
      }),
      "conv2d_grad_input: wanted is f32 [4,30,30,32] on cpu, expected f32 [4,32,32,8] on cpu");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::Conv2dGradWeight{.x = x, .grad_y = x, .grad_weight = weight});
            }),
            "conv2d_grad_weight: grad_y is f32 [4,32,32,8] on cpu, expected f32 [4,30,30,32] on "
            "cpu");
  EXPECT_EQ(error_of([&] { dispatch(ops::Conv2dGradWeight{.x = x, .grad_y = y}); }),
            "conv2d_grad_weight: grad_weight is undefined");
}

}  // namespace
}  // namespace joule
