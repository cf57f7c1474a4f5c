// SPDX-License-Identifier: MIT
#include "joule/models/models.h"

#include <gtest/gtest.h>

#include <cmath>

#include "joule/core/context.h"
#include "joule/core/random.h"
#include "joule/energy/ledger.h"
#include "joule/layers/uninitialised.h"

namespace joule {
namespace {

struct Expected {
  ModelSpec spec;
  std::int64_t parameters;  // summed by hand from the layers' shapes
};

const Expected kExpected[] = {
    // (9*1+1)*32 + (9*32+1)*64 + (9*64+1)*128 + (6272+1)*128 + (128+1)*10
    {{.name = "small-cnn"}, 320 + 18496 + 73856 + 802944 + 1290},
    {{.name = "small-cnn", .image = 32, .channels = 3, .classes = 100},
     896 + 18496 + 73856 + 1048704 + 12900},
    // The 61706 of LeNet-5 with full connections.
    {{.name = "lenet5"}, 156 + 2416 + 48120 + 10164 + 850},
    {{.name = "lenet5", .image = 32}, 156 + 2416 + 48120 + 10164 + 850},
    {{.name = "simple-cnn"}, 30 + 6 + 252 + 18 + 173264 + 77028 + 1970},
    {{.name = "simple-cnn", .image = 32, .channels = 3},
     252 + 18 + 2214 + 54 + (1728 + 1) * 1536 + (1536 + 1) * 768 + (768 + 1) * 10},
    {{.name = "simple-cnn-4-3-norelu"},
     30 + 6 + 252 + 18 + 2214 + 54 + 19764 + 162 + 82 * 392 + 77028 + 1970},
    {{.name = "dense-poly"}, 785 * 392 + 393 * 196 + 197 * 10},
    {{.name = "dense-linear", .image = 32, .channels = 3}, 3073 * 2048 + 2049 * 1024 + 1025 * 10},
    // Stem; a group's first and second block; linear.
    {{.name = "resnet18", .image = 32, .channels = 3},
     1728 + 128 + 4 * (36864 + 128) + (73728 + 147456 + 8192 + 3 * 256) + 2 * (147456 + 256) +
         (294912 + 589824 + 32768 + 3 * 512) + 2 * (589824 + 512) +
         (1179648 + 2359296 + 131072 + 3 * 1024) + 2 * (2359296 + 1024) + 5130},
    {{.name = "resnet18", .image = 64, .channels = 3},
     11173962 - 1728 + 7 * 7 * 3 * 64},  // 11173962: the case above
    {{.name = "vgg16", .image = 32, .channels = 3},
     14728266},  // weights and biases 14719818, norms 8448
    {{.name = "vgg16", .image = 64, .channels = 3}, 14728266},
    // Those of MLPerf Tiny: what is published less the running statistics, which are not trained.
    {usual_spec("resnet8"), 78666 - 2 * (3 * 16 + 2 * 32 + 2 * 64)},
    {usual_spec("ds-cnn"), 24908 - 2 * 9 * 64},
    {usual_spec("mobilenet-v1-0.25"), 221794 - 2 * 2736},
    {usual_spec("autoencoder"), 269992 - 2 * (8 * 128 + 8)},
    {{.name = "resnet8"}, 78186 - 2 * 9 * 16},
    {{.name = "ds-cnn", .image = {32, 33}, .channels = 3}, 23756 + 2 * 40 * 64 - 2 * 65},
};

/// As published: parameters and running statistics.
TEST(Models, OfMlperfTinyHaveTheParametersOfItsReferences) {
  const UninitialisedWeights only_shapes_count;
  const auto values = [](const char* name) {
    const nn::Sequential net = make_model(usual_spec(name));
    std::int64_t count = net.parameter_count();
    for (const NamedTensor& buffer : net.buffers()) count += buffer.tensor.numel();
    return count;
  };
  EXPECT_EQ(values("resnet8"), 78666);
  EXPECT_EQ(values("ds-cnn"), 24908);
  EXPECT_EQ(values("mobilenet-v1-0.25"), 221794);
  EXPECT_EQ(values("autoencoder"), 269992);
}

/// The layers that pad, each with what it adds.
std::vector<std::string> pads(const ModelSpec& spec) {
  const UninitialisedWeights only_shapes_count;
  std::vector<std::string> pads;
  const auto add = [&](auto& self, const nn::Module& module) -> void {
    if (module.name().ends_with("_pad")) pads.push_back(module.name() + ' ' + module.describe());
    for (const auto& child : module.children()) self(self, *child);
  };
  add(add, make_model(spec));
  return pads;
}

// One more zero behind than before wherever an even extent is halved, as in TensorFlow.
TEST(Models, OfMlperfTinyPadAsTensorFlowDoes) {
  using Pads = std::vector<std::string>;
  const std::string one_behind = "Pad2d(top=0, bottom=1, left=0, right=1)";
  EXPECT_EQ(pads(usual_spec("ds-cnn")),
            (Pads{"conv1_pad Pad2d(top=4, bottom=5, left=1, right=1)"}));
  EXPECT_EQ(pads(usual_spec("resnet8")), (Pads(2, "conv1_pad " + one_behind)));
  EXPECT_EQ(pads(usual_spec("mobilenet-v1-0.25")),
            (Pads{"conv1_pad " + one_behind, "depthwise2_pad " + one_behind,
                  "depthwise4_pad " + one_behind, "depthwise6_pad " + one_behind,
                  "depthwise12_pad " + one_behind}));
  EXPECT_EQ(pads({.name = "resnet8", .image = 31}), Pads(1, "conv1_pad " + one_behind));  // 31, 16
}

TEST(Models, HaveTheParametersOfTheirPapers) {
  const UninitialisedWeights only_shapes_count;
  for (const auto& [spec, parameters] : kExpected) {
    EXPECT_EQ(make_model(spec).parameter_count(), parameters) << spec.name << ' ' << spec.image;
  }
}

TEST(Models, GiveALogitPerClass) {
  const UninitialisedWeights only_shapes_count;
  for (const auto& [spec, parameters] : kExpected) {
    nn::Sequential net = make_model(spec);
    net.eval();
    const NoGrad no_grad;
    const Tensor logits = net(Tensor::zeros({2, spec.image.h, spec.image.w, spec.channels}));
    EXPECT_EQ(logits.shape(), (Shape{2, spec.classes})) << spec.name << ' ' << spec.image;
  }
}

TEST(Models, TapEveryRelu) {
  const NoGrad no_grad;
  nn::Sequential net = make_model({.name = "small-cnn"});
  const auto [logits, taps] = net.forward_with_taps(Tensor::zeros({1, 28, 28, 1}));
  std::vector<std::string> layers;
  for (const Tap& tap : taps) layers.emplace_back(tap.layer);
  EXPECT_EQ(layers, (std::vector<std::string>{"relu1", "relu2", "relu3", "relu4"}));

  nn::Sequential residual = make_model({.name = "resnet18", .image = 32, .channels = 3});
  residual.eval();
  EXPECT_EQ(residual.forward_with_taps(Tensor::zeros({1, 32, 32, 3})).second.size(), 17u);
}

TEST(Models, StartFromTheSeed) {
  const auto first_weight = [](std::uint64_t seed) {
    manual_seed(seed);
    const Tensor weight = make_model({}).parameters()[0].tensor;
    return std::vector<float>(weight.values<float>().begin(), weight.values<float>().end());
  };
  EXPECT_EQ(first_weight(1), first_weight(1));
  EXPECT_NE(first_weight(1), first_weight(2));
}

std::string error_of(const ModelSpec& spec) {
  try {
    make_model(spec);
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

/// The outputs of the layers with a weight, in their order.
std::vector<std::int64_t> widths(const ModelSpec& spec) {
  const UninitialisedWeights only_shapes_count;
  std::vector<std::int64_t> widths;
  for (const NamedTensor& parameter : make_model(spec).parameters()) {
    if (parameter.name.ends_with(".weight") && parameter.tensor.shape().rank() > 1) {
      widths.push_back(parameter.tensor.shape()[0]);
    }
  }
  return widths;
}

TEST(Models, HaveTheWidthsOfTheLayersStudy) {
  using Widths = std::vector<std::int64_t>;
  const auto fm = [](const char* name) { return widths({.name = name}); };
  const auto cifar = [](const char* name) {
    return widths({.name = name, .image = 32, .channels = 3});
  };
  EXPECT_EQ(fm("dense-poly"), (Widths{392, 196, 10}));
  EXPECT_EQ(cifar("dense-poly"), (Widths{1536, 768, 10}));
  EXPECT_EQ(fm("dense-poly-7"), (Widths{392, 196, 98, 49, 24, 12, 10}));
  EXPECT_EQ(cifar("dense-poly-7"), (Widths{1536, 768, 384, 192, 96, 48, 10}));
  EXPECT_EQ(fm("dense-linear"), (Widths{522, 261, 10}));
  EXPECT_EQ(cifar("dense-linear"), (Widths{2048, 1024, 10}));
  EXPECT_EQ(fm("dense-linear-7"), (Widths{672, 560, 448, 336, 224, 112, 10}));
  EXPECT_EQ(fm("simple-cnn"), (Widths{3, 9, 392, 196, 10}));
  EXPECT_EQ(fm("simple-cnn"), fm("simple-cnn-2-3"));
  EXPECT_EQ(fm("simple-cnn-4-7"), (Widths{3, 9, 27, 81, 392, 196, 98, 49, 24, 12, 10}));
  EXPECT_EQ(cifar("simple-cnn-4-7"), (Widths{9, 27, 81, 243, 1536, 768, 384, 192, 96, 48, 10}));
  EXPECT_EQ(cifar("simple-cnn-1-3-norelu"), (Widths{9, 1536, 768, 10}));
}

TEST(Models, HaveOneReluPerConvolutionOrNone) {
  const auto relus = [](const char* name) {
    const UninitialisedWeights only_shapes_count;
    const NoGrad no_grad;
    nn::Sequential net = make_model({.name = name});
    net.eval();
    return net.forward_with_taps(Tensor::zeros({1, 28, 28, 1})).second.size();
  };
  EXPECT_EQ(relus("simple-cnn-1-3"), 1u);
  EXPECT_EQ(relus("simple-cnn-4-7"), 4u);
  EXPECT_EQ(relus("simple-cnn-4-7-norelu"), 0u);
}

TEST(Models, BeginWithLogitsThatTheDepthDoesNotBlowUp) {
  const auto deviation = [](const char* name) {
    manual_seed(1);
    const NoGrad no_grad;
    nn::Sequential net = make_model({.name = name});
    Tensor images({64, 28, 28, 1});
    default_generator().normal(
        {images.mutable_data<float>(), static_cast<std::size_t>(images.numel())});
    double squares = 0;
    const Tensor logits = net(images);
    for (const float logit : logits.values<float>()) squares += double{logit} * logit;
    return std::sqrt(squares / static_cast<double>(logits.numel()));
  };
  for (const char* name : {"dense-poly-7", "dense-linear-7", "simple-cnn-4-7"}) {
    EXPECT_GT(deviation(name), 0.3) << name;
    EXPECT_LT(deviation(name), 4) << name;
  }
}

TEST(Models, KnowTheirNames) {
  for (const std::string& name : model_names()) EXPECT_TRUE(is_model_name(name)) << name;
  for (const char* name : {"dense-poly-1", "simple-cnn-1-64", "simple-cnn-4-3-norelu"}) {
    EXPECT_TRUE(is_model_name(name)) << name;
  }
  for (const char* name : {"", "dense-poly-", "dense-poly-0", "dense-poly-03", "dense-poly-3-3",
                           "dense-poly-3 ", "dense-poly--3", "simple-cnn-4", "simple-cnn-4-",
                           "simple-cnn-norelu", "simple-cnn-4-7-relu",
                           "simple-cnn-99999999999999999999-3", "small-cnn-2-3", "Dense-poly"}) {
    EXPECT_FALSE(is_model_name(name)) << name;
  }
}

TEST(Models, RefuseWhatTheyCannotBe) {
  EXPECT_EQ(error_of({.name = "simple-cnn-5-3"}),
            "simple-cnn-5-3: expects images of at least 32x32, got 28x28");
  EXPECT_EQ(error_of({.name = "simple-cnn-9-3"}),
            "simple-cnn-9-3: expected from 1 to 8 blocks of convolutions, got 9");
  EXPECT_EQ(error_of({.name = "dense-poly-65"}),
            "dense-poly-65: expected from 1 to 64 linear layers, got 65");
  EXPECT_EQ(error_of({.name = "dense-poly-12"}),
            "dense-poly-12: images of 784 values are too small for 12 linear layers");

  EXPECT_EQ(
      error_of({.name = "resnet19"}),
      "model: there is no 'resnet19'; there are autoencoder, dense-linear, dense-poly, ds-cnn, "
      "lenet5, mobilenet-v1-0.25, resnet18, resnet8, simple-cnn, small-cnn, vgg16; did you "
      "mean 'resnet18'?");
  EXPECT_EQ(error_of({.name = "ds-cnn", .image = {49, 1}}),
            "ds-cnn: expects images of at least 2x2, got 49x1");
  EXPECT_EQ(error_of({.name = "autoencoder"}),
            "autoencoder: puts out as many values as it reads: expected classes=784 for images "
            "28x28x1, got 10");
  EXPECT_EQ(error_of({.name = "vgg16", .image = 28}),
            "vgg16: expects images whose sides are multiples of 32, got 28x28");
  EXPECT_EQ(error_of({.name = "small-cnn", .image = {28, 3}}),
            "small-cnn: expects images of at least 4x4, got 28x3");
  EXPECT_EQ(error_of({.name = "lenet5", .image = 11}),
            "lenet5: expects images of at least 12x12, got 11x11");
  EXPECT_EQ(error_of({.name = "small-cnn", .classes = 0}),
            "small-cnn: image, channels and classes must be positive, got 28x28, 1 and 0");
}

TEST(Models, AreMadeForWhatTheyUsuallyRead) {
  const UninitialisedWeights only_shapes_count;
  for (const std::string& name : model_names()) {
    const ModelSpec spec = usual_spec(name);
    EXPECT_EQ(spec.name, name);
    EXPECT_NO_THROW(make_model(spec)) << name;
  }
  EXPECT_EQ(usual_spec("lenet5"), (ModelSpec{.name = "lenet5"}));
  EXPECT_EQ(usual_spec("vgg16"), (ModelSpec{.name = "vgg16", .image = 32, .channels = 3}));
}

/// The MACs of the convolutions and linear layers of one image.
std::int64_t macs(const ModelSpec& spec) {
  nn::Sequential net = make_model(spec);
  net.eval();
  const NoGrad no_grad;
  energy::Ledger ledger;
  const energy::Recording recording(ledger);
  net(Tensor::zeros({1, spec.image.h, spec.image.w, spec.channels}));
  return ledger
      .total([](const auto& line) { return line.run.op == "conv2d" || line.run.op == "linear"; })
      .work.macs;
}

TEST(Models, HaveTheMacsOfTheirShapes) {
  const UninitialisedWeights only_shapes_count;
  // Taps inside the image along both axes of a 3x3 convolution with padding 1, by channels.
  const auto conv = [](std::int64_t side, std::int64_t stride, std::int64_t channels) {
    const std::int64_t taps = stride == 1 ? 3 * side - 2 : 3 * side / 2 - 1;
    return taps * taps * channels;
  };
  EXPECT_EQ(macs({.name = "small-cnn"}),
            conv(28, 1, 32) + conv(28, 1, 32 * 64) + conv(14, 1, 64 * 128) + 6272 * 128 + 128 * 10);
  EXPECT_EQ(macs({.name = "lenet5"}),
            134 * 134 * 6 + 16 * 6 * 25 * 100 + 400 * 120 + 120 * 84 + 84 * 10);
  EXPECT_EQ(macs({.name = "simple-cnn"}),
            conv(28, 1, 3) + conv(14, 1, 3 * 9) + 441 * 392 + 392 * 196 + 196 * 10);
  std::int64_t resnet = conv(32, 1, 3 * 64) + 4 * conv(32, 1, 64 * 64) + 512 * 10;
  for (std::int64_t side = 32, width = 64; side > 4; side /= 2, width *= 2) {
    resnet += conv(side, 2, width * 2 * width) + 3 * conv(side / 2, 1, 4 * width * width) +
              side / 2 * side / 2 * width * 2 * width;  // the shortcut
  }
  EXPECT_EQ(macs({.name = "resnet18", .image = 32, .channels = 3}), resnet);
  const std::int64_t vgg = conv(32, 1, 3 * 64) + conv(32, 1, 64 * 64) + conv(16, 1, 64 * 128) +
                           conv(16, 1, 128 * 128) + conv(8, 1, 128 * 256) +
                           2 * conv(8, 1, 256 * 256) + conv(4, 1, 256 * 512) +
                           2 * conv(4, 1, 512 * 512) + 3 * conv(2, 1, 512 * 512) + 512 * 10;
  EXPECT_EQ(macs({.name = "vgg16", .image = 32, .channels = 3}), vgg);
}

// Zeros that a Pad2d adds are multiplied, those of a convolution's own padding are free.
TEST(Models, OfMlperfTinyHaveTheMacsOfTheirShapes) {
  const UninitialisedWeights only_shapes_count;
  const auto taps = [](std::int64_t side) { return 3 * side - 2; };  // 3x3, padding 1, stride 1
  EXPECT_EQ(macs(usual_spec("autoencoder")),
            2 * 640 * 128 + 6 * 128 * 128 + 2 * 128 * 8);  // 264192
  EXPECT_EQ(macs(usual_spec("ds-cnn")),
            25 * 5 * 10 * 4 * 64 + 4 * (taps(25) * taps(5) * 64 + 125 * 64 * 64) + 64 * 12);
  EXPECT_EQ(macs(usual_spec("resnet8")),
            taps(32) * taps(32) * (3 * 16 + 2 * 16 * 16) + 256 * (9 + 1) * 16 * 32 +
                taps(16) * taps(16) * 32 * 32 + 64 * (9 + 1) * 32 * 64 +
                taps(8) * taps(8) * 64 * 64 + 64 * 10);
  std::int64_t mobilenet = 48 * 48 * 9 * 3 * 8 + 256 * 2, side = 48, channels = 8;
  for (const std::int64_t out : {16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256}) {
    const bool halved = out > channels && out > 16;
    mobilenet += channels * (halved ? side * side / 4 * 9 : taps(side) * taps(side));
    if (halved) side /= 2;
    mobilenet += side * side * channels * out;
    channels = out;
  }
  EXPECT_EQ(macs(usual_spec("mobilenet-v1-0.25")), mobilenet);
}

TEST(Models, HaveTheirRelus) {
  const UninitialisedWeights only_shapes_count;
  const auto relus = [](const ModelSpec& spec) {
    nn::Sequential net = make_model(spec);
    net.eval();
    const NoGrad no_grad;
    return net.forward_with_taps(Tensor::zeros({1, spec.image.h, spec.image.w, spec.channels}))
        .second.size();
  };
  EXPECT_EQ(relus({.name = "lenet5"}), 4u);
  EXPECT_EQ(relus({.name = "simple-cnn"}), 2u);
  EXPECT_EQ(relus({.name = "vgg16", .image = 32, .channels = 3}), 13u);
  EXPECT_EQ(relus(usual_spec("resnet8")), 7u);
  EXPECT_EQ(relus(usual_spec("ds-cnn")), 9u);
  EXPECT_EQ(relus(usual_spec("mobilenet-v1-0.25")), 27u);
  EXPECT_EQ(relus(usual_spec("autoencoder")), 9u);
}

}  // namespace
}  // namespace joule
