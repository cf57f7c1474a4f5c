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

/// The products of the convolution in which the operand (x, or what has its place, or grad_y) has a
/// zero, one by one.
std::int64_t products_with_zero(const ConvCase& c, const Tensor& x, const Tensor& grad_y) {
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

TEST(Conv2dZeros, TallyCountsTheMacsThatHadAZero) {
  for_each_case([](const ConvCase& c) {
    const ConvLayer layer(c, sparse);
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
    for (const Tensor& t : {layer.x, layer.grad_y, layer.wanted})
      dispatch(ops::Relu{.x = t, .y = t});
    ASSERT_TRUE(layer.x.zero_mask() && layer.grad_y.zero_mask() && layer.wanted.zero_mask());
    expect_counts();  // now from the masks
  });
}

// reshape() hands on a mask whose rows are not the pixels of what it made.
TEST(Conv2dZeros, ReadsNoMaskOfOtherChannels) {
  const ConvCase c{"3x3", {2, 5, 4, 8}, 16, 3, {.padding = 1}};
  ConvLayer layer(c, integer_tensor);
  const Tensor flat = integer_tensor({2, 160}, 7);
  dispatch(ops::Relu{.x = flat, .y = flat});
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

TEST(Conv2dZeros, TallyCountsTheSameIfOperandsAreRounded) {
  for (const std::string_view what : {"3x3, tails in channels", "7x7, stride 2", "1x1, stride 2"}) {
    SCOPED_TRACE(std::string(what));
    const ConvLayer layer(*std::ranges::find(cases(), what, &ConvCase::what), sparse);
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

// All, none, one here and there; channels that no, one or every pixel of a tile wants.
TEST(Conv2dZeros, ComputesOnlyTheGradientsThatAreWanted) {
  for_each_target([] {
    for_each_case([](const ConvCase& c) {
      ConvLayer layer(c, integer_tensor);
      for (const double density : {0.0, 0.01, 0.1, 0.9, 1.0}) {
        SCOPED_TRACE(density);
        layer.wanted = random_tensor(c.x, 6, density);
        expect_exact_where_wanted(layer);
        const ops::Conv2dGradInput op = layer.wanted_grad_input();
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

// Zeros everywhere, negative ones at that, or nowhere.
TEST(Conv2dZeros, IsExactForAnyShareOfZeros) {
  for (const float value : {-0.0f, 2.0f}) {
    for_each_case([value](const ConvCase& c) {
      const ConvLayer layer(c, integer_tensor);
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

// A value that is not finite is no zero: it reaches every output that reads it.
TEST(Conv2dZeros, CarriesValuesThatAreNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const ConvCase c{"not finite", {2, 5, 6, 70}, 20, 3, {.padding = 1}};
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
    for_each_target([&] {
      const ConvLayer layer(c, integer_tensor);
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
TEST(Conv2dZeros, CarriesValuesThatAreNotFiniteIntoTheGradientOfTheWeights) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const ConvCase c{"not finite", {2, 5, 6, 70}, 20, 3};
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
    for_each_target([&] {
      for (const bool in_x : {true, false}) {
        const ConvLayer layer(c, integer_tensor);
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
TEST(Conv2dZeros, AZeroTimesWhatIsNotFiniteIsZeroWhereItIsSkipped) {
  const ConvCase c{"zeros", {2, 5, 6, 70}, 20, 1};
  const ConvLayer layer(c, integer_tensor);
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
  ops::Conv2dGradWeight op = layer.grad_weights(false);
  run(op, "cpu.skip_zero_grad_y");
  EXPECT_EQ(layer.grad_weight.tensor().nonzeros(), 0);
  run(op, "cpu.skip_zero_x");
  EXPECT_TRUE(std::isnan(layer.grad_weight.tensor().values<float>()[0]));
}

// So does a weight, but for the zeros that it may not meet; here is none, nor padding.
TEST(Conv2dZeros, CarriesWeightsThatAreNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const ConvCase c{"not finite", {2, 5, 6, 70}, 20, 1};
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity}) {
    const ConvLayer layer(c, integer_tensor);
    layer.x.fill(-2);
    layer.grad_y.fill(3);
    layer.weight.mutable_data<float>()[3 * 70 + 66] = value;
    expect_exact(layer.forward(), layer.y);
    expect_exact(layer.grad_input(), layer.grad_x);
  }
}

}  // namespace
}  // namespace joule
