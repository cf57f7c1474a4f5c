// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/conv2d.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <ostream>
#include <span>
#include <vector>

#include "joule/kernels/relu/relu.h"
#include "joule/kernels/zero_mask_rows.h"
#include "joule/tests/kernels/conv2d/conv2d_layer.h"
#include "joule/tests/support/central_differences.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/rounded_op.h"

namespace joule {
namespace {

using namespace test;

TEST(Conv2dChoice, TakesTheRowWhoseZerosSaveMore) {
  const Shape pixels{8, 16, 16, 64};
  const auto chosen = [&](double wanted_density, double grad_y_density) {
    const Tensor weight = integer_tensor({64, 3, 3, 64}, 1), grad_x(pixels);
    const auto relu_output = [&](std::uint64_t seed, double density) {
      const Tensor t = random_tensor(pixels, seed, density);
      for (float& value : std::span(t.mutable_data<float>(), t.numel())) value = std::abs(value);
      if (density < 1) dispatch(ops::Relu{.x = t, .y = t});
      return t;
    };
    return select(ops::Conv2dGradInput{.grad_y = relu_output(2, grad_y_density),
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

TEST(Conv2dChoice, ChoosesHowToSkipByTheShareOfZeros) {
  const auto selected = [](const ConvCase& c, double density) {
    const ConvLayer layer(c, [=](const Shape& shape, std::uint64_t seed) {
      return random_tensor(shape, seed, density);
    });
    EXPECT_NE(select(layer.forward(), Context{}).name, "cpu.skip_zero_runs");  // nothing tells
    for (const Tensor& t : {layer.x, layer.grad_y}) t.attach(mask_of(t));
    EXPECT_EQ(select(layer.forward(), Context{}).name, select(layer.grad_input(), Context{}).name);
    return select(layer.forward(), Context{}).name;
  };
  const ConvCase c{"3x3", {2, 9, 9, 64}, 64, 3, {.padding = 1}};
  EXPECT_EQ(selected(c, 0.03), "cpu.skip_zero_runs");
  EXPECT_EQ(selected(c, 0.06), "cpu.skip_zero");
  ConvCase dilated = c;
  dilated.params.dilation = {1, 2};
  EXPECT_EQ(selected(dilated, 0.03), "cpu.skip_zero");
}

// Nothing is rounded unless the context lets it; the gradients never are.
TEST(Conv2dChoice, RoundsItsWeightsOnlyIfThePrecisionAllowsIt) {
  const Context bf16{.precision = Precision::bf16};
  for (const double density : {0.03, 0.3, 0.95}) {
    SCOPED_TRACE(density);
    const ConvLayer layer({"3x3", {2, 9, 9, 64}, 64, 3, {.padding = 1}}, uniform);
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
TEST(Conv2dChoice, ChoosesRunsByWhatTheyCost) {
  const auto runs = [](const ConvCase& c, double density) {
    const ConvLayer layer(c, [=](const Shape& shape, std::uint64_t seed) {
      return random_tensor(shape, seed, density);
    });
    for (const Tensor& t : {layer.x, layer.grad_y}) t.attach(mask_of(t));
    const auto chosen = [](const auto& op) {
      return select(op, Context{}).name == "cpu.skip_zero_runs";
    };
    return std::pair(chosen(layer.forward()), chosen(layer.grad_input()));
  };
  const ConvCase wide_to_narrow{"64 to 16", {2, 9, 9, 64}, 16, 3, {.padding = 1}};
  EXPECT_EQ(runs(wide_to_narrow, 0.05), std::pair(true, false));
  const ConvCase narrow_to_wide{"64 to 128", {2, 9, 9, 64}, 128, 3, {.padding = 1}};
  EXPECT_EQ(runs(narrow_to_wide, 0.055), std::pair(false, true));
  ConvCase stride{"128 to 64", {2, 9, 9, 128}, 64, 3, {.padding = 1}};
  EXPECT_EQ(runs(stride, 0.055), std::pair(true, false));
  stride.params.stride = {2, 2};
  EXPECT_EQ(runs(stride, 0.055), std::pair(false, false));
  EXPECT_EQ(runs({"one tap", {2, 9, 9, 64}, 128, 1, {}}, 0.01), std::pair(false, false));
}

TEST(Conv2dChoice, ChoosesToSkipByTheZerosThatTheMasksCount) {
  const ConvLayer layer({"64 to 64", {2, 12, 12, 64}, 64, 3, {.padding = 1}}, uniform);
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
TEST(Conv2dChoice, ChoosesTheOperandWhoseZerosSaveMore) {
  const auto chosen = [](const ConvCase& c, float x_density, float grad_y_density) {
    const ConvLayer layer(c, uniform);
    make_sparse(layer.x, x_density);
    make_sparse(layer.grad_y, grad_y_density);
    return select(layer.grad_weights(), Context{}).name;
  };
  const ConvCase plain{"3x3", {2, 14, 14, 64}, 64, 3, {.padding = 1}};
  EXPECT_EQ(chosen(plain, 0.15f, 0.1f), "cpu.skip_zero_grad_y");
  EXPECT_EQ(chosen(plain, 0.1f, 0.15f), "cpu.skip_zero_x");
  const ConvCase stride{"3x3/2", {2, 28, 28, 64}, 128, 3, {.stride = 2, .padding = 1}};
  EXPECT_EQ(chosen(stride, 0.1f, 0.12f), "cpu.skip_zero_grad_y");
  const ConvCase one_tap{"1x1/2", {2, 28, 28, 256}, 512, 1, {.stride = 2}};
  EXPECT_EQ(chosen(one_tap, 0.15f, 0.1f), "cpu.skip_zero_x");
}

// On CUDA to ask for the number of zeros waits for the device: too dear for a small convolution.
TEST(Conv2dChoice, OnCudaLargeConvolutionsChooseToSkipByTheZerosThatTheMasksCount) {
  if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
  const auto images = [](std::int64_t side, std::int64_t channels, float density) {
    const Tensor t = uniform({1, side, side, channels}, 1);
    make_sparse(t, density);
    return t.to(Device::cuda);
  };
  const auto on_cuda = [](const Shape& shape) { return Tensor(shape, DType::f32, Device::cuda); };
  const ConvParams params{.padding = 1};
  const auto forward = [&](std::int64_t side, std::int64_t in, std::int64_t out, float density) {
    const ops::Conv2d op{.x = images(side, in, density),
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
    const ops::Conv2dGradInput op{.grad_y = images(16, 256, density),
                                  .weight = on_cuda({256, 3, 3, 4096}),
                                  .grad_x = on_cuda({1, 16, 16, 4096}),
                                  .params = params};
    const auto row = select(op, context());
    return row.skips_zeros ? row.name : "dense";
  };
  EXPECT_EQ(grad_input(0.21f), "cuda.skip_zero_lists");
  EXPECT_EQ(grad_input(0.24f), "dense");
  const auto grad_weight = [&](float x_density, float grad_y_density) {
    const ops::Conv2dGradWeight op{.x = images(32, 256, x_density),
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

// f32 by three products of TF32: its tiles have 64 channels, and its bound asks for 32 terms.
TEST(Conv2dChoice, OnCudaThreeProductsRunWhereTheyFillTheirTilesAndHaveTheTerms) {
  if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
  const auto on_cuda = [](const Shape& shape) { return Tensor(shape, DType::f32, Device::cuda); };
  const std::string row = "cuda.implicit_gemm_mma_3xtf32: ";
  const std::string narrow = row + "the tiles of cuda.implicit_gemm_8x8 fit better";
  const std::string short_sums = row + "needs sums of at least 32 terms";
  const auto says = [](const auto& op, const std::string& text) {
    return explain(op, Context{}).find(text) != std::string::npos;
  };
  const ConvParams params{.padding = 1};
  const auto forward = [&](std::int64_t in, std::int64_t out) {
    return ops::Conv2d{.x = on_cuda({1, 4, 4, in}),
                       .weight = on_cuda({out, 3, 3, in}),
                       .y = on_cuda({1, 4, 4, out}),
                       .params = params};
  };
  EXPECT_TRUE(says(forward(16, 32), narrow));
  EXPECT_FALSE(says(forward(16, 64), narrow));
  EXPECT_TRUE(says(forward(3, 64), short_sums));
  EXPECT_FALSE(says(forward(4, 64), short_sums));
  const auto grad_input = [&](std::int64_t filters, std::int64_t stride) {
    const ConvCase c{"", {1, 8, 8, 64}, filters, 3, {.stride = {stride, stride}, .padding = 1}};
    return ops::Conv2dGradInput{.grad_y = on_cuda(c.y()),
                                .weight = on_cuda(c.weight()),
                                .grad_x = on_cuda(c.x),
                                .params = c.params};
  };
  EXPECT_FALSE(says(grad_input(31, 1), short_sums));
  EXPECT_TRUE(says(grad_input(31, 2), short_sums)) << "some pixels are read by one tap";
  EXPECT_FALSE(says(grad_input(32, 2), short_sums));
}

TEST(Conv2dChoice, DepthwiseHasARowOfItsOwnWhereTheChannelsFillAVector) {
  const auto chosen = [](std::int64_t channels, std::int64_t filters_each) {
    const ConvLayer layer({"depthwise",
                           {2, 9, 9, channels},
                           channels * filters_each,
                           3,
                           {.padding = 1, .groups = channels}},
                          uniform);
    const Context ctx;
    return std::array{select(layer.forward(), ctx).name, select(layer.grad_input(), ctx).name,
                      select(layer.grad_weights(), ctx).name};
  };
  for (const std::int64_t channels : {8, 21, 64}) {
    for (const std::string_view name : chosen(channels, 1)) EXPECT_EQ(name, "cpu.depthwise");
    for (const std::string_view name : chosen(channels, 2)) EXPECT_NE(name, "cpu.depthwise");
  }
  for (const std::string_view name : chosen(7, 1)) EXPECT_NE(name, "cpu.depthwise");
  const ConvLayer one({"one group", {2, 9, 9, 1}, 1, 3, {.padding = 1}}, uniform);
  EXPECT_NE(explain(one.forward(), Context{})
                .find("cpu.depthwise: needs groups of one channel and one filter"),
            std::string::npos);
}

// One channel fills a sixteenth of a vector: not worth it however many zeros grad_y has.
TEST(Conv2dChoice, DoesNotSkipForOneChannel) {
  const ConvLayer layer({"first layer", {2, 12, 12, 1}, 32, 3, {.padding = 1}}, uniform);
  make_sparse(layer.grad_y, 0.2f);
  EXPECT_EQ(select(layer.grad_weights(), Context{}).name, "cpu.direct");
}

}  // namespace
}  // namespace joule
