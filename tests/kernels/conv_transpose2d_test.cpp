// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/conv_transpose2d.h"

#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

TEST(ConvTranspose2d, SpreadsEachPixelByTheKernel) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2}, {1, 1, 2, 1});
  const Tensor weight = Tensor::from(std::vector<float>{1, 10, 100}, {1, 1, 3, 1});
  const Tensor bias = Tensor::full({1}, 0.5f);
  const Tensor y = conv_transpose2d(x, weight, bias, {.stride = 2});
  ASSERT_EQ(y.shape(), (Shape{1, 1, 5, 1}));
  const std::vector<float> expected = {1.5, 10.5, 102.5, 20.5, 200.5};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(y.data<float>()[i], expected[i]);
}

struct Case {
  Size2 in, kernel, output_padding;
  ConvParams params;
};
const Case kCases[] = {{{4, 4}, {3, 3}, 0, {.padding = 1}},
                       {{3, 4}, {2, 2}, 0, {.stride = 2}},
                       {{3, 4}, {3, 3}, 1, {.stride = 2, .padding = 1}},
                       {{3, 3}, {3, 2}, {1, 0}, {.stride = {2, 1}, .padding = {1, 0}}},
                       {{3, 3}, {2, 2}, 0, {.dilation = 2}},
                       {{3, 3}, {3, 3}, 0, {.padding = 1, .groups = 2}}};

TEST(ConvTranspose2d, OutputIsWhatAConvolutionMakesTheInputOf) {
  for (const Case& of : kCases) {
    const Size2 out = conv_transpose_output_size(of.in, of.kernel, of.params, of.output_padding);
    EXPECT_EQ(conv_output_size(out, of.kernel, of.params), of.in);
  }
}

TEST(ConvTranspose2d, OutputPaddingAddsPixelsAtTheEnd) {
  const ConvParams params{.stride = 2, .padding = 1};
  EXPECT_EQ(conv_transpose_output_size({3, 4}, 3, params, 0), Size2(5, 7));
  EXPECT_EQ(conv_transpose_output_size({3, 4}, 3, params, {1, 0}), Size2(6, 7));
}

TEST(ConvTranspose2d, HasGradients) {
  for (const Case& of : kCases) {
    SCOPED_TRACE(str(of.in, " by ", of.kernel));
    const std::int64_t groups = of.params.groups;
    const Tensor x = random_tensor({2, of.in.h, of.in.w, 4}, 1);
    const Tensor weight = random_tensor({4, of.kernel.h, of.kernel.w, 6 / groups}, 2);
    expect_gradients(
        [&](Inputs in) {
          return conv_transpose2d(in[0], in[1], in[2], of.params, of.output_padding);
        },
        {x, weight, random_tensor({6}, 3)});
  }
}

TEST(ConvTranspose2d, IsAccountedAsTheBackwardPassOfAConvolution) {
  const Tensor x({2, 4, 4, 3}), weight({3, 3, 3, 5});
  LastRecord sink;
  context().sink = &sink;
  const Tensor y = conv_transpose2d(x, weight, {}, {.stride = 2, .padding = 1}, 1);
  context().sink = nullptr;
  const ops::Conv2d forward{
      .x = y, .weight = weight, .y = x, .params = {.stride = 2, .padding = 1}};
  EXPECT_EQ(sink.work.macs, forward.work().macs);
  EXPECT_GT(sink.work.macs, 0);
}

TEST(ConvTranspose2d, ErrorsNameTheOperandAndWhatWasExpected) {
  const Tensor x({2, 4, 4, 3}), weight({3, 3, 3, 5});
  EXPECT_EQ(error_of([&] { conv_transpose2d(x, weight, {}, {.stride = 2}, 2); }),
            "conv_transpose2d: output_padding must be from 0 to stride - 1, got 2 with stride 2");
  EXPECT_EQ(error_of([&] { conv_transpose2d(x, weight, {}, {.padding = 9}); }),
            "conv_transpose2d: the output would be empty: of 4 pixels with kernel 3, stride 1, "
            "padding 9 and dilation 1");
  EXPECT_EQ(error_of([&] {
              conv_transpose2d(x, Tensor({5, 3, 3, 3}));
            }),
            "conv_transpose2d: x is [2,4,4,3], it has 3 channels, weight is [5,3,3,3] for 5");
  EXPECT_EQ(error_of([&] { conv_transpose2d(x, weight, Tensor({3})); }),
            "conv_transpose2d: bias is [3], expected [5]");
}

}  // namespace
}  // namespace joule
