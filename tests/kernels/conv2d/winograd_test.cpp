// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/conv2d/reference.h"
#include "joule/kernels/relu/relu.h"
#include "joule/tests/kernels/conv2d/conv2d_layer.h"
#include "joule/tests/kernels/conv2d/winograd_bound.h"
#include "joule/tests/kernels/conv2d/winograd_cases.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

/// Runs `op`, and expects the reference's bits in `output`; by tiles of four, whose weights are
/// thirds, near them.
template <class Op>
void expect_the_reference(const Op& op, const Winograd& w, const Guarded& output) {
  run(op, kReference);
  const Tensor expected = output.tensor().clone();
  fill_with_nan(output);
  run(op, w.row);
  EXPECT_TRUE(output.intact());
  if (w.m == 2) return expect_same_bits(output.tensor(), expected);
  for (std::int64_t i = 0; i < expected.numel(); ++i) {
    ASSERT_NEAR(output.tensor().data<float>()[i], expected.data<float>()[i], 2e-3) << i;
  }
}

TEST(Winograd, AgreesOnIntegers) {
  for_each_target([] {
    for_each_winograd_case([](const ConvCase& c, const Winograd& w) {
      const ConvLayer layer(c, integer_tensor);
      expect_the_reference(layer.forward(), w, layer.y);
      expect_the_reference(layer.forward(false), w, layer.y);
      expect_the_reference(layer.grad_input(), w, layer.grad_x);
      expect_the_reference(layer.wanted_grad_input(), w, layer.grad_x);
    });
  });
}

// |computed - exact| <= gamma_n |A^T| [sum_c |G| |g_c| |G^T| * |B^T| |d_c| |B|] |A|, and the bias.
TEST(Winograd, StaysWithinTheErrorBound) {
  for_each_winograd_case([](const ConvCase& c, const Winograd& w) {
    const ConvLayer layer(c, uniform);
    const std::int64_t roundings = w.m == 2 ? 22 : 30;
    const Tensor x = to64(layer.x), weight = to64(layer.weight), bias = to64(layer.bias);
    const Tensor grad_y = to64(layer.grad_y);
    const double* const weights = weight.data<double>();
    const std::int64_t in = c.x[3];
    const Tensor y(c.y(), DType::f64), grad_x(c.x, DType::f64);
    dispatch(ops::Conv2d{.x = x, .weight = weight, .y = y, .bias = bias, .params = c.params});
    dispatch(ops::Conv2dGradInput{
        .grad_y = grad_y, .weight = weight, .grad_x = grad_x, .params = c.params});
    const Tensor y_sizes = WinogradSums{w.m, c.params.padding, x, c.y()}.magnitudes(
        [=](auto o, auto r, auto s, auto i) { return weights[((o * 3 + r) * 3 + s) * in + i]; });
    for (std::int64_t i = 0; i < y_sizes.numel(); ++i) {
      y_sizes.mutable_data<double>()[i] += std::abs(bias.data<double>()[i % c.out]);
    }
    const Size2 beyond{2 - c.params.padding.h, 2 - c.params.padding.w};
    const Tensor grad_x_sizes =
        WinogradSums{w.m, beyond, grad_y, c.x}.magnitudes([=](auto i, auto r, auto s, auto o) {
          return weights[((o * 3 + 2 - r) * 3 + 2 - s) * in + i];
        });
    for_each_target([&] {
      run(layer.forward(), w.row);
      expect_within(layer.y.tensor(), y, bound(y_sizes, in + roundings));
      run(layer.grad_input(), w.row);
      expect_within(layer.grad_x.tensor(), grad_x, bound(grad_x_sizes, c.out + roundings));
    });
  });
}

// The same bits as by a pass of its own.
TEST(Winograd, ReluIsPartOfThePass) {
  constexpr float kSigma = 0.25f, kThreshold = 0.5f;
  for_each_winograd_case([](const ConvCase& c, const Winograd& w) {
    const ConvLayer layer(c, uniform);
    run(layer.forward(), w.row);
    const Tensor expected(c.y()), expected_l0{Shape{}}, l0_sum{Shape{}};
    dispatch(ops::Relu{.x = layer.y.tensor(),
                       .y = expected,
                       .sigma = kSigma,
                       .l0_sum = expected_l0,
                       .threshold = kThreshold});
    fill_with_nan(layer.y);
    run(layer.forward_relu(kSigma, l0_sum, kThreshold), w.row);
    expect_same_bits(layer.y.tensor(), expected);
    expect_mask_matches(layer.y.tensor());
    EXPECT_TRUE(layer.y.intact());
    EXPECT_NEAR(l0_sum.item(), expected_l0.item(), 1e-5 * (1 + expected_l0.item()));
  });
}

TEST(Winograd, MakesTheSameBitsOnAnyNumberOfThreads) {
  for_each_winograd_case([](const ConvCase& c, const Winograd& w) {
    const ConvLayer layer(c, uniform);
    const Tensor l0_sum{Shape{}};
    std::vector<Tensor> first;
    for_each_thread_count([&] {
      layer.weight.mutable_data<float>();  // transformed anew
      run(layer.forward_relu(0.25f, l0_sum), w.row);
      run(layer.grad_input(), w.row);
      const std::vector<Tensor> now{layer.y.tensor(), l0_sum, layer.grad_x.tensor()};
      for (std::size_t i = 0; i < first.size(); ++i) expect_same_bits(now[i], first[i]);
      if (!first.empty()) return;
      for (const Tensor& t : now) first.push_back(t.clone());
    });
  });
}

TEST(Winograd, SeesThatTheWeightsHaveChanged) {
  const ConvCase c{"3x3", {2, 9, 9, 20}, 24, 3, {.padding = 1}};
  for (const Winograd& w : kWinograds) {
    const ConvLayer layer(c, integer_tensor);
    run(layer.forward(), w.row);
    run(layer.grad_input(), w.row);
    layer.weight.mutable_data<float>()[5 * 9 * 20 + 4 * 20 + 7] += 4;
    expect_the_reference(layer.forward(), w, layer.y);
    expect_the_reference(layer.grad_input(), w, layer.grad_x);
  }
}

// By tiles of two, an output depends on no pixel but those that it reads.
TEST(Winograd, TilesOfTwoKeepZeros) {
  const ConvCase c{"3x3", {1, 9, 9, 20}, 24, 3, {.padding = 1}};
  const ConvLayer layer(c, uniform);
  const Tensor image = layer.x.clone();
  layer.x.fill(0);
  const std::int64_t pixel = (4 * 9 + 4) * 20;
  std::copy_n(image.data<float>() + pixel, 20, layer.x.mutable_data<float>() + pixel);
  run(layer.forward(false), "cpu.winograd_2x2");
  for (std::int64_t i = 0; i < layer.y.tensor().numel(); ++i) {
    const std::int64_t p = i / 24 / 9, q = i / 24 % 9;
    const bool reads = std::abs(p - 4) <= 1 && std::abs(q - 4) <= 1;
    ASSERT_EQ(layer.y.tensor().data<float>()[i] != 0, reads) << p << ", " << q;
  }
}

TEST(Winograd, MultipliesZerosAndCountsThem) {
  for_each_winograd_case([](const ConvCase& c, const Winograd& w) {
    const ConvLayer layer(c, sparse);
    std::int64_t by_x = 0, by_grad_y = 0;
    reference::for_each_mac(c.shape(), [&](std::int64_t i, std::int64_t, std::int64_t k) {
      by_x += layer.x.data<float>()[i] == 0;
      by_grad_y += layer.grad_y.data<float>()[k] == 0;
    });
    const Tally forward = run(layer.forward(), w.row), backward = run(layer.grad_input(), w.row);
    EXPECT_EQ(forward.macs_skippable, by_x);
    EXPECT_EQ(backward.macs_skippable, by_grad_y);
    EXPECT_EQ(forward.macs_skipped + backward.macs_skipped, 0);
  });
}

TEST(Winograd, WhatIsNotFiniteIsNotFiniteWhereItIsRead) {
  const ConvCase c{"not finite", {2, 5, 6, 20}, 20, 3, {.padding = 1}};
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const Winograd& w : kWinograds) {
      const ConvLayer layer(c, uniform);
      run(layer.forward(), kReference);
      const Tensor before = layer.y.tensor().clone();
      layer.x.mutable_data<float>()[(2 * 6 + 3) * 20 + 7] = value;
      run(layer.forward(), w.row);
      for (std::int64_t i = 0; i < before.numel(); ++i) {
        const std::int64_t p = i / 20 / 6, q = i / 20 % 6;
        const bool reads = std::abs(p - 2) <= 1 && std::abs(q - 3) <= 1;
        const bool finite = std::isfinite(layer.y.tensor().data<float>()[i]);
        // Tiles of four carry it to all of their outputs.
        ASSERT_TRUE(w.m == 4 ? !(reads && finite) : reads != finite) << p << ", " << q;
        if (p >= 5) {
          ASSERT_TRUE(finite) << "the other image";
        }
      }
    }
  }
}

TEST(Winograd, RunsOnlyWhereItIsAllowed) {
  const ConvLayer layer({"3x3", {2, 8, 8, 64}, 64, 3, {.padding = 1}}, uniform);
  const auto refused = [&](std::string_view row, Algorithms allowed) {
    Context ctx{.force = row, .algorithms = allowed};
    return error_of([&] {
             dispatch(layer.forward(), ctx);
           }).find(str(row, ": its algorithm is not allowed (Context::algorithms)\n")) !=
           std::string::npos;
  };
  EXPECT_TRUE(refused("cpu.winograd_2x2", Algorithms::direct));
  EXPECT_TRUE(refused("cpu.winograd", Algorithms::direct));
  EXPECT_TRUE(refused("cpu.winograd", Algorithms::winograd_2x2));
}

TEST(Winograd, NeedsTheGeometryThatItIsMadeFor) {
  const Context allowed{.force = "cpu.winograd", .algorithms = Algorithms::winograd_4x4};
  for (const ConvCase& c :
       {ConvCase{"5x5", {1, 9, 9, 16}, 16, 5}, ConvCase{"3x1", {1, 9, 9, 16}, 16, {3, 1}},
        ConvCase{"stride", {1, 9, 9, 16}, 16, 3, {.stride = {1, 2}}},
        ConvCase{"dilation", {1, 9, 9, 16}, 16, 3, {.dilation = {2, 1}}},
        ConvCase{"groups", {1, 9, 9, 16}, 16, 3, {.groups = 2}}}) {
    const ConvLayer layer(c, uniform);
    for (const std::string& why : {error_of([&] {
                                     Context ctx = allowed;
                                     dispatch(layer.forward(), ctx);
                                   }),
                                   error_of([&] {
                                     Context ctx = allowed;
                                     dispatch(layer.grad_input(), ctx);
                                   })}) {
      EXPECT_NE(why.find("cpu.winograd: needs a 3x3 kernel, stride 1, no dilation or groups\n"),
                std::string::npos)
          << c.what << ": " << why;
    }
  }
}

// By size and by the share of zeros.
TEST(Winograd, IsChosenWhereItIsExpectedToBeTheFastest) {
  const ContextGuard guard;
  const auto chosen = [](Algorithms allowed, const ConvCase& c, float density = 1) {
    context().algorithms = allowed;
    const ConvLayer layer(c, uniform);
    if (density < 1) {
      make_sparse(layer.x, density);
      make_sparse(layer.grad_y, density);
    }
    const auto forward = select(layer.forward(), context()).name;
    const auto backward = select(layer.grad_input(), context()).name;
    EXPECT_EQ(forward.starts_with("cpu.winograd") ? forward : "",
              backward.starts_with("cpu.winograd") ? backward : "")
        << c.what;
    return forward;
  };
  constexpr auto kTwo = Algorithms::winograd_2x2, kFour = Algorithms::winograd_4x4;
  const ConvCase large{"64 to 64", {2, 28, 28, 64}, 64, 3, {.padding = 1}};
  EXPECT_FALSE(chosen(Algorithms::direct, large).starts_with("cpu.winograd"));
  EXPECT_EQ(chosen(kTwo, large), "cpu.winograd_2x2");
  EXPECT_EQ(chosen(kFour, large), "cpu.winograd");
  EXPECT_EQ(chosen(kFour, large, 0.1f), "cpu.skip_zero");
  EXPECT_EQ(chosen(kFour, large, 0.6f), "cpu.winograd");
  EXPECT_EQ(chosen(Algorithms::direct, large, 0.6f), "cpu.skip_zero");
  // Four tiles of four waste half of their outputs, nine of two none.
  const ConvCase six{"6x6", {16, 6, 6, 64}, 64, 3, {.padding = 1}};
  EXPECT_EQ(chosen(kFour, six), "cpu.winograd_2x2");
  EXPECT_FALSE(chosen(kFour, {"one tile", {1, 2, 2, 64}, 64, 3, {.padding = 1}})
                   .starts_with("cpu.winograd"));
  EXPECT_FALSE(chosen(kFour, {"one channel", {2, 28, 28, 1}, 1, 3, {.padding = 1}})
                   .starts_with("cpu.winograd"));
}

}  // namespace
}  // namespace joule
