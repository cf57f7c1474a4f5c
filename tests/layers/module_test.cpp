// SPDX-License-Identifier: MIT
#include "joule/layers/module.h"

#include <map>
#include <set>

#include "joule/layers/containers.h"
#include "joule/layers/flattened_inputs.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

nn::Sequential small_net() {
  manual_seed(1);
  return nn::Sequential(nn::Conv2d({.in = 2, .out = 4, .kernel = 3, .padding = 1}), nn::ReLU(),
                        nn::MaxPool2d(2), nn::Flatten(), nn::Linear(4 * 4 * 4, 8), nn::ReLU(),
                        nn::Linear(8, 3));
}

const Tensor kImages = random_tensor({2, 8, 8, 2}, 5);

TEST(Module, NamesParametersByTheirPath) {
  nn::Sequential block;
  block.add("conv", nn::Conv2d({.in = 2, .out = 2, .kernel = 1, .bias = false}))
      .add("norm", nn::BatchNorm(2));
  nn::Sequential net;
  net.add("block", nn::Residual(std::move(block))).add("head", nn::Linear(2, 3));
  std::vector<std::string> names;
  for (const auto& [name, tensor] : net.parameters()) names.push_back(str(name, tensor.shape()));
  EXPECT_EQ(names, (std::vector<std::string>{"block.main.conv.weight[2,1,1,2]",
                                             "block.main.norm.weight[2]", "block.main.norm.bias[2]",
                                             "head.weight[3,2]", "head.bias[3]"}));
  ASSERT_EQ(net.buffers().size(), 2u);
  EXPECT_EQ(net.buffers()[0].name, "block.main.norm.running_mean");
  EXPECT_EQ(net.parameter_count(), 4 + 2 + 2 + 6 + 3);
}

TEST(Module, DescribesItself) {
  EXPECT_EQ(
      nn::Conv2d({.in = 4, .out = 8, .kernel = {3, 1}, .stride = 2, .groups = 2, .bias = false})
          .describe(),
      "Conv2d(4, 8, kernel=3x1, stride=2x2, groups=2, no bias)");
  EXPECT_EQ(nn::MaxPool2d(2).describe(), "MaxPool2d(2x2, stride=2x2)");
  EXPECT_EQ(nn::MaxPool2d(3, 2, 1).describe(), "MaxPool2d(3x3, stride=2x2, padding=1x1)");
  EXPECT_EQ(nn::MaxPool2d(3, 2, 1, {.ceil_mode = true}).describe(),
            "MaxPool2d(3x3, stride=2x2, padding=1x1, ceil_mode)");
  EXPECT_EQ(nn::AvgPool2d(2, 2, 1, {.count_include_pad = false}).describe(),
            "AvgPool2d(2x2, stride=2x2, padding=1x1, count_include_pad=false)");
  EXPECT_EQ(nn::Linear(3, 4).describe(), "Linear(3, 4)");
}

TEST(Module, PoolsTakeTheirOptions) {
  const NoGrad guard;
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4, 5}, {1, 1, 5, 1});
  const auto of = [&](nn::Module&& pool) {
    const Tensor y = pool(x);
    return std::vector<float>(y.values<float>().begin(), y.values<float>().end());
  };
  EXPECT_EQ(of(nn::MaxPool2d(Size2(1, 2))), (std::vector<float>{2, 4}));
  EXPECT_EQ(of(nn::MaxPool2d({1, 2}, 2, 0, {.ceil_mode = true})), (std::vector<float>{2, 4, 5}));
  EXPECT_EQ(of(nn::AvgPool2d({1, 2}, {1, 2}, {0, 1})), (std::vector<float>{0.5f, 2.5f, 4.5f}));
  EXPECT_EQ(of(nn::AvgPool2d({1, 2}, {1, 2}, {0, 1}, {.count_include_pad = false})),
            (std::vector<float>{1, 2.5f, 4.5f}));
}

TEST(Module, LoadStateIsAllOrNothing) {
  auto a = small_net();
  manual_seed(2);
  nn::Sequential b(nn::Conv2d({.in = 2, .out = 4, .kernel = 3, .padding = 1}), nn::ReLU(),
                   nn::MaxPool2d(2), nn::Flatten(), nn::Linear(4 * 4 * 4, 8), nn::ReLU(),
                   nn::Linear(8, 3));
  const NoGrad guard;
  State state = b.state();
  const Tensor before = a.parameters()[0].tensor.clone();
  state.tensors["extra"] = Tensor({1});
  state.tensors["4.bias"] = Tensor({9});
  state.tensors.erase("6.bias");
  EXPECT_EQ(error_of([&] { a.load_state(state); }),
            "load_state: the saved state does not fit; 4.bias is f32 [9], expected f32 [8]; 6.bias "
            "is missing; extra is not part of this net");
  expect_same_bits(a.parameters()[0].tensor, before);
  a.load_state(b.state());
  expect_same_bits(a(kImages), b(kImages));
}

TEST(Module, OperationsAreAccountedToTheLayerThatRanThem) {
  struct Sink final : WorkSink {
    Tally* record(const OpRun& run, const Work&) override {
      seen.insert(str(run.scope.layer, " ", name(run.scope.phase), " ", run.op));
      return nullptr;
    }
    std::set<std::string> seen;
  } sink;
  auto net = small_net();
  const ContextGuard guard;
  context().sink = &sink;
  cross_entropy(net(kImages), Tensor::zeros({2}, DType::i32)).backward();
  EXPECT_EQ(sink.seen,
            (std::set<std::string>{
                "0 forward conv2d", "0 backward relu_grad", "0 backward conv2d_grad_weight",
                "2 forward max_pool2d", "2 backward max_pool2d_grad", "4 forward linear",
                "4 backward linear_grad_input", "4 backward linear_grad_weight", "5 forward relu",
                "5 backward relu_grad", "6 forward linear", "6 backward linear_grad_input",
                "6 backward linear_grad_weight", " forward softmax_cross_entropy",
                " backward softmax_cross_entropy_grad"}));
}

TEST(Taps, HoldEveryReluUnderItsOwnName) {
  auto net = small_net();
  const auto [logits, taps] = net.forward_with_taps(kImages, {.sigma = 0.1f});
  ASSERT_EQ(taps.size(), 2u);
  EXPECT_EQ(taps[0].layer, "1");
  EXPECT_EQ(taps[0].value.shape(), Shape({2, 8, 8, 4}));
  EXPECT_EQ(taps[1].layer, "5");
  for (const Tap& tap : taps) {
    expect_mask_matches(tap.value);
    double l0 = 0;
    for (const double v : tap.value.values<float>()) l0 += v * v / (v * v + 0.1f);
    EXPECT_NEAR(tap.l0_sum.item(), l0, 1e-5 * l0);
  }
  EXPECT_EQ(taps[0].l0, SmoothL0(0.1f));
  EXPECT_FALSE(net.forward_with_taps(kImages).second[0].l0_sum.defined());
  const auto cut = net.forward_with_taps(kImages, {.sigma = 0.1f, .cutoff = 2}).second;
  EXPECT_EQ(cut[0].l0, SmoothL0(0.1f, 2));  // of a ReLU that runs with its convolution
  EXPECT_EQ(cut[1].l0, SmoothL0(0.1f, 2));
}

TEST(Taps, AllHoldsEveryLeafButDropout) {
  nn::Sequential net(nn::Flatten(), nn::Dropout(0.5f), nn::Linear(128, 4), nn::ReLU());
  const auto [y, taps] = net.forward_with_taps(kImages, {.layers = TapLayers::all});
  std::vector<std::string_view> layers;
  for (const Tap& tap : taps) layers.push_back(tap.layer);
  EXPECT_EQ(layers, (std::vector<std::string_view>{"0", "2", "3"}));
}

TEST(Observers, SeeEveryLayerUnfused) {
  auto net = small_net();
  std::vector<std::string> seen;
  const Tensor unseen = net(kImages);
  const auto subscription = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
    seen.push_back(str(event.layer, " ", event.module.describe(), " ", event.output.shape()));
    if (event.layer == "1") {  // the convolution's output is still there
      bool negative = false;
      for (const float v : event.input.values<float>()) negative |= v < 0;
      EXPECT_TRUE(negative);
    }
  });
  const Tensor y = net(kImages);
  ASSERT_EQ(seen.size(), 8u);
  EXPECT_EQ(seen[0], "0 Conv2d(2, 4, kernel=3x3, padding=1x1) [2,8,8,4]");
  EXPECT_EQ(seen[7], " Sequential() [2,3]");
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    EXPECT_NEAR(y.data<float>()[i], unseen.data<float>()[i], 1e-5);
  }
}

TEST(Module, EvaluationModeReachesEveryChild) {
  nn::Sequential inner(nn::Dropout(0.5f));
  nn::Sequential net(std::move(inner), nn::Flatten());
  net.eval();
  EXPECT_FALSE(net.children()[0]->children()[0]->training());
  const NoGrad guard;
  expect_same_bits(net(kImages), kImages.reshape({2, 128}));
  net.train();
  EXPECT_LT(net(kImages).density(), 0.8);
}

TEST(Module, ErrorsNameTheLayerAndTheValue) {
  EXPECT_EQ(error_of([] { nn::Conv2d({.in = 3, .out = 4, .groups = 2}); }),
            "Conv2d: groups=2 must divide in=3 and out=4");
  EXPECT_EQ(error_of([] { nn::Conv2d({}); }),
            "Conv2d: in, out and kernel must be positive, got in=0 out=0 kernel=3x3");
  EXPECT_EQ(error_of([] { nn::Linear(0, 4); }),
            "Linear: in and out must be positive, got in=0 out=4");
  EXPECT_EQ(error_of([] { nn::Dropout(1.5f); }),
            "Dropout: probability must lie in [0, 1], got 1.5");
  EXPECT_EQ(error_of([] { nn::Sequential().add("a.b", nn::ReLU()); }),
            "module: a child's name must not be empty or hold a '.', got 'a.b'");
  EXPECT_EQ(error_of([] { nn::Sequential().add("a", nn::ReLU()).add("a", nn::ReLU()); }),
            "module: there is a child 'a' already");
}

TEST(Initialise, HasTheVarianceOfItsName) {
  const Shape shape{64, 3, 3, 32};  // fan_in 288, fan_out 576
  const std::pair<Init, double> cases[] = {{Init::he_normal, 2.0 / 288},
                                           {Init::he_normal_out, 2.0 / 576},
                                           {Init::he_uniform, 2.0 / 288},
                                           {Init::xavier_normal, 2.0 / 864},
                                           {Init::xavier_uniform, 2.0 / 864}};
  for (const auto& [init, variance] : cases) {
    Generator generator(1);
    const Tensor w = initialise(init, shape, generator);
    double square = 0;
    for (const double v : w.values<float>()) square += v * v;
    EXPECT_NEAR(square / static_cast<double>(w.numel()), variance, 0.05 * variance);
  }
}

TEST(Module, AShapeThatDoesNotFitNamesTheLayer) {
  nn::Sequential net(nn::Linear(3, 8), nn::ReLU(), nn::Linear(9, 2));
  const std::string error = test::error_of([&] { net(Tensor::zeros({4, 3})); });
  EXPECT_TRUE(error.starts_with("2, Linear(9, 2): linear: ")) << error;
}

TEST(Module, ALayerInsideALayerIsAccountedToItsWholePath) {
  struct Sink final : WorkSink {
    Tally* record(const OpRun& run, const Work&) override {
      seen.insert(std::string(run.scope.layer));
      return nullptr;
    }
    std::set<std::string> seen;
  } sink;
  nn::Sequential block;
  block.add("conv", nn::Conv2d({.in = 2, .out = 2, .padding = 1}));
  nn::Sequential net;
  net.add("block", nn::Residual(std::move(block)));
  const ContextGuard guard;
  context().sink = &sink;
  net(kImages);
  EXPECT_EQ(sink.seen, (std::set<std::string>{"block", "block.main.conv"}));
}

TEST(Module, ConversionReachesParametersAndBuffers) {
  nn::Sequential net(nn::BatchNorm(2));
  net.to(DType::f64);
  for (const auto& [name, tensor] : net.state().tensors)
    EXPECT_EQ(tensor.dtype(), DType::f64) << name;
}

TEST(Module, ZeroGradForgetsEveryGradient) {
  auto net = small_net();
  cross_entropy(net(kImages), Tensor::zeros({2}, DType::i32)).backward();
  for (const auto& [name, tensor] : net.parameters()) EXPECT_TRUE(tensor.grad().defined()) << name;
  net.zero_grad();
  for (const auto& [name, tensor] : net.parameters()) EXPECT_FALSE(tensor.grad().defined()) << name;
}

TEST(Taps, AllSeesAConvolutionBeforeItsRelu) {
  auto net = small_net();
  const auto [y, taps] = net.forward_with_taps(kImages, {.layers = TapLayers::all});
  ASSERT_EQ(taps.size(), 7u);
  EXPECT_EQ(taps[0].layer, "0");
  float least = 0;
  for (const float v : taps[0].value.values<float>()) least = std::min(least, v);
  EXPECT_LT(least, 0);
}

TEST(Taps, ACollectorInsideAnotherHandsBack) {
  const TapCollector outer({.sigma = 0.5f});
  {
    const TapCollector inner({.sigma = 0.25f});
    EXPECT_EQ(TapCollector::current(), &inner);
  }
  EXPECT_EQ(TapCollector::current(), &outer);
}

TEST(Layers, RunTheirFunctionWithTheirOptions) {
  const NoGrad guard;
  nn::Conv2d conv({.in = 2,
                   .out = 4,
                   .kernel = {3, 2},
                   .stride = {2, 1},
                   .padding = {1, 0},
                   .dilation = {1, 2},
                   .groups = 2});
  conv.parameters()[1].tensor.fill(0.5);
  expect_same_bits(conv(kImages),
                   conv2d(kImages, conv.parameters()[0].tensor, conv.parameters()[1].tensor,
                          {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}, .groups = 2}));
  nn::MaxPool2d max({3, 2}, {1, 2}, {1, 0});
  expect_same_bits(max(kImages), max_pool2d(kImages, {3, 2}, {1, 2}, {1, 0}));
  nn::AvgPool2d average({3, 2}, {1, 2}, {1, 0});
  expect_same_bits(average(kImages), avg_pool2d(kImages, {3, 2}, {1, 2}, {1, 0}));
  expect_same_bits(nn::AvgPool2d(Size2(2, 4))(kImages), avg_pool2d(kImages, {2, 4}, {2, 4}));
  expect_same_bits(nn::GlobalAvgPool()(kImages), global_avg_pool(kImages));
  nn::Linear linear_layer(128, 3);
  linear_layer.parameters()[1].tensor.fill(0.5);
  const Tensor flat = flatten(kImages);
  expect_same_bits(linear_layer(flat), linear(flat, linear_layer.parameters()[0].tensor,
                                              linear_layer.parameters()[1].tensor));
}

TEST(Layers, BatchNormKeepsStatisticsWhichEvaluationUses) {
  const NoGrad guard;
  nn::BatchNorm norm(2, {.epsilon = 0.25f, .momentum = 0.5f});
  norm(Tensor::full({1, 2, 2, 2}, 4));
  EXPECT_EQ(norm.buffers()[0].tensor.values<float>()[1], 2.0f);  // half of 0, half of 4
  EXPECT_EQ(norm.buffers()[1].tensor.values<float>()[1], 0.5f);
  norm.eval();
  const Tensor y = norm(Tensor::full({1, 2, 2, 2}, 5));
  EXPECT_EQ(norm.buffers()[0].tensor.values<float>()[1], 2.0f);
  EXPECT_NEAR(y.values<float>()[0], (5 - 2) / std::sqrt(0.5 + 0.25), 1e-6);
}

TEST(Layers, ResidualAddsWhatItIsGiven) {
  const NoGrad guard;
  const Tensor x = random_tensor({2, 3}, 1);
  const auto times = [](float factor) {
    nn::Linear layer(3, 3, {.bias = false});
    const Tensor weight = layer.parameters()[0].tensor;
    weight.fill(0);
    for (std::int64_t i = 0; i < 3; ++i) weight.mutable_data<float>()[4 * i] = factor;
    return layer;
  };
  const Tensor own = nn::Residual(times(2))(x), given = nn::Residual(times(2), times(5))(x);
  for (std::int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(own.data<float>()[i], 2 * x.data<float>()[i] + x.data<float>()[i]);
    EXPECT_EQ(given.data<float>()[i], 2 * x.data<float>()[i] + 5 * x.data<float>()[i]);
  }
}

/// Flattens in its forward pass, by the function.
class Flattening final : public nn::Module {
 public:
  Flattening() : head_(add_child("head", nn::Linear(8 * 8 * 2, 3))) {}
  std::string describe() const override { return "Flattening()"; }

 private:
  Tensor forward(Tensor x) override { return (*head_)(flatten(std::move(x))); }
  std::shared_ptr<nn::Module> head_;
};

/// A layer of its own kind, with a weight per column.
class Weighted final : public nn::Module {
 public:
  Weighted() { add_parameter("weight", Tensor::zeros({128})); }
  std::string describe() const override { return "Weighted()"; }

 private:
  Tensor forward(Tensor x) override { return x; }
};

TEST(FlattenedInputs, AreThoseOfEveryLayerBehindAnImage) {
  using Found = std::map<std::string, Shape>;
  const Shape image{8, 8, 2};
  nn::Sequential plain = small_net();
  EXPECT_EQ(nn::flattened_inputs(plain, image), (Found{{"4", {4, 4, 4}}}));
  nn::Sequential through(nn::Flatten(), nn::ReLU(), nn::BatchNorm(128), nn::Dropout(0.5f),
                         nn::Linear(128, 128), nn::Linear(128, 3));
  EXPECT_EQ(nn::flattened_inputs(through, image), (Found{{"2", image}, {"4", image}}));
  nn::Sequential inside{Flattening()};
  EXPECT_EQ(nn::flattened_inputs(inside, image), (Found{{"0.head", image}}));
  nn::Sequential averaged(nn::GlobalAvgPool(), nn::Linear(2, 3));
  EXPECT_EQ(nn::flattened_inputs(averaged, image), Found{});
  // One channel, or one pixel: there is only one order.
  nn::Sequential grey(nn::Flatten(), nn::Linear(64, 3));
  EXPECT_EQ(nn::flattened_inputs(grey, {8, 8, 1}), Found{});
  EXPECT_EQ(nn::flattened_inputs(grey, {1, 1, 64}), Found{});
}

TEST(FlattenedInputs, LeaveEveryModeAsItWas) {
  nn::Sequential net = small_net();
  net.children()[4]->eval();
  nn::flattened_inputs(net, {8, 8, 2});
  EXPECT_TRUE(net.training());
  EXPECT_TRUE(net.children()[3]->training());
  EXPECT_FALSE(net.children()[4]->training());
}

TEST(FlattenedInputs, RefuseWhatTheyCannotTell) {
  nn::Sequential unknown{nn::Flatten(), Weighted()};
  EXPECT_EQ(error_of([&] {
              nn::flattened_inputs(unknown, {8, 8, 2});
            }),
            "flattened_inputs: 1, Weighted(), reads a flattened image [8,8,2]: in which order its "
            "parameters lie is unknown");
  nn::Sequential added(nn::Flatten(), nn::Residual(nn::Sequential(nn::Linear(128, 128))));
  EXPECT_EQ(
      error_of([&] {
        nn::flattened_inputs(added, {8, 8, 2});
      }),
      "flattened_inputs: 1, Add(), puts a flattened image [8,8,2] together with something else: "
      "which layers depend on the order of its values is unknown");
}

}  // namespace
}  // namespace joule
