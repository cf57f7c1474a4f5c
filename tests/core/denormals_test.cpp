// SPDX-License-Identifier: MIT
#include "joule/core/system/denormals.h"

#include <array>
#include <atomic>

#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/linear/linear.h"
#include "joule/kernels/pool/max_pool2d.h"
#include "joule/kernels/relu/relu.h"
#include "joule/kernels/scale/scale.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

constexpr float kDenormal = 1e-39f;

/// Whether this thread keeps a product that is a denormal, and a sum of denormals.
bool keeps_denormals() {
  volatile float factor = 1e-25f, denormal = kDenormal;
  return factor * 1e-15f != 0 && denormal + denormal != 0;
}

/// Of how many of the threads that OpenMP has for Joule keeps_denormals() is true.
int threads_that_keep() {
  std::atomic<int> keep = 0;
  parallel_for(num_threads(), 1, [&](std::int64_t, std::int64_t) { keep += keeps_denormals(); });
  return keep;
}

TEST(FlushDenormals, HoldsUntilTheEndOfItsBlock) {
  ASSERT_TRUE(keeps_denormals());
  {
    const FlushDenormals outer;
    EXPECT_FALSE(keeps_denormals());
    {
      const FlushDenormals inner;
      EXPECT_FALSE(keeps_denormals());
    }
    EXPECT_FALSE(keeps_denormals());
    {
      const FlushDenormals off(false);
      EXPECT_TRUE(keeps_denormals());
      EXPECT_FALSE(FlushDenormals::active());
    }
    EXPECT_FALSE(keeps_denormals());
    EXPECT_TRUE(FlushDenormals::active());
  }
  EXPECT_TRUE(keeps_denormals());
  EXPECT_FALSE(FlushDenormals::active());
}

TEST(FlushDenormals, ReachesTheThreadsOfAParallelForAndNoLonger) {
  for_each_thread_count([] {
    {
      const FlushDenormals flush;
      EXPECT_EQ(threads_that_keep(), 0);
      EXPECT_FALSE(keeps_denormals());
    }
    EXPECT_EQ(threads_that_keep(), num_threads());
  });
}

/// y = x + x; throws if x is negative.
struct Twice {
  static constexpr std::string_view kName = "twice";
  Tensor x, y;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const {}
  Work work() const { return {}; }
  static void run(const Twice& op, Context&, Tally*) {
    const float x = *op.x.data<float>();
    require(x >= 0, "twice: x is negative");
    *op.y.mutable_data<float>() = x + x;
  }
  static std::span<const Implementation<Twice>> implementations() {
    static constexpr std::array kTable = {
        Implementation<Twice>{kReference, Device::cpu, runs_all<Twice>, run}};
    return kTable;
  }
};

TEST(Dispatch, FlushesDenormalsOnlyWhileTheOperationRuns) {
  const Twice op{.x = Tensor::full({1}, kDenormal), .y = Tensor({1})};
  dispatch(op);
  EXPECT_EQ(op.y.item(), 0);
  EXPECT_TRUE(keeps_denormals());
  op.x.fill(-1);
  EXPECT_EQ(error_of([&] { dispatch(op); }), "twice: x is negative");
  EXPECT_TRUE(keeps_denormals());
}

/// No implementation of `op` leaves a denormal in `result`, whose zeros it counts as such.
template <Operation Op>
void expect_zeros(const Op& op, const Tensor& result) {
  for_each_thread_count([&] {
    for_each_implementation(op, [&](std::string_view name) {
      result.fill(1);
      run(op, name);
      for (const float value : result.values<float>()) ASSERT_EQ(value, 0.0f);
      EXPECT_EQ(result.nonzeros(), 0);
      EXPECT_TRUE(keeps_denormals());
      EXPECT_EQ(threads_that_keep(), num_threads());
    });
  });
}

// Large enough for every implementation to take two threads.
const Shape kImage{8, 16, 16, 16};
const ConvParams kGroups{.padding = 1, .groups = 4};  // of four channels: by oneDNN too
const ConvParams kOneGroup{.padding = 1};             // by the rows that skip zeros

/// Conv2d's weights of so many groups, all the same.
Tensor filters(const ConvParams& params, float value) {
  return Tensor::full({16, 3, 3, 16 / params.groups}, value);
}

TEST(Denormals, ProductsThatAreDenormalsAreZeroInEveryImplementation) {
  const Tensor small = Tensor::full(kImage, 1e-20f);
  const Tensor image(kImage), grad_weight({16, 3, 3, 16});
  for (const ConvParams& params : {kGroups, kOneGroup}) {
    const Tensor weight = filters(params, 1e-20f);
    expect_zeros(ops::Conv2d{.x = small, .weight = weight, .y = image, .params = params}, image);
    expect_zeros(
        ops::Conv2dGradInput{
            .grad_y = small, .weight = weight, .grad_x = image, .wanted = small, .params = params},
        image);
  }
  expect_zeros(
      ops::Conv2dGradWeight{
          .x = small, .grad_y = small, .grad_weight = grad_weight, .params = {.padding = 1}},
      grad_weight);
  const Tensor x = small.reshape({128, 256}), w = Tensor::full({256, 256}, 1e-20f), y({128, 256});
  expect_zeros(ops::Linear{.x = x, .weight = w, .y = y}, y);
  expect_zeros(ops::LinearGradInput{.grad_y = x, .weight = w, .grad_x = y}, y);
  expect_zeros(ops::LinearGradWeight{.x = x, .grad_y = x, .grad_weight = w}, w);
  expect_zeros(ops::Scale{.x = small, .y = image, .factor = 1e-20f}, image);
}

// Times something large they would be normal.
TEST(Denormals, DenormalOperandsOfConvolutionsAndLinearLayersAreZero) {
  const Tensor denormals = Tensor::full(kImage, kDenormal), large = Tensor::full(kImage, 1e20f);
  const Tensor image(kImage), grad_weight({16, 3, 3, 16});
  for (const ConvParams& params : {kGroups, kOneGroup}) {
    for (const bool in_weight : {true, false}) {
      const Tensor& x = in_weight ? large : denormals;
      const Tensor weight = filters(params, in_weight ? kDenormal : 1e20f);
      expect_zeros(ops::Conv2d{.x = x, .weight = weight, .y = image, .params = params}, image);
      expect_zeros(
          ops::Conv2dGradInput{
              .grad_y = x, .weight = weight, .grad_x = image, .wanted = large, .params = params},
          image);
    }
  }
  for (const auto& [x, grad_y] : {std::pair{large, denormals}, std::pair{denormals, large}}) {
    expect_zeros(
        ops::Conv2dGradWeight{
            .x = x, .grad_y = grad_y, .grad_weight = grad_weight, .params = kOneGroup},
        grad_weight);
    const Tensor a = x.reshape({128, 256}), b = grad_y.reshape({128, 256}), w({256, 256});
    expect_zeros(ops::LinearGradWeight{.x = a, .grad_y = b, .grad_weight = w}, w);
    const Tensor weight = Tensor::full({256, 256}, grad_y.values<float>()[0]), y({128, 256});
    expect_zeros(ops::Linear{.x = a, .weight = weight, .y = y}, y);
    expect_zeros(ops::LinearGradInput{.grad_y = a, .weight = weight, .grad_x = y}, y);
  }
}

TEST(Denormals, OperandsThatAreDenormalsAreZero) {
  const Tensor denormals = Tensor::full(kImage, kDenormal), image(kImage);
  EXPECT_EQ(denormals.nonzeros(), 0);
  EXPECT_EQ(denormals.density(), 0);
  const ops::Relu relu{.x = denormals, .y = image, .sigma = 1e-2f, .l0_sum = Tensor(Shape{})};
  for_each_thread_count([&] {
    for_each_implementation(relu, [&](std::string_view name) {
      run(relu, name);
      EXPECT_EQ(image.nonzeros(), 0);
      EXPECT_EQ(relu.l0_sum.item(), 0);
      ASSERT_NE(image.zero_mask(), nullptr);
      for (std::int64_t row = 0; row < 8 * 16 * 16; ++row) {
        ASSERT_EQ(*image.zero_mask()->words(row), 0u);
      }
    });
  });
  const Tensor pooled({8, 8, 8, 16});
  const ops::MaxPool2d pool{.x = denormals, .y = pooled, .kernel = 2, .stride = 2};
  for_each_implementation(pool, [&](std::string_view name) {
    run(pool, name);
    EXPECT_EQ(pooled.nonzeros(), 0);
  });
  for (const ConvParams& params : {kGroups, kOneGroup}) {
    const ops::Conv2d conv{
        .x = denormals, .weight = filters(params, 1), .y = image, .params = params};
    for_each_implementation(conv, [&](std::string_view name) {
      const Tally tally = run(conv, name);
      EXPECT_EQ(tally.values_in_nonzero, 0);
      EXPECT_EQ(tally.macs_skippable, conv.work().macs);
    });
  }
}

}  // namespace
}  // namespace joule
