// SPDX-License-Identifier: MIT
#include "joule/training/energy/published_net.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "joule/data/loader.h"
#include "joule/layers/uninitialised.h"
#include "joule/models/models.h"
#include "joule/tests/support/op_test.h"
#include "joule/training/energy/dataset_energy.h"

namespace joule::training {
namespace {

using energy::AsicCounts;
using test::error_of;

/// The sums of the definition, for one image: every call of every leaf module of the nets in the
/// code of sponge poisoning, written down one after the other.
class Published {
 public:
  std::int64_t inputs = 0, outputs = 0, parameters = 0, statistics = 0, operations = 0, calls = 0;

  Published(std::int64_t side, std::int64_t channels) : side_(side), channels_(channels) {}

  void hand_on(std::int64_t own = 0, std::int64_t per_value = 0) {
    call(values(), values(), own, per_value * values());
  }
  void conv(std::int64_t out, std::int64_t kernel, std::int64_t stride, bool bias) {
    const std::int64_t before = values(), in = channels_;
    side_ = (side_ + stride - 1) / stride;
    channels_ = out;
    call(before, values(), out * in * kernel * kernel + (bias ? out : 0),
         values() * in * kernel * kernel);
  }
  /// gamma, beta, mean, variance and the batch counter.
  void norm() {
    hand_on(4 * channels_ + 1, 4);
    statistics += 2 * channels_;
  }
  void max_pool() {
    const std::int64_t before = values();
    side_ /= 2;
    call(before, values(), 0, 4 * values());
  }
  void global_pool() {
    const std::int64_t before = values();
    side_ = 1;
    call(before, values(), 0, before);
  }
  /// Flatten, linear layer, flatten.
  void classify(std::int64_t classes) {
    hand_on();
    call(channels_, classes, classes * channels_ + classes, classes * channels_);
    channels_ = classes;
    hand_on();
  }
  /// A shortcut reads what its block reads: it is told here, after the block, from those extents.
  void shortcut(std::int64_t in_side, std::int64_t in, std::int64_t stride) {
    Published branch(in_side, in);
    branch.conv(channels_, 1, stride, false);
    branch.norm();
    inputs += branch.inputs;
    outputs += branch.outputs;
    parameters += branch.parameters;
    statistics += branch.statistics;
    operations += branch.operations;
    calls += branch.calls;
  }
  std::int64_t side() const { return side_; }
  std::int64_t channels() const { return channels_; }
  /// In pJ, of a batch.
  double worst(std::int64_t batch, std::int64_t recounts) const {
    const std::int64_t p = parameters + recounts * statistics;
    return 1950 * static_cast<double>(p + batch * (inputs + outputs)) +
           3.7 * static_cast<double>(batch * operations);
  }

 private:
  std::int64_t values() const { return side_ * side_ * channels_; }
  void call(std::int64_t in, std::int64_t out, std::int64_t own, std::int64_t computed) {
    ++calls;
    inputs += in;
    outputs += out;
    parameters += own;
    operations += computed;
  }

  std::int64_t side_, channels_;
};

Published resnet18_of(std::int64_t side, std::int64_t classes) {
  Published net(side, 3);
  net.hand_on(6);  // normaliser: mean and deviation
  side == 64 ? net.conv(64, 7, 2, false) : net.conv(64, 3, 1, false);
  net.norm();
  net.hand_on();
  for (const std::int64_t width : {64, 128, 256, 512}) {
    for (const int block : {0, 1}) {
      const std::int64_t in_side = net.side(), in = net.channels();
      const std::int64_t stride = block == 0 && width > 64 ? 2 : 1;
      net.conv(width, 3, stride, false);
      net.norm();
      net.hand_on();
      net.conv(width, 3, 1, false);
      net.norm();
      if (stride == 2) net.shortcut(in_side, in, stride);
      net.hand_on();
    }
  }
  net.global_pool();
  net.classify(classes);
  return net;
}

Published vgg16_of(std::int64_t side, std::int64_t classes) {
  Published net(side, 3);
  net.hand_on(6);
  for (const auto& [width, convs] : {std::pair(64, 2), {128, 2}, {256, 3}, {512, 3}, {512, 3}}) {
    for (int i = 0; i < convs; ++i) {
      net.conv(width, 3, 1, true);
      net.norm();
      net.hand_on();
    }
    net.max_pool();
  }
  if (side == 64) net.max_pool();
  net.hand_on(0, 1);  // average pool 1x1
  net.classify(classes);
  return net;
}

struct Case {
  std::string model;
  std::int64_t side, classes;
  Published expected;
  // Of two images, in pJ: from forward hooks on the leaf modules of the nets in PyTorch 2 that the
  // definition describes, in float64.
  double sponge, poisoning;
};

std::vector<Case> cases() {
  return {
      {"resnet18", 32, 10, resnet18_of(32, 10), 40152456588.8, 40320936588.8},
      {"resnet18", 64, 8, resnet18_of(64, 8), 40331424079.2, 40499904079.2},
      {"vgg16", 32, 10, vgg16_of(32, 10), 37837195527.6, 37985457927.6},
      {"vgg16", 64, 8, vgg16_of(64, 8), 65067012707.6, 65215275107.6},
  };
}

TEST(PublishedNet, WorstEnergiesAreThoseOfTheDefinition) {
  for (const Case& c : cases()) {
    const UninitialisedWeights only_shapes_count;
    nn::Sequential net =
        make_model({.name = c.model, .image = Size2(c.side), .channels = 3, .classes = c.classes});
    energy::Ledger ledger;
    const auto layers = count_pass(net, Tensor::zeros({2, c.side, c.side, 3}),
                                   {.published = PublishedNet{.name = c.model}}, ledger);
    EXPECT_EQ(std::ssize(layers), c.expected.calls) << c.model << c.side;
    const AsicCounts sum = total(layers);
    EXPECT_EQ(sum.inputs, 2 * c.expected.inputs) << c.model << c.side;
    EXPECT_EQ(sum.outputs, 2 * c.expected.outputs) << c.model << c.side;
    EXPECT_EQ(sum.operations, 2 * c.expected.operations) << c.model << c.side;
    EXPECT_EQ(sum.parameters + sum.batch_counters, c.expected.parameters) << c.model << c.side;
    EXPECT_EQ(sum.statistics, c.expected.statistics) << c.model << c.side;
    const double picojoule = 1e-12;
    const auto worst = [&](int model) {
      const double joules = energy::asic_models()[model].energy(sum).worst.total().value();
      return joules / picojoule;
    };
    EXPECT_NEAR(worst(0), c.expected.worst(2, 1), 1);
    EXPECT_NEAR(worst(0), c.sponge, 1) << c.model << c.side;
    EXPECT_NEAR(worst(1), c.expected.worst(2, 10), 1);
    EXPECT_NEAR(worst(1), c.poisoning, 1) << c.model << c.side;
  }
}

/// What a net of two linear layers counts, the first of them behind a flatten of its own.
std::vector<LayerCounts> lines(const std::string& name, nn::Module& net, const Tensor& images,
                               PublishedNet published = {}) {
  published.name = name;
  energy::Ledger ledger;
  return count_pass(net, images, {.published = published}, ledger);
}

std::vector<std::string> names(const std::vector<LayerCounts>& layers) {
  std::vector<std::string> all;
  for (const LayerCounts& layer : layers) all.push_back(layer.layer);
  return all;
}

TEST(PublishedNet, LayersStandWhereTheyWouldRun) {
  using Names = std::vector<std::string>;
  const Tensor images = Tensor::full({1, 2, 2, 1}, 1.0f);
  nn::Sequential flat{nn::Flatten(), nn::Linear(4, 3)};
  EXPECT_EQ(names(lines("mine", flat, images)),
            (Names{"(normaliser)", "0", "1", "(flatten of the logits)"}));
  EXPECT_EQ(names(lines("vgg16", flat, images)),
            (Names{"(normaliser)", "(pool)", "0", "1", "(flatten of the logits)"}));
  // The one before the last layer is another one.
  nn::Sequential two{nn::Flatten(), nn::Linear(4, 3), nn::Linear(3, 2)};
  EXPECT_EQ(names(lines("mine", two, images)),
            (Names{"(normaliser)", "0", "1", "(flatten)", "2", "(flatten of the logits)"}));
  energy::Ledger ledger;
  EXPECT_EQ(names(count_pass(two, images, {}, ledger)), (Names{"0", "1", "2"}));
}

TEST(PublishedNet, ThePixelsBeforeNormalisationAreWhatTheNormaliserReads) {
  // Of six pixels' values three are black; one becomes 0 by being normalised.
  Dataset set{.name = "six",
              .shape = {1, 1, 3, 2},
              .pixels = std::make_shared<const std::vector<std::uint8_t>>(
                  std::vector<std::uint8_t>{0, 255, 51, 0, 0, 17}),
              .labels = {0},
              .class_names = {"a"},
              .mean = {0.2f, 0},
              .deviation = {0.25f, 0.5f}};
  const DataLoader loader(set, {.batch = 1, .shuffle = false});
  const std::int64_t first[] = {0};
  const Tensor images = loader.make_batch(first).images;
  nn::Sequential net{nn::Flatten(), nn::Linear(6, 2)};
  const auto count = [&](const PublishedNet& published) {
    return lines("mine", net, images, published)[0].counts;
  };
  const AsicCounts known = count({.mean = set.mean, .deviation = set.deviation});
  const std::int64_t written = 2 + 1 + 2 - (images.values<float>()[2] == 0);
  EXPECT_EQ(known, (AsicCounts{.inputs = 6,
                               .inputs_nonzero = 3,
                               .outputs = 6,
                               .outputs_nonzero = written,
                               .parameters = 4,
                               .parameters_nonzero = 3}));
  // Without them: as many as it puts out, and no buffer is 0.
  EXPECT_EQ(count({}), (AsicCounts{.inputs = 6,
                                   .inputs_nonzero = written,
                                   .outputs = 6,
                                   .outputs_nonzero = written,
                                   .parameters = 4,
                                   .parameters_nonzero = 4}));
  EXPECT_EQ(error_of([&] { count({.mean = {0.5f}, .deviation = {0.5f}}); }),
            "energy: expected a mean and a deviation for each of 2 channels, got 1 and 1");
}

TEST(DatasetEnergy, IsThatOfItsBatches) {
  manual_seed(1);
  const Dataset images = load_dataset("synthetic").test.take(30);
  Model model = make_model_for("lenet5", "synthetic", images);
  const auto all = dataset_energies(model, images, 20)->estimates;
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].profile, "sponge");
  EXPECT_EQ(all[1].profile, "sponge-poisoning");
  EXPECT_EQ(all[2].profile, "zero-skip");
  // Batches of 20 and 10 images count the same: their ratios are those of each alone.
  const DataLoader loader(images, {.batch = 20, .shuffle = false});
  double sum = 0;
  for (const Batch& batch : loader) {
    energy::Ledger ledger;
    const auto pass =
        count_pass(model.net, batch.images,
                   {.published = PublishedNet{"lenet5", images.mean, images.deviation}}, ledger);
    sum += energy::asic_models()[1].energy(total(pass)).ratio();
  }
  EXPECT_DOUBLE_EQ(all[1].ratio, sum / 2);
  EXPECT_NE(dataset_energies(model, images, 1)->estimates[1].ratio, all[1].ratio);
}

}  // namespace
}  // namespace joule::training
