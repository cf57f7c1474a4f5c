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
#include "joule/kernels/zero_mask_rows.h"
#include "joule/tests/support/central_differences.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/rounded_op.h"

namespace joule {
namespace {

using namespace test;

struct Case {
  std::string_view what;
  Shape x;           // [N,H,W,C]
  std::int64_t out;  // filters
  Size2 kernel;
  ConvParams params{};

  Shape weight() const { return {out, kernel.h, kernel.w, x[3] / params.groups}; }
  Shape y() const {
    const Size2 size = conv_output_size({x[1], x[2]}, kernel, params);
    return {x[0], size.h, size.w, out};
  }
  Conv2dShape shape() const {
    return {.batch = x[0],
            .in_h = x[1],
            .in_w = x[2],
            .in_channels = x[3],
            .out_channels = out,
            .kernel_h = kernel.h,
            .kernel_w = kernel.w,
            .stride_h = params.stride.h,
            .stride_w = params.stride.w,
            .pad_h = params.padding.h,
            .pad_w = params.padding.w,
            .dilation_h = params.dilation.h,
            .dilation_w = params.dilation.w,
            .groups = params.groups};
  }
};

// Every kind of geometry; channels around the vectors (8, 16) and blocks (16, 64) of the kernels,
// pixels around their tiles of six.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"one pixel, one channel", {1, 1, 1, 1}, 1, 1},
      {"first layer", {2, 9, 9, 1}, 32, 3, {.padding = 1}},
      {"1x1", {3, 5, 7, 20}, 70, 1},
      {"1x1, stride 2", {2, 7, 6, 17}, 16, 1, {.stride = 2}},
      {"3x3", {2, 4, 5, 64}, 64, 3, {.padding = 1}},
      {"3x3, many channels", {2, 3, 4, 128}, 35, 3, {.padding = 1}},
      {"3x3 without padding", {1, 8, 5, 16}, 48, 3},
      {"3x3, tails in channels", {2, 5, 7, 13}, 35, 3, {.padding = 1}},
      {"3x3, two blocks and a tail", {1, 4, 5, 66}, 131, 3, {.padding = 1}},
      {"3x3, stride 2", {2, 9, 8, 6}, 20, 3, {.stride = 2, .padding = 1}},
      {"3x3, stride 2, many channels", {3, 9, 8, 32}, 40, 3, {.stride = 2, .padding = 1}},
      {"3x3, dilation 2, many channels", {2, 8, 7, 35}, 33, 3, {.padding = 1, .dilation = 2}},
      {"3x3, dilation 2", {1, 9, 9, 5}, 18, 3, {.padding = 2, .dilation = 2}},
      {"5x5", {1, 8, 8, 7}, 17, 5, {.padding = 2}},
      {"7x7, stride 2", {2, 15, 13, 3}, 33, 7, {.stride = 2, .padding = 3}},
      {"unequal sides", {2, 7, 11, 4}, 10, {3, 2}, {.stride = {2, 3}, .padding = {2, 0}}},
      {"stride and dilation share a factor",
       {1, 11, 10, 3},
       9,
       3,
       {.stride = {2, 4}, .padding = 2, .dilation = {4, 2}}},
      {"stride greater than the kernel", {1, 9, 9, 4}, 12, 2, {.stride = 4}},
      {"stride greater than the image", {2, 2, 3, 4}, 12, 2, {.stride = 5, .padding = 2}},
      {"3x3, stride 3", {2, 10, 11, 65}, 17, 3, {.stride = 3, .padding = 1}},
      {"1x1, stride 3, tails", {1, 7, 8, 130}, 130, 1, {.stride = 3}},
      {"4x4, channels in three words", {1, 6, 7, 130}, 10, 4, {.stride = 2, .padding = 1}},
      {"4x4, few pixels of many filters", {1, 4, 4, 5}, 130, 4, {.stride = 2, .padding = 1}},
      {"kernel rows in groups", {1, 3, 2, 300}, 130, {5, 4}, {.padding = 2}},
      {"channels in parts", {1, 1, 2, 600}, 70, 1},
      {"3x3, dilation 2 in height", {2, 8, 7, 9}, 33, 3, {.padding = 1, .dilation = {2, 1}}},
      {"padding greater than needed", {1, 3, 3, 4}, 9, 2, {.padding = 4}},
      {"one pixel in much padding", {1, 1, 1, 3}, 5, 3, {.padding = 3}},
      {"two groups", {2, 6, 5, 12}, 40, 3, {.padding = 1, .groups = 2}},
      {"three groups, tails", {1, 5, 5, 15}, 27, 3, {.stride = 2, .padding = 1, .groups = 3}},
      {"depthwise", {2, 7, 6, 21}, 21, 3, {.padding = 1, .groups = 21}},
      {"depthwise, stride 2, two each",
       {1, 8, 9, 10},
       20,
       3,
       {.stride = 2, .padding = 1, .groups = 10}},
      {"several items an image", {1, 40, 9, 5}, 8, 3, {.padding = 1}},
      {"several partial sums", {9, 16, 16, 2}, 4, 3, {.padding = 1}},
  };
  return all;
}

/// The three operations of one layer.
struct Layer {
  Case c;
  Tensor x, weight, bias, grad_y, wanted;
  Guarded y, grad_x, grad_weight, grad_bias;

  template <class Make>
  Layer(const Case& which, Make&& make)
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

  Conv2d forward(bool with_bias = true) const {
    return {.x = x,
            .weight = weight,
            .y = y.tensor(),
            .bias = with_bias ? bias : Tensor(),
            .params = c.params};
  }
  Conv2d forward_relu(float sigma = 0, const Tensor& l0_sum = {}) const {
    Conv2d op = forward();
    op.relu = true;
    op.sigma = sigma;
    op.l0_sum = l0_sum;
    return op;
  }
  Conv2dGradInput grad_input() const {
    return {.grad_y = grad_y, .weight = weight, .grad_x = grad_x.tensor(), .params = c.params};
  }
  Conv2dGradInput wanted_grad_input() const {
    Conv2dGradInput op = grad_input();
    op.wanted = wanted;
    return op;
  }
  Conv2dGradWeight grad_weights(bool with_bias = true) const {
    return {.x = x,
            .grad_y = grad_y,
            .grad_weight = grad_weight.tensor(),
            .grad_bias = with_bias ? grad_bias.tensor() : Tensor(),
            .params = c.params};
  }
};

template <class Body>
void for_each_case(Body&& body) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(std::string(c.what));
    body(c);
  }
}

Tensor uniform(const Shape& shape, std::uint64_t seed) { return random_tensor(shape, seed); }
Tensor sparse(const Shape& shape, std::uint64_t seed) { return random_tensor(shape, seed, 0.4); }

void fill_with_nan(const Guarded& g) { g.tensor().fill(std::numeric_limits<double>::quiet_NaN()); }

/// Which NaN a sum makes is nobody's promise.
void expect_same_bits_or_nan(const Tensor& actual, const Tensor& expected) {
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

/// Where the gradient is wanted the reference's bits, elsewhere these or 0.
void expect_exact_where_wanted(const Layer& layer) {
  const Conv2dGradInput op = layer.wanted_grad_input();
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

TEST(Conv2d, IsExactOnIntegers) {
  for_each_target([] {
    for_each_case([](const Case& c) {
      const Layer layer(c, integer_tensor);
      expect_exact_where_wanted(layer);
      expect_exact(layer.forward(), layer.y);
      expect_exact(layer.forward(false), layer.y);
      expect_exact(layer.grad_input(), layer.grad_x);
      expect_exact(layer.grad_weights(), layer.grad_weight);
      expect_exact(layer.grad_weights(), layer.grad_bias);
      expect_exact(layer.grad_weights(false), layer.grad_weight);
    });
  });
}

/// As expect_exact(), by the rows that round the operands of products: small whole numbers are the
/// same in TF32 and in bf16.
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

TEST(Conv2d, IsExactOnIntegersThatAreNotRounded) {
  for_each_case([](const Case& c) {
    const Layer layer(c, integer_tensor);
    expect_exact_if_rounded(layer.forward(), layer.y);
    expect_exact_if_rounded(layer.grad_input(), layer.grad_x);
    expect_exact_if_rounded(layer.grad_weights(), layer.grad_weight);
    expect_exact_if_rounded(layer.grad_weights(), layer.grad_bias);
  });
}

/// By each row, or by one.
void expect_exact_relu(const Case& c, std::string_view only = {}) {
  constexpr float kSigma = 0.25f;
  const Layer layer(c, integer_tensor);
  const Tensor l0_sum{Shape{}};
  const Conv2d op = layer.forward_relu(kSigma, l0_sum);
  run(layer.forward(), kReference);
  const Tensor expected(c.y()), expected_l0{Shape{}};
  run(Relu{.x = layer.y.tensor(), .y = expected, .sigma = kSigma, .l0_sum = expected_l0},
      kReference);
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
  };
  for_each_implementation(op, [&](std::string_view name) { expect_relu(name, Precision::f32); });
  for_each_that_rounds(op, expect_relu);
}

TEST(Conv2d, ReluIsPartOfThePass) {
  for_each_target([] { for_each_case([](const Case& c) { expect_exact_relu(c); }); });
}

// So large that the images of a batch are computed one after the other.
TEST(Conv2d, ReluRunsImageByImage) { expect_exact_relu({"large images", {3, 40, 40, 128}, 48, 1}); }

// More tiles of pixels than it has blocks.
TEST(Conv2d, ReluRunsTileByTile) {
  expect_exact_relu({"many pixels", {1, 184, 184, 1}, 3, 1}, "cuda.skip_zero_lists");
}

// In double by the reference, which is the only row that runs it.
Tensor forward64(const Case& c, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y(c.y(), DType::f64);
  dispatch(Conv2d{.x = x, .weight = weight, .y = y, .bias = bias, .params = c.params});
  return y;
}
Tensor grad_input64(const Case& c, const Tensor& grad_y, const Tensor& weight) {
  const Tensor grad_x(c.x, DType::f64);
  dispatch(
      Conv2dGradInput{.grad_y = grad_y, .weight = weight, .grad_x = grad_x, .params = c.params});
  return grad_x;
}
/// grad_weight, grad_bias
std::pair<Tensor, Tensor> grad_weight64(const Case& c, const Tensor& x, const Tensor& grad_y) {
  const Tensor grad_weight(c.weight(), DType::f64), grad_bias({c.out}, DType::f64);
  dispatch(Conv2dGradWeight{.x = x,
                            .grad_y = grad_y,
                            .grad_weight = grad_weight,
                            .grad_bias = grad_bias,
                            .params = c.params});
  return {grad_weight, grad_bias};
}

// |computed - exact| <= gamma_n |a| |b|, n roundings on the way to each sum (Higham, section 3.5).
TEST(Conv2d, StaysWithinTheForwardErrorBound) {
  for_each_target([] {
    for_each_case([](const Case& c) {
      const Layer layer(c, uniform);
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
      Conv2dGradInput wanted = layer.grad_input();
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
  for_each_case([](const Case& c) {
    const Layer layer(c, uniform);
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
    for_each_case([](const Case& c) {
      const Layer layer(c, sparse);
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
  const Case c{"small",
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
  for_each_case([](const Case& c) {
    const Layer layer(c, integer_tensor);
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
    EXPECT_EQ(layer.grad_input().work().bytes_written, xs);
    EXPECT_EQ(layer.grad_weights().work().bytes_read, xs + ys);
    EXPECT_EQ(layer.grad_weights().work().bytes_written, ws + 4 * c.out);
  });
}

/// The products of the convolution in which the operand (x, or what has its place, or grad_y) has a
/// zero, one by one.
std::int64_t products_with_zero(const Case& c, const Tensor& x, const Tensor& grad_y) {
  std::int64_t count = 0;
  reference::for_each_mac(c.shape(), [&](std::int64_t i, std::int64_t, std::int64_t k) {
    count += (x ? x.data<float>()[i] : grad_y.data<float>()[k]) == 0.0f;
  });
  return count;
}

bool skips(std::string_view row) { return row.find(".skip_") != row.npos; }

void expect_tally(std::string_view name, const Tally& tally, const Tensor& operand,
                  std::int64_t skippable) {
  const std::int64_t zeros = std::ranges::count(operand.values<float>(), 0.0f);
  EXPECT_EQ(tally.macs_skippable, skippable);
  EXPECT_EQ(tally.macs_skipped, skips(name) ? skippable : 0);
  EXPECT_EQ(tally.values_in, operand.numel());
  EXPECT_EQ(tally.values_in_nonzero, operand.numel() - zeros);
}

TEST(Conv2d, TallyCountsTheMacsThatHadAZero) {
  for_each_case([](const Case& c) {
    const Layer layer(c, sparse);
    const auto expect_counts = [&] {
      const std::int64_t by_x = products_with_zero(c, layer.x, {});
      const std::int64_t by_grad_y = products_with_zero(c, {}, layer.grad_y);
      for_each_implementation(layer.forward(), [&](std::string_view name) {
        expect_tally(name, run(layer.forward(), name), layer.x, by_x);
      });
      for_each_implementation(layer.grad_weights(), [&](std::string_view name) {
        const bool skips_grad_y = name.ends_with(".skip_zero_grad_y");
        expect_tally(name, run(layer.grad_weights(), name), skips_grad_y ? layer.grad_y : layer.x,
                     skips_grad_y ? by_grad_y : by_x);
      });
      for_each_implementation(layer.grad_input(), [&](std::string_view name) {
        expect_tally(name, run(layer.grad_input(), name), layer.grad_y, by_grad_y);
      });
      const std::int64_t unwanted = products_with_zero(c, layer.wanted, {});
      for_each_implementation(layer.wanted_grad_input(), [&](std::string_view name) {
        const bool by_wanted = skips(name) ? name == "cpu.skip_unwanted" : unwanted > by_grad_y;
        expect_tally(name, run(layer.wanted_grad_input(), name),
                     by_wanted ? layer.wanted : layer.grad_y, by_wanted ? unwanted : by_grad_y);
      });
    };
    expect_counts();
    for (const Tensor& t : {layer.x, layer.grad_y, layer.wanted}) dispatch(Relu{.x = t, .y = t});
    ASSERT_TRUE(layer.x.zero_mask() && layer.grad_y.zero_mask() && layer.wanted.zero_mask());
    expect_counts();  // now from the masks
  });
}

TEST(Conv2d, TallyCountsTheSameIfOperandsAreRounded) {
  for (const std::string_view what : {"3x3, tails in channels", "7x7, stride 2", "1x1, stride 2"}) {
    SCOPED_TRACE(std::string(what));
    const Layer layer(*std::ranges::find(cases(), what, &Case::what), sparse);
    const std::int64_t by_x = products_with_zero(layer.c, layer.x, {});
    const std::int64_t by_grad_y = products_with_zero(layer.c, {}, layer.grad_y);
    for_each_that_rounds(layer.forward(), [&](std::string_view name, Precision precision) {
      expect_tally(name, run(layer.forward(), name, precision), layer.x, by_x);
    });
    for_each_that_rounds(layer.grad_input(), [&](std::string_view name, Precision precision) {
      expect_tally(name, run(layer.grad_input(), name, precision), layer.grad_y, by_grad_y);
    });
    for_each_that_rounds(layer.grad_weights(), [&](std::string_view name, Precision precision) {
      expect_tally(name, run(layer.grad_weights(), name, precision), layer.x, by_x);
    });
  }
}

// reshape() hands on a mask whose rows are not the pixels of what it made.
TEST(Conv2d, ReadsNoMaskOfOtherChannels) {
  const Case c{"3x3", {2, 5, 4, 8}, 16, 3, {.padding = 1}};
  Layer layer(c, integer_tensor);
  const Tensor flat = integer_tensor({2, 160}, 7);
  dispatch(Relu{.x = flat, .y = flat});
  layer.x = layer.wanted = flat.reshape(c.x);
  ASSERT_TRUE(layer.x.zero_mask());
  const std::int64_t skippable = products_with_zero(c, layer.x, {});
  for_each_implementation(layer.forward(), [&](std::string_view name) {
    layer.x = flat.reshape(c.x);
    expect_tally(name, run(layer.forward(), name), layer.x, skippable);
  });
  expect_exact(layer.forward(), layer.y);
  layer.wanted = flat.reshape(c.x);
  expect_exact_where_wanted(layer);
}

// All, none, one here and there; channels that no, one or every pixel of a tile wants.
TEST(Conv2d, ComputesOnlyTheGradientsThatAreWanted) {
  for_each_target([] {
    for_each_case([](const Case& c) {
      Layer layer(c, integer_tensor);
      for (const double density : {0.0, 0.01, 0.1, 0.9, 1.0}) {
        SCOPED_TRACE(density);
        layer.wanted = random_tensor(c.x, 6, density);
        expect_exact_where_wanted(layer);
        const Conv2dGradInput op = layer.wanted_grad_input();
        if (op.params.groups > 1) continue;
        EXPECT_EQ(run(op, "cpu.skip_unwanted").macs_skipped,
                  products_with_zero(c, layer.wanted, {}));
        for (std::int64_t i = 0; i < c.x.numel(); ++i) {
          if (layer.wanted.data<float>()[i] == 0) {
            ASSERT_EQ(op.grad_x.data<float>()[i], 0);
          }
        }
      }
    });
  });
}

TEST(Conv2d, TakesTheRowWhoseZerosSaveMore) {
  const Shape pixels{8, 16, 16, 64};
  const auto chosen = [&](double wanted_density, double grad_y_density) {
    const Tensor weight = integer_tensor({64, 3, 3, 64}, 1), grad_x(pixels);
    const auto relu_output = [&](std::uint64_t seed, double density) {
      const Tensor t = random_tensor(pixels, seed, density);
      for (float& value : std::span(t.mutable_data<float>(), t.numel())) value = std::abs(value);
      if (density < 1) dispatch(Relu{.x = t, .y = t});
      return t;
    };
    return select(Conv2dGradInput{.grad_y = relu_output(2, grad_y_density),
                                  .weight = weight,
                                  .grad_x = grad_x,
                                  .wanted = relu_output(3, wanted_density),
                                  .params = {.padding = 1}},
                  Context{})
        .name;
  };
  EXPECT_EQ(chosen(0.1, 1), "cpu.skip_unwanted");
  EXPECT_EQ(chosen(0.1, 0.5), "cpu.skip_unwanted");
  EXPECT_EQ(chosen(0.5, 0.1), "cpu.skip_zero");
  EXPECT_EQ(chosen(0.95, 0.5), "cpu.skip_zero");
  EXPECT_EQ(chosen(1, 0.5), "cpu.skip_zero") << "no mask";
  EXPECT_EQ(chosen(0.95, 1), "cpu.direct");
}

// Enough pixels for several items and partial sums, an odd number of images.
const Case kManyItems{"many items", {4, 24, 24, 20}, 70, 3, {.padding = 1}};

TEST(Conv2d, SameBitsForAnyNumberOfThreads) {
  const OnlyTheCpu has_these_threads;
  const Layer layer(kManyItems, uniform);
  const Tensor l0_sum{Shape{}};
  const auto compare = [](const auto& op, std::initializer_list<Tensor> results) {
    using Op = std::decay_t<decltype(op)>;
    for (const auto& impl : Op::implementations()) {
      if (!impl.thread_invariant || !can_run(impl, op)) continue;
      SCOPED_TRACE(impl.name);
      std::vector<std::vector<Tensor>> by_threads;
      for_each_thread_count([&] {
        run(op, impl.name);
        auto& copies = by_threads.emplace_back();
        for (const Tensor& t : results) copies.push_back(t.clone());
      });
      for (std::size_t i = 0; i < results.size(); ++i) {
        expect_same_bits(by_threads[1][i], by_threads[0][i]);
      }
    }
    EXPECT_NE(select(op, Context{.deterministic = true}).name, kReference);
  };
  compare(layer.forward_relu(1e-3f, l0_sum), {layer.y.tensor(), l0_sum});
  compare(layer.grad_input(), {layer.grad_x.tensor()});
  compare(layer.wanted_grad_input(), {layer.grad_x.tensor()});
  compare(layer.grad_weights(), {layer.grad_weight.tensor(), layer.grad_bias.tensor()});
}

template <class Op>
void expect_same_bits_twice(const Op& op, std::string_view name, Precision precision,
                            std::initializer_list<Tensor> results) {
  run(op, name, precision);
  std::vector<Tensor> first;
  for (const Tensor& t : results) first.push_back(t.clone());
  run(op, name, precision);
  for (const Tensor& t : results) expect_same_bits(t, first[&t - results.begin()]);
}

TEST(Conv2d, SameBitsRunToRun) {
  const auto compare = [](const auto& op, std::initializer_list<Tensor> results) {
    for_each_implementation(op, [&](std::string_view name) {
      expect_same_bits_twice(op, name, Precision::f32, results);
    });
  };
  const Case depthwise{"depthwise", {3, 20, 20, 24}, 24, 3, {.padding = 1, .groups = 24}};
  const Case many_channels{"many channels", {6, 14, 14, 128}, 64, 3, {.padding = 1}};
  for (const Case& c : {kManyItems, depthwise, many_channels}) {
    SCOPED_TRACE(std::string(c.what));
    const Layer layer(c, uniform);
    const Tensor l0_sum{Shape{}};
    compare(layer.forward_relu(1e-3f, l0_sum), {layer.y.tensor(), l0_sum});
    compare(layer.grad_input(), {layer.grad_x.tensor()});
    compare(layer.wanted_grad_input(), {layer.grad_x.tensor()});
    compare(layer.grad_weights(), {layer.grad_weight.tensor(), layer.grad_bias.tensor()});
  }
}

TEST(Conv2d, SameBitsRunToRunIfRounded) {
  const Layer layer(*std::ranges::find(cases(), "several partial sums", &Case::what), uniform);
  const Tensor l0_sum{Shape{}};
  const auto compare = [](const auto& op, std::initializer_list<Tensor> results) {
    for_each_that_rounds(op, [&](std::string_view name, Precision precision) {
      expect_same_bits_twice(op, name, precision, results);
    });
  };
  compare(layer.forward_relu(1e-3f, l0_sum), {layer.y.tensor(), l0_sum});
  compare(layer.grad_input(), {layer.grad_x.tensor()});
  compare(layer.grad_weights(), {layer.grad_weight.tensor(), layer.grad_bias.tensor()});
}

// Zeros everywhere, negative ones at that, or nowhere.
TEST(Conv2d, IsExactForAnyShareOfZeros) {
  for (const float value : {-0.0f, 2.0f}) {
    for_each_case([value](const Case& c) {
      const Layer layer(c, integer_tensor);
      layer.x.fill(value);
      layer.grad_y.fill(value);
      expect_exact(layer.forward(), layer.y);
      expect_exact(layer.grad_input(), layer.grad_x);
      expect_exact_where_wanted(layer);
      expect_exact(layer.grad_weights(), layer.grad_weight);
      expect_exact(layer.grad_weights(), layer.grad_bias);
    });
  }
}

/// Whole numbers of which nine in ten are 0.
Tensor few_integers(const Shape& shape, std::uint64_t seed) {
  const Tensor t = integer_tensor(shape, seed), few = random_tensor(shape, seed + 9, 0.1);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    if (few.data<float>()[i] == 0) t.mutable_data<float>()[i] = 0;
  }
  return t;
}

// Few non-zeros are listed otherwise than the six in seven of IsExactOnIntegers.
TEST(Conv2d, IsExactForFewNonzeros) {
  for_each_case([](const Case& c) {
    const Layer layer(c, few_integers);
    expect_exact(layer.forward(), layer.y);
    expect_exact(layer.grad_input(), layer.grad_x);
    expect_exact(layer.grad_weights(), layer.grad_weight);
  });
}

// Of a larger batch each thread lists a part.
TEST(Conv2d, IsExactWhereSeveralThreadsListTheNonzeros) {
  const Layer layer({"large batch", {40, 32, 8, 8}, 8, 3, {.padding = 1}}, few_integers);
  run(layer.forward(), "cpu.direct");
  const Tensor expected = layer.y.tensor().clone();
  for_each_thread_count([&] {
    layer.x.mutable_data<float>();  // the runs are made again
    fill_with_nan(layer.y);
    run(layer.forward(), "cpu.skip_zero_runs");
    expect_same_bits_or_nan(layer.y.tensor(), expected);
  });
}

// A value that is not finite is no zero: it reaches every output that reads it.
TEST(Conv2d, CarriesValuesThatAreNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Case c{"not finite", {2, 5, 6, 70}, 20, 3, {.padding = 1}};
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
    for_each_target([&] {
      const Layer layer(c, integer_tensor);
      layer.x.mutable_data<float>()[7 * 70 + 66] = value;
      layer.grad_y.mutable_data<float>()[9 * 20 + 3] = value;
      expect_exact(layer.forward(), layer.y);
      expect_exact(layer.grad_input(), layer.grad_x);
      expect_exact_where_wanted(layer);
      expect_exact_if_rounded(layer.forward(), layer.y);
      expect_exact_if_rounded(layer.grad_input(), layer.grad_x);
    });
  }
}

// Of the gradient of the weights either operand may be the one whose zeros are skipped; here none
// has any, nor is there padding, and the pixel of x meets every tap.
TEST(Conv2d, CarriesValuesThatAreNotFiniteIntoTheGradientOfTheWeights) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Case c{"not finite", {2, 5, 6, 70}, 20, 3};
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
    for_each_target([&] {
      for (const bool in_x : {true, false}) {
        const Layer layer(c, integer_tensor);
        layer.x.fill(-2);
        layer.grad_y.fill(3);
        if (in_x) {
          layer.x.mutable_data<float>()[14 * 70 + 66] = value;
        } else {
          layer.grad_y.mutable_data<float>()[5 * 20 + 3] = value;
        }
        expect_exact(layer.grad_weights(), layer.grad_weight);
        expect_exact(layer.grad_weights(), layer.grad_bias);
        expect_exact_if_rounded(layer.grad_weights(), layer.grad_weight);
      }
    });
  }
}

// What is not finite and meets nothing but zeros: a row that skips them leaves out the NaN, others
// make it, and the result says which.
TEST(Conv2d, AZeroTimesWhatIsNotFiniteIsZeroWhereItIsSkipped) {
  const Case c{"zeros", {2, 5, 6, 70}, 20, 1};
  const Layer layer(c, integer_tensor);
  layer.weight.fill(std::numeric_limits<double>::infinity());
  layer.x.fill(0);
  layer.grad_y.fill(0);
  layer.wanted.fill(0);
  const auto expect_zero_if_skipped = [](const auto& op, const Tensor& result) {
    for (const auto& impl : std::decay_t<decltype(op)>::implementations()) {
      if (!can_run(impl, op)) continue;
      SCOPED_TRACE(str(op.kName, " by ", impl.name));
      run(op, impl.name);
      for (const float value : result.values<float>()) {
        ASSERT_TRUE(impl.skips_zeros ? value == 0 : std::isnan(value)) << value;
      }
    }
  };
  expect_zero_if_skipped(layer.forward(false), layer.y.tensor());
  expect_zero_if_skipped(layer.wanted_grad_input(), layer.grad_x.tensor());
  layer.x.fill(std::numeric_limits<double>::infinity());
  Conv2dGradWeight op = layer.grad_weights(false);
  run(op, "cpu.skip_zero_grad_y");
  EXPECT_EQ(layer.grad_weight.tensor().nonzeros(), 0);
  run(op, "cpu.skip_zero_x");
  EXPECT_TRUE(std::isnan(layer.grad_weight.tensor().values<float>()[0]));
}

// So does a weight, but for the zeros that it may not meet; here is none, nor padding.
TEST(Conv2d, CarriesWeightsThatAreNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Case c{"not finite", {2, 5, 6, 70}, 20, 1};
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity}) {
    const Layer layer(c, integer_tensor);
    layer.x.fill(-2);
    layer.grad_y.fill(3);
    layer.weight.mutable_data<float>()[3 * 70 + 66] = value;
    expect_exact(layer.forward(), layer.y);
    expect_exact(layer.grad_input(), layer.grad_x);
  }
}

// The packed weights are kept with the weights, and must not outlive their values.
TEST(Conv2d, SeesThatTheWeightsChanged) {
  for (const std::string_view what : {"3x3, tails in channels", "3x3", "depthwise"}) {
    SCOPED_TRACE(std::string(what));
    const Layer layer(*std::ranges::find(cases(), what, &Case::what), integer_tensor);
    run(layer.forward(), "cpu.direct");
    dispatch(layer.forward());
    dispatch(layer.grad_input());
    run(layer.grad_input(), "cpu.direct");
    for_each_implementation(layer.wanted_grad_input(),
                            [&](std::string_view name) { run(layer.wanted_grad_input(), name); });
    layer.weight.copy_from(integer_tensor(layer.weight.shape(), 5));
    expect_exact(layer.forward(), layer.y);
    expect_exact(layer.grad_input(), layer.grad_x);
    expect_exact_where_wanted(layer);
  }
}

// The runs of non-zeros are kept with x: they must not outlive its values, and the slices of one
// storage have their own.
TEST(Conv2d, SeesThatTheInputChanged) {
  const Tensor images = integer_tensor({4, 5, 6, 7}, 1), weight = integer_tensor({9, 3, 3, 7}, 2);
  const Guarded y({2, 3, 4, 9});
  for (const std::uint64_t seed : {5, 6}) {
    images.copy_from(integer_tensor(images.shape(), seed));
    for (const std::int64_t first : {0, 2, 0}) {
      expect_exact(Conv2d{.x = images.slice(first, 2), .weight = weight, .y = y.tensor()}, y);
    }
  }
}

/// `t` with about this share of non-zeros, and the mask that a ReLU leaves.
void make_sparse(const Tensor& t, float density) {
  const Tensor u = uniform(t.shape(), 9);  // in [-1, 1)
  const float* const from = u.data<float>();
  float* const to = t.mutable_data<float>();
  for (std::int64_t i = 0; i < t.numel(); ++i) to[i] = from[i] + 2 * density - 1;
  dispatch(Relu{.x = t, .y = t});
}

TEST(Conv2d, ChoosesHowToSkipByTheShareOfZeros) {
  const auto selected = [](const Case& c, double density) {
    const Layer layer(c, [=](const Shape& shape, std::uint64_t seed) {
      return random_tensor(shape, seed, density);
    });
    EXPECT_NE(select(layer.forward(), Context{}).name, "cpu.skip_zero_runs");  // nothing tells
    for (const Tensor& t : {layer.x, layer.grad_y}) t.attach(mask_of(t));
    EXPECT_EQ(select(layer.forward(), Context{}).name, select(layer.grad_input(), Context{}).name);
    return select(layer.forward(), Context{}).name;
  };
  const Case c{"3x3", {2, 9, 9, 64}, 64, 3, {.padding = 1}};
  EXPECT_EQ(selected(c, 0.03), "cpu.skip_zero_runs");
  EXPECT_EQ(selected(c, 0.06), "cpu.skip_zero");
  Case dilated = c;
  dilated.params.dilation = {1, 2};
  EXPECT_EQ(selected(dilated, 0.03), "cpu.skip_zero");
}

// Nothing is rounded unless the context lets it; the gradients never are.
TEST(Conv2d, RoundsItsWeightsOnlyIfThePrecisionAllowsIt) {
  const Context bf16{.precision = Precision::bf16};
  for (const double density : {0.03, 0.3, 0.95}) {
    SCOPED_TRACE(density);
    const Layer layer({"3x3", {2, 9, 9, 64}, 64, 3, {.padding = 1}}, uniform);
    make_sparse(layer.x, density);
    make_sparse(layer.grad_y, density);
    const std::string f32(select(layer.forward(), Context{}).name);
    EXPECT_EQ(select(layer.forward(), Context{.precision = Precision::tf32}).name, f32);
    const bool skips = density < 0.9;
    EXPECT_EQ(select(layer.forward(), bf16).name, skips ? f32 + "_bf16_weights" : f32);
    EXPECT_EQ(select(layer.grad_input(), bf16).name, select(layer.grad_input(), Context{}).name);
    EXPECT_EQ(select(layer.grad_weights(), bf16).name,
              select(layer.grad_weights(), Context{}).name);
    Context pinned{.force = "cpu.skip_zero_bf16_weights"};
    EXPECT_NE(error_of([&] {
                dispatch(layer.forward(), pinned);
              }).find("cpu.skip_zero_bf16_weights: is less precise than asked for\n"),
              std::string::npos);
  }
}

// Where the runs begin to win goes by both numbers of channels, and by how many pixels of the input
// have to be listed for one of the output.
TEST(Conv2d, ChoosesRunsByWhatTheyCost) {
  const auto runs = [](const Case& c, double density) {
    const Layer layer(c, [=](const Shape& shape, std::uint64_t seed) {
      return random_tensor(shape, seed, density);
    });
    for (const Tensor& t : {layer.x, layer.grad_y}) t.attach(mask_of(t));
    const auto chosen = [](const auto& op) {
      return select(op, Context{}).name == "cpu.skip_zero_runs";
    };
    return std::pair(chosen(layer.forward()), chosen(layer.grad_input()));
  };
  const Case wide_to_narrow{"64 to 16", {2, 9, 9, 64}, 16, 3, {.padding = 1}};
  EXPECT_EQ(runs(wide_to_narrow, 0.05), std::pair(true, false));
  const Case narrow_to_wide{"64 to 128", {2, 9, 9, 64}, 128, 3, {.padding = 1}};
  EXPECT_EQ(runs(narrow_to_wide, 0.055), std::pair(false, true));
  Case stride{"128 to 64", {2, 9, 9, 128}, 64, 3, {.padding = 1}};
  EXPECT_EQ(runs(stride, 0.055), std::pair(true, false));
  stride.params.stride = {2, 2};
  EXPECT_EQ(runs(stride, 0.055), std::pair(false, false));
  EXPECT_EQ(runs({"one tap", {2, 9, 9, 64}, 128, 1, {}}, 0.01), std::pair(false, false));
}

// One filter bank, first with the taps side by side, then apart: few channels are packed otherwise.
TEST(Conv2d, PacksTheWeightsForEachDilation) {
  const Tensor weight = integer_tensor({20, 3, 3, 16}, 7);
  for (const std::int64_t dilation : {1, 2}) {
    const Layer layer({"dilation", {2, 7, 7, 16}, 20, 3, {.padding = 2, .dilation = dilation}},
                      integer_tensor);
    Conv2d op = layer.forward();
    op.weight = weight;
    expect_exact(op, layer.y);
    Conv2dGradInput grad = layer.grad_input();
    grad.weight = weight;
    expect_exact(grad, layer.grad_x);
  }
}

// Two filter banks in one storage, of one shape.
TEST(Conv2d, PacksTheWeightsOfEachSlice) {
  const Layer layer({"slice", {2, 5, 7, 13}, 35, 3, {.padding = 1}}, integer_tensor);
  const Tensor both = integer_tensor({70, 3, 3, 13}, 7);
  for (const std::int64_t first : {0, 35}) {
    Conv2d op = layer.forward();
    op.weight = both.slice(first, 35);
    expect_exact(op, layer.y);
  }
}

// A vector's lanes reach beyond a group of few channels, but must not be read beyond the tensor: a
// test for AddressSanitizer.
TEST(Conv2d, ReadsNothingBeyondTheLastGroup) {
  const Layer layer({"groups of four", {2, 6, 6, 16}, 16, 3, {.padding = 1, .groups = 4}},
                    integer_tensor);
  expect_exact(layer.grad_weights(), layer.grad_weight);
}

// The packed weights depend on the instruction set, too.
TEST(Conv2d, PacksTheWeightsForEachTarget) {
  const Layer layer({"tails", {2, 5, 7, 13}, 35, 3, {.padding = 1}}, integer_tensor);
  for_each_target([&] {
    expect_exact(layer.forward(), layer.y);
    expect_exact(layer.grad_input(), layer.grad_x);
    expect_exact_where_wanted(layer);
  });
}

TEST(Conv2d, ChoosesToSkipByTheZerosThatTheMasksCount) {
  const Layer layer({"64 to 64", {2, 12, 12, 64}, 64, 3, {.padding = 1}}, uniform);
  const Context ctx;
  const auto skips = [&](const auto& op) {
    return select(op, ctx).name.starts_with("cpu.skip_zero");
  };
  // Without masks nobody knows of zeros.
  EXPECT_FALSE(skips(layer.forward()));
  EXPECT_FALSE(skips(layer.grad_input()));
  EXPECT_FALSE(skips(layer.grad_weights()));
  make_sparse(layer.x, 0.3f);
  make_sparse(layer.grad_y, 0.1f);
  EXPECT_TRUE(skips(layer.forward()));
  EXPECT_TRUE(skips(layer.grad_input()));
  EXPECT_EQ(select(layer.grad_weights(), ctx).name, "cpu.skip_zero_grad_y");
  make_sparse(layer.grad_y, 0.6f);
  EXPECT_EQ(select(layer.grad_weights(), ctx).name, "cpu.skip_zero_x");
  make_sparse(layer.x, 0.95f);
  make_sparse(layer.grad_y, 0.95f);
  EXPECT_FALSE(skips(layer.forward()));
  EXPECT_FALSE(skips(layer.grad_input()));
  EXPECT_FALSE(skips(layer.grad_weights()));
}

// Of two operands with zeros, the one that takes less time is skipped by: with a stride, that is
// not the one with more of them.
TEST(Conv2d, ChoosesTheOperandWhoseZerosSaveMore) {
  const auto chosen = [](const Case& c, float x_density, float grad_y_density) {
    const Layer layer(c, uniform);
    make_sparse(layer.x, x_density);
    make_sparse(layer.grad_y, grad_y_density);
    return select(layer.grad_weights(), Context{}).name;
  };
  const Case plain{"3x3", {2, 14, 14, 64}, 64, 3, {.padding = 1}};
  EXPECT_EQ(chosen(plain, 0.15f, 0.1f), "cpu.skip_zero_grad_y");
  EXPECT_EQ(chosen(plain, 0.1f, 0.15f), "cpu.skip_zero_x");
  const Case stride{"3x3/2", {2, 28, 28, 64}, 128, 3, {.stride = 2, .padding = 1}};
  EXPECT_EQ(chosen(stride, 0.1f, 0.12f), "cpu.skip_zero_grad_y");
  const Case one_tap{"1x1/2", {2, 28, 28, 256}, 512, 1, {.stride = 2}};
  EXPECT_EQ(chosen(one_tap, 0.15f, 0.1f), "cpu.skip_zero_x");
}

// On CUDA to ask for the number of zeros waits for the device: too dear for a small convolution.
TEST(Conv2d, OnCudaLargeConvolutionsChooseToSkipByTheZerosThatTheMasksCount) {
  if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
  const auto images = [](std::int64_t side, std::int64_t channels, float density) {
    const Tensor t = uniform({1, side, side, channels}, 1);
    make_sparse(t, density);
    return t.to(Device::cuda);
  };
  const auto on_cuda = [](const Shape& shape) { return Tensor(shape, DType::f32, Device::cuda); };
  const ConvParams params{.padding = 1};
  const auto forward = [&](std::int64_t side, std::int64_t in, std::int64_t out, float density) {
    const Conv2d op{.x = images(side, in, density),
                    .weight = on_cuda({out, 3, 3, in}),
                    .y = on_cuda({1, side, side, out}),
                    .params = params};
    const auto row = select(op, context());
    return row.skips_zeros ? row.name : "dense";
  };
  EXPECT_EQ(forward(16, 256, 4096, 0.21f), "cuda.skip_zero_lists");
  EXPECT_EQ(forward(16, 256, 4096, 0.24f), "dense");
  EXPECT_EQ(forward(8, 256, 4096, 0.1f), "dense") << "it is small";
  EXPECT_EQ(forward(176, 64, 128, 0.14f), "cuda.skip_zero") << "short runs";
  EXPECT_EQ(forward(176, 64, 128, 0.12f), "cuda.skip_zero_lists");
  const auto grad_input = [&](float density) {
    const Conv2dGradInput op{.grad_y = images(16, 256, density),
                             .weight = on_cuda({256, 3, 3, 4096}),
                             .grad_x = on_cuda({1, 16, 16, 4096}),
                             .params = params};
    const auto row = select(op, context());
    return row.skips_zeros ? row.name : "dense";
  };
  EXPECT_EQ(grad_input(0.21f), "cuda.skip_zero_lists");
  EXPECT_EQ(grad_input(0.24f), "dense");
  const auto grad_weight = [&](float x_density, float grad_y_density) {
    const Conv2dGradWeight op{.x = images(32, 256, x_density),
                              .grad_y = images(32, 1024, grad_y_density),
                              .grad_weight = on_cuda({1024, 3, 3, 256}),
                              .params = params};
    return select(op, context()).name;
  };
  EXPECT_EQ(grad_weight(0.2f, 0.1f), "cuda.skip_zero_grad_y");
  EXPECT_EQ(grad_weight(0.1f, 0.2f), "cuda.skip_zero_x");
  EXPECT_FALSE(grad_weight(0.5f, 0.25f).starts_with("cuda.skip"));
  const ContextGuard guard;
  context().precision = Precision::tf32;
  EXPECT_EQ(forward(16, 256, 4096, 0.05f), "dense") << "tensor cores are faster";
  EXPECT_EQ(forward(16, 256, 4096, 0.002f), "cuda.skip_zero_lists");
  context().precision = Precision::bf16;
  EXPECT_EQ(forward(16, 256, 4096, 0.002f), "dense");
}

// One channel fills a sixteenth of a vector: not worth it however many zeros grad_y has.
TEST(Conv2d, DoesNotSkipForOneChannel) {
  const Layer layer({"first layer", {2, 12, 12, 1}, 32, 3, {.padding = 1}}, uniform);
  make_sparse(layer.grad_y, 0.2f);
  EXPECT_EQ(select(layer.grad_weights(), Context{}).name, "cpu.direct");
}

TEST(Conv2d, NoImagesGiveNothing) {
  const Layer layer({"no images", {0, 5, 5, 3}, 4, 3, {.padding = 1}}, integer_tensor);
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
              dispatch(Conv2d{.x = x, .weight = weight, .y = Tensor({8, 1, 28, 16})});
            }),
            expected);
}

TEST(Conv2d, ErrorsNameTheOperandAndWhatWasExpected) {
  const Tensor x({4, 32, 32, 8}), weight({32, 3, 3, 8}), y({4, 30, 30, 32});
  const auto error = [](Conv2d op) { return error_of([&] { dispatch(op); }); };
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
  EXPECT_EQ(error_of([&] {
              dispatch(Conv2dGradInput{.grad_y = y, .weight = weight, .grad_x = Tensor({4, 8})});
            }),
            "conv2d_grad_input: grad_x must have rank 4, got [4,8]");
  EXPECT_EQ(
      error_of([&] {
        dispatch(Conv2dGradInput{.grad_y = y, .weight = weight, .grad_x = x, .wanted = y});
      }),
      "conv2d_grad_input: wanted is f32 [4,30,30,32] on cpu, expected f32 [4,32,32,8] on cpu");
  EXPECT_EQ(
      error_of([&] { dispatch(Conv2dGradWeight{.x = x, .grad_y = x, .grad_weight = weight}); }),
      "conv2d_grad_weight: grad_y is f32 [4,32,32,8] on cpu, expected f32 [4,30,30,32] on "
      "cpu");
  EXPECT_EQ(error_of([&] { dispatch(Conv2dGradWeight{.x = x, .grad_y = y}); }),
            "conv2d_grad_weight: grad_weight is undefined");
}

}  // namespace
}  // namespace joule
