// SPDX-License-Identifier: MIT
#include "joule/layers/activations.h"

#include "joule/kernels/group_norm/group_norm.h"
#include "joule/layers/conv_transpose2d.h"
#include "joule/layers/norms.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

const Tensor kX = random_tensor({2, 3, 4, 6}, 1);

TEST(Activations, RunTheFunctionsOfTheirNames) {
  expect_same_bits(nn::Sigmoid()(kX), sigmoid(kX));
  expect_same_bits(nn::Tanh()(kX), joule::tanh(kX));
  expect_same_bits(nn::LeakyReLU(0.3f)(kX), leaky_relu(kX, 0.3f));
  expect_same_bits(nn::GELU()(kX), gelu(kX));
  expect_same_bits(nn::ELU(0.3f)(kX), elu(kX, 0.3f));
  expect_same_bits(nn::Erf()(kX), joule::erf(kX));
  expect_same_bits(nn::SiLU()(kX), silu(kX));
  expect_same_bits(nn::HardSwish()(kX), hard_swish(kX));
  expect_same_bits(nn::Softmax()(kX), softmax(kX));
}

TEST(Activations, DescribeThemselves) {
  EXPECT_EQ(nn::Sigmoid().describe(), "Sigmoid()");
  EXPECT_EQ(nn::Tanh().describe(), "Tanh()");
  EXPECT_EQ(nn::LeakyReLU(0.2f).describe(), "LeakyReLU(0.2)");
  EXPECT_EQ(nn::GELU().describe(), "GELU()");
  EXPECT_EQ(nn::ELU(0.2f).describe(), "ELU(0.2)");
  EXPECT_EQ(nn::Erf().describe(), "Erf()");
  EXPECT_EQ(nn::SiLU().describe(), "SiLU()");
  EXPECT_EQ(nn::HardSwish().describe(), "HardSwish()");
  EXPECT_EQ(nn::Softmax().describe(), "Softmax()");
  EXPECT_EQ(error_of([] { nn::LeakyReLU(NAN); }), "LeakyReLU: the slope must be finite, got nan");
  EXPECT_EQ(error_of([] { nn::ELU(-INFINITY); }), "ELU: alpha must be finite, got -inf");
}

TEST(Norms, NormaliseByTheirParameters) {
  nn::GroupNorm groups(2, 6);
  nn::LayerNorm layer(6);
  for (nn::Module* const norm :
       {static_cast<nn::Module*>(&groups), static_cast<nn::Module*>(&layer)}) {
    const auto parameters = norm->parameters();
    ASSERT_EQ(parameters.size(), 2);
    EXPECT_EQ(parameters[0].name, "weight");
    EXPECT_EQ(parameters[1].name, "bias");
    for (const float v : parameters[0].tensor.values<float>()) EXPECT_EQ(v, 1.0f);
    parameters[0].tensor.fill(3);
    parameters[1].tensor.fill(7);
    const Tensor y = (*norm)(kX);
    double mean = 0;
    for (const float v : y.values<float>()) mean += v / static_cast<double>(y.numel());
    EXPECT_NEAR(mean, 7, 1e-5);
  }
  EXPECT_EQ(groups.describe(), "GroupNorm(2, 6)");
  EXPECT_EQ(layer.describe(), "LayerNorm(6)");
  EXPECT_EQ(error_of([] { nn::GroupNorm(4, 6); }), "GroupNorm: groups=4 must divide channels=6");
  EXPECT_EQ(error_of([] { nn::LayerNorm(0); }), "LayerNorm: channels must be positive, got 0");
}

TEST(ConvTranspose2dLayer, DoublesAnImage) {
  nn::ConvTranspose2d layer({.in = 6,
                             .out = 4,
                             .kernel = 3,
                             .stride = 2,
                             .padding = 1,
                             .output_padding = 1,
                             .groups = 2});
  EXPECT_EQ(layer(kX).shape(), (Shape{2, 6, 8, 4}));
  const auto parameters = layer.parameters();
  ASSERT_EQ(parameters.size(), 2);
  EXPECT_EQ(parameters[0].tensor.shape(), (Shape{6, 3, 3, 2}));
  EXPECT_EQ(parameters[1].tensor.shape(), (Shape{4}));
  parameters[1].tensor.fill(5);
  parameters[0].tensor.fill(0);
  for (const float v : layer(kX).values<float>()) ASSERT_EQ(v, 5.0f);
  EXPECT_EQ(layer.describe(),
            "ConvTranspose2d(6, 4, kernel=3x3, stride=2x2, padding=1x1, output_padding=1x1, "
            "groups=2)");
  EXPECT_EQ(error_of([] { nn::ConvTranspose2d({.in = 3, .out = 4, .groups = 2}); }),
            "ConvTranspose2d: groups=2 must divide in=3 and out=4");
}

}  // namespace
}  // namespace joule
