// SPDX-License-Identifier: MIT
#include "joule/layers/graph/fold.h"

#include <cmath>

#include "joule/layers/containers.h"
#include "joule/layers/graph/net.h"
#include "joule/models/models.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/runs.h"

namespace joule {
namespace {

using namespace test;

/// Scales, shifts and statistics as training leaves them.
void train_norms(nn::Module& net) {
  Generator generator(11);
  for (const auto& named : {net.parameters(), net.buffers()}) {
    for (const auto& [name, tensor] : named) {
      const std::span<float> values(tensor.mutable_data<float>(),
                                    static_cast<std::size_t>(tensor.numel()));
      const bool of_norm = name.find("norm") != std::string::npos;
      if (name.ends_with("running_var")) generator.uniform(values, 0.5f, 2.0f);
      if (name.ends_with("running_mean")) generator.normal(values, 0.0f, 0.3f);
      if (of_norm && name.ends_with("weight")) generator.uniform(values, 0.5f, 1.5f);
      if (of_norm && name.ends_with(".bias")) generator.normal(values, 0.0f, 0.2f);
      if (!of_norm && name.ends_with(".bias")) generator.normal(values, 0.0f, 0.1f);
    }
  }
}

double largest(const Tensor& t) {
  double most = 0;
  for (const float value : t.values<float>()) most = std::max(most, std::abs(double{value}));
  return most;
}

/// The largest difference, by the largest value.
double relative_difference(const Tensor& a, const Tensor& b) {
  double most = 0;
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    most = std::max(most, std::abs(double{a.data<float>()[i]} - double{b.data<float>()[i]}));
  }
  return most / largest(b);
}

Tensor unfolded(nn::Module& net, const Tensor& x) {
  const ContextGuard guard;
  context().fold_batch_norm = false;
  return net(x);
}

nn::Sequential small() {
  manual_seed(5);
  nn::Sequential net;
  net.add("conv", nn::Conv2d({.in = 2, .out = 70, .padding = 1}))
      .add("norm", nn::BatchNorm(70))
      .add("relu", nn::ReLU())
      .add("last", nn::Conv2d({.in = 70, .out = 3, .kernel = 1, .bias = false}))
      .add("last_norm", nn::BatchNorm(3));
  train_norms(net);
  net.eval();
  return net;
}

const Tensor kImages = random_tensor({2, 5, 5, 2}, 5);

TEST(Fold, LogitsAgree) {
  for (const char* const name :
       {"simple-cnn", "resnet18", "vgg16", "resnet8", "ds-cnn", "autoencoder"}) {
    manual_seed(7);
    ModelSpec spec = usual_spec(name);
    if (spec == ModelSpec{.name = name}) spec = {.name = name, .image = 32, .channels = 3};
    nn::Net net = make_model(spec);
    train_norms(net);
    net.eval();
    const NoGrad guard;
    const Tensor x = random_tensor({2, spec.image.h, spec.image.w, spec.channels}, 3);
    const Tensor folded = net(x), plain = unfolded(net, x);
    EXPECT_LE(relative_difference(folded, plain), 1e-5) << name;
    EXPECT_GT(largest(plain), 0) << name;
    // They are not the same bits, or nothing was folded.
    EXPECT_NE(relative_difference(folded, plain), 0) << name;
  }
}

TEST(Fold, OnePassAccountedToTheConvolution) {
  nn::Sequential net = small();
  const NoGrad guard;
  EXPECT_EQ(runs_of(net, kImages), (std::vector<std::string>{"conv conv2d", "last conv2d"}));
  context().fold_batch_norm = false;
  EXPECT_EQ(runs_of(net, kImages),
            (std::vector<std::string>{"conv conv2d", "norm batch_norm_inference", "relu relu",
                                      "last conv2d", "last_norm batch_norm_inference"}));
}

TEST(Fold, ALinearLayerWithTheNormBehindIt) {
  manual_seed(6);
  nn::Sequential net;
  net.add("linear1", nn::Linear(4, 70))
      .add("norm1", nn::BatchNorm(70))
      .add("relu", nn::ReLU())
      .add("linear2", nn::Linear(70, 3, {.bias = false}))
      .add("norm2", nn::BatchNorm(3))
      .add("linear3", nn::Linear(3, 2))
      .add("last_relu", nn::ReLU());
  train_norms(net);
  net.eval();
  const NoGrad guard;
  const Tensor x = random_tensor({5, 4}, 6);
  EXPECT_EQ(runs_of(net, x),
            (std::vector<std::string>{"linear1 linear", "relu relu", "linear2 linear",
                                      "linear3 linear", "last_relu relu"}));
  EXPECT_LE(relative_difference(net(x), unfolded(net, x)), 1e-5);
  net.train();
  EXPECT_EQ(runs_of(net, x)[1], "norm1 batch_norm");
}

TEST(Fold, TheReluIsTappedWithItsMask) {
  nn::Sequential net = small();
  const NoGrad guard;
  const auto [y, taps] = net.forward_with_taps(kImages, {.sigma = 0.1f});
  ASSERT_EQ(taps.size(), 1u);
  EXPECT_EQ(taps[0].layer, "relu");
  ASSERT_NE(taps[0].value.zero_mask(), nullptr);
  expect_mask_matches(taps[0].value);
  EXPECT_TRUE(taps[0].l0_sum.defined());
}

TEST(Fold, FollowsEveryWrite) {
  nn::Sequential net = small();
  const NoGrad guard;
  net(kImages);
  for (const auto& named : {net.parameters(), net.buffers()}) {
    for (const auto& [name, tensor] : named) {
      float* const values = tensor.mutable_data<float>();
      for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = 1.5f * values[i] + 0.1f;
      EXPECT_LE(relative_difference(net(kImages), unfolded(net, kImages)), 1e-5) << name;
    }
  }
  // Also where the tensors have become others.
  net.to(DType::f64);
  net.to(DType::f32);
  net.parameters()[0].tensor.fill(0.25);
  EXPECT_LE(relative_difference(net(kImages), unfolded(net, kImages)), 1e-5);
}

TEST(Fold, IsMadeOncePerWrite) {
  nn::Sequential net = small();
  const NoGrad guard;
  const auto tensor = [&](const char* name) { return net.state().tensors.at(name); };
  const nn::NormedConv conv{.weight = tensor("conv.weight"),
                            .bias = tensor("conv.bias"),
                            .gamma = tensor("norm.weight"),
                            .beta = tensor("norm.bias"),
                            .mean = tensor("norm.running_mean"),
                            .var = tensor("norm.running_var"),
                            .epsilon = 1e-5};
  const nn::FoldedConv first = nn::folded(conv);
  EXPECT_TRUE(nn::folded(conv).weight.same_storage(first.weight));
  tensor("norm.running_var").fill(4);
  const nn::FoldedConv second = nn::folded(conv);
  EXPECT_FALSE(second.weight.same_storage(first.weight));
  const double g = conv.gamma.values<float>()[0] / std::sqrt(4 + 1e-5);
  EXPECT_FLOAT_EQ(second.weight.values<float>()[0],
                  static_cast<float>(conv.weight.values<float>()[0] * g));
  EXPECT_FLOAT_EQ(
      second.bias.values<float>()[0],
      static_cast<float>((conv.bias.values<float>()[0] - conv.mean.values<float>()[0]) * g +
                         conv.beta.values<float>()[0]));
}

TEST(Fold, OnlyInEvaluationWithoutGradientsUnseen) {
  nn::Sequential net = small();
  const std::vector<std::string> plain{"conv conv2d", "norm batch_norm_inference", "relu relu",
                                       "last conv2d", "last_norm batch_norm_inference"};
  EXPECT_EQ(runs_of(net, kImages), plain);  // with gradients
  const NoGrad guard;
  {
    const auto subscription = nn::forward_observers().add([](const nn::ForwardEvent&) {});
    EXPECT_EQ(runs_of(net, kImages), plain);
  }
  {
    const TapCollector all({.layers = TapLayers::all});
    EXPECT_EQ(runs_of(net, kImages), plain);
  }
  net.train();
  EXPECT_EQ(runs_of(net, kImages)[1], "norm batch_norm");
}

TEST(Fold, NotWhereTheConvolutionIsReadTwice) {
  const auto number = [](std::int64_t n) { return n; };
  nn::Net net(nn::Graph{.name = "twice",
                        .inputs = {{"x", {5, 5, 2}}},
                        .nodes = {{"conv",
                                   "Conv2d",
                                   {{"in", number(2)}, {"out", number(3)}, {"kernel", nn::list(1)}},
                                   {"x"}},
                                  {"norm", "BatchNorm", {{"channels", number(3)}}, {"conv"}},
                                  {"sum", "Add", {}, {"conv", "norm"}}},
                        .outputs = {"sum"}});
  net.eval();
  const NoGrad guard;
  EXPECT_EQ(runs_of(net, kImages),
            (std::vector<std::string>{"conv conv2d", "norm batch_norm_inference", "sum add"}));
}

}  // namespace
}  // namespace joule
