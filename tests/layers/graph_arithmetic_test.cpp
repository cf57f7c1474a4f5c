// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>

#include "joule/kernels/reduce/sum.h"
#include "joule/layers/activations.h"
#include "joule/layers/graph/graph.h"
#include "joule/layers/graph/merge.h"
#include "joule/layers/graph/net.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;
using Float = std::numeric_limits<float>;

std::vector<float> clipped(float least, float most, const std::vector<float>& x) {
  const Tensor y = nn::Clip(least, most)(Tensor::from(x, {std::ssize(x)}));
  return {y.values<float>().begin(), y.values<float>().end()};
}

TEST(Clip, IsExactBetweenItsBounds) {
  const std::vector<float> x{-8, -1, -1e-8f, 0, 1e-8f, 0.1f, 5.9999995f, 6, 7, 1e4f};
  const auto relu6 = clipped(0, 6, x), both = clipped(-1, 6, x);
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    EXPECT_EQ(relu6[i], std::min(std::max(x[i], 0.0f), 6.0f)) << x[i];
    EXPECT_EQ(both[i], std::min(std::max(x[i], -1.0f), 6.0f)) << x[i];
  }
  EXPECT_NEAR(relu6.back(), 6, 1e4f * 0x1p-23f);
  EXPECT_EQ(clipped(-2, Float::max(), {-3, 1e30f}), (std::vector<float>{-2, 1e30f}));
  EXPECT_TRUE(std::isnan(clipped(0, 6, {NAN})[0]));
}

TEST(Clip, HasAGradientBetweenItsBoundsAlone) {
  nn::Clip clip(-1, 6);
  Tensor x = Tensor::from(std::vector<float>{-3, -0.5, 2, 9}, {4});
  x.set_requires_grad();
  sum(clip(x)).backward();
  const Tensor grad = x.grad();
  EXPECT_EQ(std::vector<float>(grad.values<float>().begin(), grad.values<float>().end()),
            (std::vector<float>{0, 1, 1, 0}));
}

TEST(Clip, SaysWhatItIsAndRefusesBoundsThatDoNotAscend) {
  EXPECT_EQ(nn::Clip(0, 6).describe(), "Clip(0, 6)");
  EXPECT_EQ(error_of([] { nn::Clip(6, 6); }),
            "Clip: expected finite bounds that ascend, got 6 and 6");
}

TEST(Arithmetic, OfTwoImagesOrOneNumberPerChannel) {
  const nn::Graph graph{.name = "g",
                        .inputs = {{"x", {2, 1, 2}}, {"c", {2}}},
                        .nodes = {{"times", "Mul", {}, {"x", "c"}},
                                  {"less", "Sub", {}, {"times", "x"}},
                                  {"part", "Div", {}, {"less", "c"}}},
                        .outputs = {"part"}};
  nn::Net net(graph);
  const NoGrad guard;
  const Tensor y = net.run({Tensor::from(std::vector<float>{1, 2, 3, 4}, {1, 2, 1, 2}),
                            Tensor::from(std::vector<float>{2, 4}, {1, 2})})[0];
  EXPECT_EQ(std::vector<float>(y.values<float>().begin(), y.values<float>().end()),
            (std::vector<float>{0.5, 1.5, 1.5, 3}));
  nn::Graph wrong = graph;
  wrong.inputs[1].shape = {3};
  EXPECT_EQ(
      error_of([&] { validate(wrong); }),
      "graph: node 'times', Mul: expected inputs of one shape, or an image and one number per "
      "channel, got [1,2,1,2] and [1,3] (with the batch in front)");
  EXPECT_EQ(nn::Mul().describe(), "Mul()");
  EXPECT_EQ(error_of([&] { nn::Sub()(y); }), ", Sub(): expected two inputs, got 1");
}

}  // namespace
}  // namespace joule
