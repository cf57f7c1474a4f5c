// SPDX-License-Identifier: MIT
#include "joule/layers/graph/executor.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/reduce/sum.h"
#include "joule/layers/containers.h"
#include "joule/layers/graph/net.h"
#include "joule/models/models.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/runs.h"

// A batch norm in training runs in one pass with the sum and the ReLU behind it.
namespace joule {
namespace {

using namespace test;
using Names = std::vector<std::string>;

const Tensor kImages = random_tensor({2, 5, 5, 3}, 5);

nn::Node norm_node(const std::string& name, const std::string& input) {
  return {name, "BatchNorm", {{"channels", std::int64_t{3}}}, {input}};
}

/// A net of three channels, in training.
nn::Net net_of(std::vector<nn::Node> nodes, std::vector<std::string> outputs = {}) {
  if (outputs.empty()) outputs = {nodes.back().name};
  return nn::Net(nn::Graph{.name = "net",
                           .inputs = {{"x", {5, 5, 3}}},
                           .nodes = std::move(nodes),
                           .outputs = std::move(outputs)});
}

TEST(RectifiedNorm, NormAndReluAreOnePassAccountedToTheNorm) {
  nn::Net net = net_of({norm_node("norm", "x"), {"relu", "ReLU", {}, {"norm"}}});
  EXPECT_EQ(runs_of(net, kImages), Names{"norm batch_norm"});
  net.eval();
  EXPECT_EQ(runs_of(net, kImages), (Names{"norm batch_norm_inference", "relu relu"}));
}

TEST(RectifiedNorm, SoAreNormSumAndRelu) {
  for (const bool norm_first : {false, true}) {
    const std::vector<std::string> operands =
        norm_first ? Names{"norm2", "norm1"} : Names{"norm1", "norm2"};
    nn::Net net = net_of({norm_node("norm1", "x"),
                          norm_node("norm2", "x"),
                          {"sum", "Add", {}, operands},
                          {"relu", "ReLU", {}, {"sum"}}});
    EXPECT_EQ(runs_of(net, kImages), (Names{"norm1 batch_norm", "norm2 batch_norm"}));
  }
  nn::Net identity = net_of(
      {norm_node("norm", "x"), {"sum", "Add", {}, {"norm", "x"}}, {"relu", "ReLU", {}, {"sum"}}});
  EXPECT_EQ(runs_of(identity, kImages), Names{"norm batch_norm"});
}

TEST(RectifiedNorm, NotWhereTheDifferenceCouldBeSeen) {
  const Names apart{"norm batch_norm", "relu relu"};
  const auto relu = [](const std::string& of) { return nn::Node{"relu", "ReLU", {}, {of}}; };
  nn::Net net = net_of({norm_node("norm", "x"), relu("norm")});
  {
    const auto subscription = nn::forward_observers().add([](const nn::ForwardEvent&) {});
    EXPECT_EQ(runs_of(net, kImages), apart);
  }
  {
    const TapCollector all({.layers = TapLayers::all});
    EXPECT_EQ(runs_of(net, kImages), apart);
  }
  nn::Net read_twice = net_of({norm_node("norm", "x"), relu("norm")}, {"norm", "relu"});
  Runs runs;
  {
    const ContextGuard guard;
    context().sink = &runs;
    read_twice.run({kImages});
  }
  EXPECT_EQ(runs.seen, apart);
  nn::Net three =
      net_of({norm_node("norm", "x"), {"sum", "Add", {}, {"norm", "x", "x"}}, relu("sum")});
  EXPECT_EQ(runs_of(three, kImages).front(), "norm batch_norm");
  EXPECT_EQ(runs_of(three, kImages).back(), "relu relu");
}

TEST(RectifiedNorm, ErrorsNameTheLayer) {
  nn::Sequential net;
  net.add("norm", nn::BatchNorm(3)).add("relu", nn::ReLU());
  EXPECT_EQ(error_of([&] {
              net(Tensor({1, 3}));
            }),
            "norm, BatchNorm(3): batch_norm: a variance needs at least 2 values per channel, x is "
            "[1,3]");
  nn::Sequential conv;
  conv.add("conv", nn::Conv2d({.in = 3, .out = 2})).add("relu", nn::ReLU());
  EXPECT_EQ(error_of([&] {
              conv(Tensor({5, 5, 3}));
            }),
            "conv, " + nn::Conv2d({.in = 3, .out = 2}).describe() +
                ": conv2d: x must have 4 dimensions, got [5,5,3]");
  // A sum that does not fit is the fault of neither norm nor ReLU.
  nn::Sequential residual;
  residual
      .add("block", nn::Residual(nn::Sequential(nn::Conv2d({.in = 3, .out = 3, .stride = 2}),
                                                nn::BatchNorm(3))))
      .add("relu", nn::ReLU());
  EXPECT_THAT(error_of([&] { residual(kImages); }), testing::StartsWith("block, Add(): add: "));
}

/// Outputs, taps' penalties and all gradients of a training step of a net.
std::vector<Tensor> step_of(const ModelSpec& spec, const Tensor& x, bool observed) {
  manual_seed(3);
  nn::Net net = make_model(spec);
  std::optional<Observers<nn::ForwardEvent>::Subscription> seen;
  if (observed) seen.emplace(nn::forward_observers().add([](const nn::ForwardEvent&) {}));
  const auto [y, taps] = net.forward_with_taps(x, {.sigma = 0.1f});
  Tensor loss = sum(y);
  for (const Tap& tap : taps) loss = add(loss, tap.l0_sum);
  loss.backward();
  std::vector<Tensor> all{y};
  for (const Tap& tap : taps) all.insert(all.end(), {tap.value, tap.l0_sum});
  for (const auto& [name, tensor] : net.parameters()) all.push_back(tensor.grad());
  for (const auto& [name, tensor] : net.buffers()) all.push_back(tensor);
  return all;
}

TEST(RectifiedNorm, AResidualNetTrainsTheSameBits) {
  const ModelSpec spec{.name = "resnet8", .image = 32, .channels = 3};
  const Tensor x = random_tensor({4, 32, 32, 3}, 8);
  const auto fused = step_of(spec, x, false), apart = step_of(spec, x, true);
  ASSERT_EQ(fused.size(), apart.size());
  for (std::size_t i = 0; i < fused.size(); ++i) {
    SCOPED_TRACE(i);
    expect_same_bits(fused[i], apart[i]);
  }
}

}  // namespace
}  // namespace joule
