// SPDX-License-Identifier: MIT
#include "joule/training/macs_saved.h"

#include <gtest/gtest.h>

#include "joule/layers/activations.h"
#include "joule/layers/modules.h"
#include "joule/models/models.h"
#include "joule/tests/training/training_cases.h"

namespace joule::training {
namespace {

using training_cases::error_of;
using training_cases::small_data;

nn::Sequential net_of(const std::string& name, std::int64_t side, std::int64_t channels) {
  return make_model({.name = name, .image = Size2(side), .channels = channels});
}

/// Taps of a 3x3 kernel that fall inside, along an axis of so many pixels and outputs.
constexpr std::int64_t taps(std::int64_t pixels, std::int64_t stride = 1) {
  return stride == 1 ? 3 * pixels - 2 : 3 * (pixels / 2) - 1;
}

TEST(MacsSaved, OfSmallCnnByHand) {
  nn::Sequential net = net_of("small-cnn", 28, 1);
  const auto saved = macs_saved(net, {28, 28, 1});
  const double conv2 = taps(28) * taps(28) * 32 * 64, conv3 = taps(14) * taps(14) * 64 * 128;
  const double linear1 = 6272 * 128, linear2 = 128 * 10;
  EXPECT_EQ(saved.at("relu1"), conv2);
  EXPECT_EQ(saved.at("relu2"), conv3);  // through the pool
  EXPECT_EQ(saved.at("pool1"), conv3);
  EXPECT_EQ(saved.at("relu3"), linear1);  // pool and flatten
  EXPECT_EQ(saved.at("relu4"), linear2);
  EXPECT_EQ(saved.at("conv1"), conv2);  // what is 0 before the ReLU is 0 behind it
  EXPECT_EQ(saved.at("linear2"), 0);
  EXPECT_EQ(saved.size(), 12u);
}

TEST(MacsSaved, OfResNet18ByHand) {
  nn::Sequential net = net_of("resnet18", 32, 3);
  const auto saved = macs_saved(net, {32, 32, 3});
  // A convolution of the four groups, and the first of the groups 2 to 4 with its shortcut.
  const auto conv = [](std::int64_t side, double width) {
    return static_cast<double>(taps(side) * taps(side)) * width * width;
  };
  const auto entry = [](std::int64_t side, double width) {
    const auto along = static_cast<double>(taps(side, 2));
    const auto pixels = static_cast<double>(side / 2 * (side / 2));
    return along * along * width * 2 * width + pixels * width * 2 * width;
  };
  EXPECT_EQ(saved.at("relu1"), conv(32, 64));
  EXPECT_EQ(saved.at("block1.main.relu1"), conv(32, 64));
  EXPECT_EQ(saved.at("block1_relu"), conv(32, 64));
  EXPECT_EQ(saved.at("block2_relu"), entry(32, 64));
  EXPECT_EQ(saved.at("block3.main.relu1"), conv(16, 128));
  EXPECT_EQ(saved.at("block4_relu"), entry(16, 128));
  EXPECT_EQ(saved.at("block6_relu"), entry(8, 256));
  EXPECT_EQ(saved.at("block7_relu"), conv(4, 512));
  EXPECT_EQ(saved.at("block8_relu"), 512 * 10);  // global average
  // A norm makes something else of zeros, and so does a sum.
  EXPECT_EQ(saved.at("conv1"), 0);
  EXPECT_EQ(saved.at("block1.main.norm2"), 0);
}

/// Of a kind of its own.
class Cubes final : public nn::Module {
 public:
  std::string describe() const override { return "Cubes()"; }

 private:
  Tensor forward(Tensor x) override { return x; }
};

TEST(MacsSaved, AKindThatIsNotKnownIsAnError) {
  nn::Sequential net{nn::Flatten(), Cubes()};
  EXPECT_EQ(error_of([&] {
              macs_saved(net, {2, 2, 1});
            }),
            "l0_weights: layer 1 is a Cubes: what becomes of the zeros that it reads is unknown; "
            "register_kind() can say");
}

TEST(MacsSaved, AreWhatThePenaltyOfARunGoesBy) {
  // A net that never changes, so that the mean over the epoch is that over the images.
  const Config config{.model = "lenet5",
                      .data = "synthetic",
                      .validation = 0,
                      .epochs = 1,
                      .batch = 14,
                      .lr = 1e-30,
                      .weight_decay = 0,
                      .schedule = "constant",
                      .l0_lambda = 0.25,
                      .l0_weights = "macs",
                      .deterministic = true};
  const DataSplit data = small_data();
  Trainer trainer(config, data);
  trainer.run_epoch();
  nn::Module& net = trainer.model().net;
  const NoGrad no_grad;
  const DataLoader loader(data.train, {.batch = data.train.size(), .shuffle = false});
  const auto [logits, taps] = net.forward_with_taps((*loader.begin()).images);
  // Of conv2 (16 filters of 5x5x6 on 6x6 pixels, unpadded) and the three linear layers.
  const L0Options options{.lambda = 0.25f,
                          .savings = {2. * 2 * 25 * 6 * 16, 16 * 120, 120 * 84, 84 * 4}};
  EXPECT_NEAR(trainer.metrics()[0].l0_penalty, l0_penalty(taps, options).item(), 1e-5);
  EXPECT_GT(std::abs(l0_penalty(taps, options).item() - l0_penalty(taps, {.lambda = 0.25f}).item()),
            1e-3);
}

}  // namespace
}  // namespace joule::training
