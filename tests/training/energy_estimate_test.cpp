// SPDX-License-Identifier: MIT
#include "joule/training/energy/energy_estimate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "joule/layers/containers.h"
#include "joule/layers/conv_transpose2d.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/net.h"
#include "joule/layers/uninitialised.h"
#include "joule/models/models.h"
#include "joule/tests/support/op_test.h"

namespace joule::training {
namespace {

using energy::asic_models;
using energy::AsicCounts;
using energy::AsicModel;
using energy::picojoules;
using test::error_of;
using test::random_tensor;

const AsicModel& sponge() { return asic_models()[0]; }

double in_picojoules(energy::Joules energy) { return energy / picojoules(1); }

std::vector<LayerCounts> count(nn::Module& net, const Tensor& x, const CountOptions& options = {}) {
  energy::Ledger ledger;
  return count_pass(net, x, options, ledger);
}

/// A net whose zeros can be followed by hand: convolution of two groups (its centre taps are 1, -1,
/// 1 and 0), norm, ReLU, pool, linear layer.
nn::Sequential small_net() {
  nn::Sequential net;
  net.add("conv", nn::Conv2d({.in = 2, .out = 4, .kernel = 3, .padding = 1, .groups = 2}))
      .add("norm", nn::BatchNorm(4))
      .add("relu", nn::ReLU())
      .add("pool", nn::MaxPool2d(3))
      .add("flatten", nn::Flatten())
      .add("linear", nn::Linear(4, 2));
  State state = net.state();
  const Tensor kernel = Tensor::zeros({4, 3, 3, 1});
  for (const auto& [filter, tap] : {std::pair(0, 1.0f), {1, -1.0f}, {2, 1.0f}}) {
    kernel.mutable_data<float>()[filter * 9 + 4] = tap;
  }
  state.tensors["conv.weight"] = kernel;
  state.tensors["linear.weight"] = Tensor::from(std::vector<float>{1, 0, 0, 0, 0, 0, 0, 1}, {2, 4});
  state.tensors["linear.bias"] = Tensor::from(std::vector<float>{0, 5}, {2});
  net.load_state(state);
  return net;
}

/// One image of 3x3 pixels.  Channel 0: a corner, an edge and the centre are 0; channel 1: all 1.
Tensor small_image() {
  const float channel[] = {0, 0, 3, 4, 0, 6, 7, 8, 9};
  std::vector<float> pixels;
  for (const float value : channel) pixels.insert(pixels.end(), {value, 1});
  return Tensor::from(pixels, {1, 3, 3, 2});
}

TEST(AsicCounts, OfASmallNetByHand) {
  nn::Sequential net = small_net();
  const auto layers = count(net, small_image());
  struct Expected {
    std::string layer, kind;
    AsicCounts counts;
  };
  const Expected expected[] = {
      // Filters 0 and 1 see 6 non-zeros, filter 2 sees 9, filter 3 is 0.  Its operations: 36
      // outputs
      // of 9 taps of 2 channels, as if there were no groups and no padding.
      {"conv",
       "Conv2d",
       {.inputs = 18,
        .inputs_nonzero = 6 + 9,
        .outputs = 36,
        .outputs_nonzero = 6 + 6 + 9,
        .parameters = 36 + 4,
        .parameters_nonzero = 3,
        .operations = 36 * 9 * 2}},
      // gamma and the variance are 1, beta and the mean 0.
      {"norm",
       "BatchNorm",
       {.inputs = 36,
        .inputs_nonzero = 21,
        .outputs = 36,
        .outputs_nonzero = 21,
        .parameters = 4 * 4,
        .parameters_nonzero = 2 * 4,
        .statistics = 2 * 4,
        .statistics_nonzero = 4,
        .batch_counters = 1,
        .operations = 4 * 36}},
      // Filter 1 is negative.  The input counts as already rectified: 15, not 21.
      {"relu",
       "ReLU",
       {.inputs = 36, .inputs_nonzero = 15, .outputs = 36, .outputs_nonzero = 6 + 9}},
      {"pool",
       "MaxPool2d",
       {.inputs = 36,
        .inputs_nonzero = 15,
        .outputs = 4,
        .outputs_nonzero = 2,
        .operations = 4 * 9}},
      {"flatten",
       "Flatten",
       {.inputs = 4, .inputs_nonzero = 2, .outputs = 4, .outputs_nonzero = 2}},
      {"linear",
       "Linear",
       {.inputs = 4,
        .inputs_nonzero = 2,
        .outputs = 2,
        .outputs_nonzero = 2,
        .parameters = 8 + 2,
        .parameters_nonzero = 2 + 1,
        .operations = 8}},
  };
  ASSERT_EQ(layers.size(), std::size(expected));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_EQ(layers[i].layer, expected[i].layer);
    EXPECT_EQ(layers[i].kind, expected[i].kind);
    EXPECT_EQ(layers[i].counts, expected[i].counts) << layers[i].layer;
  }
}

TEST(AsicCounts, EnergiesOfASmallNetByHand) {
  nn::Sequential net = small_net();
  const AsicCounts sum = total(count(net, small_image()));
  const double a_in = 18 + 36 + 36 + 36 + 4 + 4, a_in_nz = 15 + 21 + 15 + 15 + 2 + 2;
  const double a_out = 36 + 36 + 36 + 4 + 4 + 2, a_out_nz = 21 + 21 + 15 + 2 + 2 + 2;
  const double c = 648 + 144 + 36 + 8;
  const struct {
    const AsicModel& model;
    double p, p_nz;  // layers, batch counter, and the statistics once or ten times more
  } cases[] = {{asic_models()[0], 66 + 1 + 8, 14 + 1 + 4},
               {asic_models()[1], 66 + 1 + 80, 14 + 1 + 40}};
  for (const auto& [model, p, p_nz] : cases) {
    const auto energy = model.energy(sum);
    EXPECT_DOUBLE_EQ(in_picojoules(energy.worst.total()), 1950 * (p + a_in + a_out) + 3.7 * c);
    EXPECT_DOUBLE_EQ(in_picojoules(energy.optimal.total()),
                     1950 * (p_nz + a_in_nz + a_out_nz) + 3.7 * c * (p_nz / p) * (a_in_nz / a_in));
  }
}

TEST(AsicCounts, ZeroSkipMendsThemPerLayer) {
  nn::Sequential net = small_net();
  energy::Ledger ledger;
  const auto counts = count_pass(net, small_image(), {}, ledger);
  const EnergyEstimate result = estimate(energy::zero_skip(), ledger, counts);
  EXPECT_EQ(result.profile, "zero-skip");
  const auto layer = [&](const std::string& name) {
    return std::ranges::find(result.layers, name, &LayerEnergy::layer)->energy;
  };
  // Of the 9 taps along an axis 7 are inside the image; each filter sees one channel.  A zero in
  // the corner meets 4 taps, one at the edge 6, in the centre 9, for each of two filters.
  const double macs = 7 * 7 * 4, skippable = (4 + 6 + 9) * 2;
  const auto conv = layer("conv");
  EXPECT_DOUBLE_EQ(in_picojoules(conv.worst.activations), 1950 * (18 + 36));
  EXPECT_DOUBLE_EQ(in_picojoules(conv.worst.parameters), 1950 * 40);
  EXPECT_DOUBLE_EQ(in_picojoules(conv.worst.compute), 3.7 * macs);
  EXPECT_DOUBLE_EQ(in_picojoules(conv.optimal.activations), 1950 * (18 - 3 + 36));
  EXPECT_DOUBLE_EQ(in_picojoules(conv.optimal.parameters), 1950 * 40);
  EXPECT_DOUBLE_EQ(in_picojoules(conv.optimal.compute), 3.7 * (macs - skippable));
  // The statistics once: four vectors of four channels.
  EXPECT_DOUBLE_EQ(in_picojoules(layer("norm").worst.parameters), 1950 * 16);
  EXPECT_DOUBLE_EQ(in_picojoules(layer("norm").worst.activations), 1950 * 72);

  energy::SkippingEnergy sum;
  for (const LayerEnergy& l : result.layers) sum += l.energy;
  EXPECT_DOUBLE_EQ(sum.worst.total().value(), result.worst.value().value());
  EXPECT_DOUBLE_EQ(sum.optimal.total().value(), result.optimal.value().value());
  EXPECT_DOUBLE_EQ(result.ratio, result.optimal.value() / result.worst.value());
  EXPECT_EQ(result.worst.quality(), energy::Quality::modelled);
  EXPECT_EQ(error_of([] { estimate(energy::zero_skip(), energy::Ledger(), {}); }),
            "energy: no operation was recorded");
}

TEST(AsicCounts, ThresholdsDecideWhatIsZero) {
  const Tensor x =
      Tensor::from(std::vector<float>{0, 0x1p-126f, -0x1p-125f, 0x1p-30f, -0x1p-29f, 0x1p-14f,
                                      0x1p-13f, 1, std::numeric_limits<float>::quiet_NaN()},
                   {1, 9});
  nn::Flatten flatten;
  const auto nonzeros = [&](int bits) {
    const auto layers = count(flatten, x, {.threshold_bits = bits});
    EXPECT_EQ(layers[0].counts.inputs_nonzero, layers[0].counts.outputs_nonzero);
    return layers[0].counts.inputs_nonzero;
  };
  EXPECT_EQ(nonzeros(32), 6);
  EXPECT_EQ(nonzeros(16), 4);
  EXPECT_EQ(nonzeros(8), 2);
  EXPECT_EQ(error_of([&] { nonzeros(4); }), "threshold-bits: expected 32, 16 or 8, got 4");
}

TEST(AsicCounts, OperationsOfTheOtherLayers) {
  const Tensor x = Tensor::full({2, 6, 4, 3}, 1.0f);
  const auto operations = [&](auto&& layer) { return count(layer, x)[0].counts.operations; };
  EXPECT_EQ(operations(nn::AvgPool2d(Size2(2, 4))), 2 * 3 * 1 * 3 * (2 * 4));
  EXPECT_EQ(operations(nn::MaxPool2d(Size2(3, 2), 1)), 2 * 4 * 3 * 3 * (3 * 2));
  EXPECT_EQ(operations(nn::GlobalAvgPool()), 2 * 6 * 4 * 3);
  EXPECT_EQ(operations(nn::Dropout(0.5f)), 0);
  EXPECT_EQ(operations(nn::Conv2d({.in = 3, .out = 5, .kernel = {3, 1}, .stride = 2})),
            2 * 2 * 2 * 5 * (3 * 1 * 3));
}

/// Of a kind of its own.
class Cubes final : public nn::Module {
 public:
  std::string describe() const override { return "Cubes()"; }

 private:
  Tensor forward(Tensor x) override { return x; }
};

TEST(AsicCounts, AKindThatIsNotKnownIsAnError) {
  nn::Sequential net{nn::Flatten(), Cubes()};
  EXPECT_EQ(error_of([&] {
              count(net, Tensor::full({1, 2, 2, 1}, 1.0f));
            }),
            "energy: layer 1 is a Cubes: how many operations the accelerator models count for that "
            "is unknown; register_kind() can say");
  // A kind of Joule's of which the published codes say nothing.
  nn::Sequential turned{nn::ConvTranspose2d({.in = 1, .out = 2})};
  EXPECT_EQ(error_of([&] {
              count(turned, Tensor::full({1, 2, 2, 1}, 1.0f));
            }),
            "energy: layer 0 is a ConvTranspose2d: how many operations the accelerator models "
            "count for that is unknown");
}

TEST(AsicCounts, ANetFromDataHasThoseOfItsModules) {
  manual_seed(4);
  nn::Sequential net = make_model({.name = "resnet18", .image = 32, .channels = 3});
  nn::Net again(nn::graph_of(net, {32, 32, 3}, "resnet18"));
  again.load_state(net.state());
  const Tensor x = random_tensor({1, 32, 32, 3}, 1);
  const auto had = count(net, x), has = count(again, x);
  ASSERT_EQ(had.size(), has.size());
  for (std::size_t i = 0; i < had.size(); ++i) {
    EXPECT_EQ(had[i].layer, has[i].layer);
    EXPECT_EQ(had[i].kind, has[i].kind);
    EXPECT_EQ(had[i].counts.operations, has[i].counts.operations) << had[i].layer;
    EXPECT_EQ(had[i].counts.inputs_nonzero, has[i].counts.inputs_nonzero) << had[i].layer;
  }
}

/// Runs its child twice.
class Twice final : public nn::Module {
 public:
  Twice() : child_(add_child("child", nn::Linear(3, 3))) {}
  std::string describe() const override { return "Twice()"; }

 private:
  Tensor forward(Tensor x) override { return (*child_)((*child_)(std::move(x))); }
  std::shared_ptr<nn::Linear> child_;
};

TEST(AsicCounts, EveryCallCountsAndOnlyLeavesDo) {
  Twice net;
  const auto layers = count(net, Tensor::full({5, 3}, 1.0f));
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_EQ(layers[0].layer, "child");
  EXPECT_EQ(layers[0].counts.parameters, 2 * 12);
  EXPECT_EQ(layers[0].counts.inputs, 2 * 15);
  EXPECT_EQ(layers[0].counts.operations, 2 * 9 * 5);
}

nn::Sequential random_net() {
  manual_seed(3);
  return nn::Sequential(nn::Conv2d({.in = 2, .out = 8, .padding = 1}), nn::BatchNorm(8), nn::ReLU(),
                        nn::MaxPool2d(2), nn::Flatten(), nn::Linear(4 * 4 * 8, 6), nn::ReLU(),
                        nn::Linear(6, 3));
}

TEST(AsicCounts, ABatchPaysForTheParametersOnceAndForEveryImage) {
  nn::Sequential net = random_net();
  const Tensor images = random_tensor({8, 8, 8, 2}, 7);
  const AsicCounts all = total(count(net, images));
  const AsicCounts first = total(count(net, images.slice(0, 4)));
  AsicCounts sum = total(count(net, images.slice(4, 4)));
  EXPECT_EQ(sum.parameters, all.parameters);
  EXPECT_EQ(sum.parameters_nonzero, all.parameters_nonzero);
  EXPECT_EQ(sum.batch_counters, all.batch_counters);
  sum += first;
  EXPECT_EQ(sum.inputs, all.inputs);
  EXPECT_EQ(sum.inputs_nonzero, all.inputs_nonzero);
  EXPECT_EQ(sum.outputs, all.outputs);
  EXPECT_EQ(sum.outputs_nonzero, all.outputs_nonzero);
  EXPECT_EQ(sum.operations, all.operations);
  // So the energy per image falls with the batch.
  EXPECT_LT(sponge().energy(all).worst.total(), sponge().energy(sum).worst.total());
}

TEST(AsicCounts, TheNetStaysAsItWas) {
  nn::Sequential net = random_net();
  net.train();
  const Tensor mean = net.buffers()[0].tensor.clone();
  count(net, random_tensor({4, 8, 8, 2}, 7));
  EXPECT_TRUE(net.training());
  test::expect_same_bits(net.buffers()[0].tensor, mean);
  EXPECT_EQ(error_of([&] {
              count(net, random_tensor({4, 8, 8, 2}, 7), {.relu_density = 1.5});
            }),
            "relu-density: must lie in [0, 1], got 1.5");
}

TEST(AsicCounts, SyntheticReluOutputsHaveTheDensityAskedFor) {
  nn::Sequential net = random_net();
  const Tensor images = random_tensor({64, 8, 8, 2}, 7);
  const auto at_density = [&](double density, std::uint64_t seed = 1) {
    energy::Ledger ledger;
    Generator generator(seed);
    return count_pass(net, images, {.relu_density = density}, ledger, generator);
  };
  for (const double density : {0.0, 0.3, 1.0}) {
    for (const LayerCounts& layer : at_density(density)) {
      if (layer.kind != "ReLU") continue;
      const auto n = static_cast<double>(layer.counts.outputs);
      const double deviation = std::sqrt(n * density * (1 - density));
      EXPECT_NEAR(static_cast<double>(layer.counts.outputs_nonzero), n * density, 5 * deviation);
      EXPECT_EQ(layer.counts.inputs_nonzero, layer.counts.outputs_nonzero);
    }
  }
  // Uniform in [.5, 1.5): of mean 1.
  {
    double sum = 0;
    const auto pool = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
      if (event.layer != "3") return;
      for (const float v : event.input.values<float>()) {
        EXPECT_TRUE(v == 0 || (v >= 0.5f && v < 1.5f)) << v;
        sum += v;
      }
    });
    const auto counts = at_density(0.3)[2].counts;
    EXPECT_NEAR(sum / static_cast<double>(counts.outputs_nonzero), 1, 0.01);
  }
  // What follows is computed from them: no maximum of four is 0 when all are positive, and the next
  // layer reads what the pool wrote.
  const auto full = at_density(1);
  EXPECT_EQ(full[3].counts.outputs_nonzero, full[3].counts.outputs);
  const auto sparse = at_density(0.3);
  const double pooled = static_cast<double>(sparse[3].counts.outputs_nonzero) /
                        static_cast<double>(sparse[3].counts.outputs);
  EXPECT_NEAR(pooled, 1 - std::pow(0.7, 4), 0.03);
  EXPECT_EQ(sparse[5].counts.inputs_nonzero, sparse[4].counts.outputs_nonzero);
  EXPECT_EQ(total(at_density(0.3)), total(at_density(0.3)));
  EXPECT_NE(total(at_density(0.3)), total(at_density(0.3, 2)));
  // A value that is not zero is so for every width.
  energy::Ledger ledger;
  Generator generator(1);
  const auto coarse =
      count_pass(net, images, {.threshold_bits = 8, .relu_density = 0.3}, ledger, generator);
  EXPECT_EQ(coarse[2].kind, "ReLU");
  EXPECT_EQ(coarse[2].counts, sparse[2].counts);
}

TEST(AsicEstimator, TheDataSetsRatioIsTheMeanOfTheBatches) {
  nn::Sequential net = random_net();
  // One batch of four images, and one of a single image of zeros: the mean weighs them equally.
  const auto first = count(net, random_tensor({4, 8, 8, 2}, 7));
  const auto second = count(net, Tensor::zeros({1, 8, 8, 2}));
  AsicEstimator estimator(sponge());
  EXPECT_EQ(error_of([&] { (void)estimator.result(); }), "energy: there were no batches");
  estimator.add(first);
  estimator.add(second);
  const EnergyEstimate result = estimator.result();
  const auto a = sponge().energy(total(first)), b = sponge().energy(total(second));
  EXPECT_DOUBLE_EQ(result.ratio, (a.ratio() + b.ratio()) / 2);
  EXPECT_EQ(estimator.ratios(), (std::vector<double>{a.ratio(), b.ratio()}));
  EXPECT_DOUBLE_EQ(result.worst.value().value(), (a.worst.total() + b.worst.total()).value());
  EXPECT_DOUBLE_EQ(result.optimal.value().value(), (a.optimal.total() + b.optimal.total()).value());
  EXPECT_GT(std::abs(result.ratio - result.total.ratio()), 0.01);
  EXPECT_EQ(result.layers.size(), first.size());

  const std::vector<LayerCounts> other(first.begin(), first.end() - 1);
  EXPECT_EQ(error_of([&] { estimator.add(other); }),
            "energy: this pass ran other layers than those before it");
  auto sum = first;
  EXPECT_EQ(error_of([&] { add(sum, other); }),
            "energy: this pass ran other layers than those before it");
}

/// Sums of values by hand, for images of 32x32 pixels with 3 channels and 10 classes.
struct Published {
  std::string model;
  std::int64_t inputs, outputs, parameters, channels, norms, operations;
};

Published resnet18_by_hand() {
  // What a layer of the four groups holds: 32x32x64, 16x16x128, 8x8x256, 4x4x512.
  const std::int64_t v1 = 65536, v2 = 32768, v3 = 16384, v4 = 8192;
  // Stem: convolution, norm, ReLU.  A block has conv, norm, relu, conv, norm and the ReLU behind
  // it; the first of the groups 2 to 4 reads twice the values of its group, twice (conv1,
  // shortcut), and has two layers more.
  return {.model = "resnet18",
          .inputs = (3072 + 2 * v1) + 12 * v1 + (2 * 2 * v2 + 6 * v2 + 6 * v2) +
                    (2 * 2 * v3 + 6 * v3 + 6 * v3) + (2 * 2 * v4 + 6 * v4 + 6 * v4) + v4 + 512,
          .outputs = 3 * v1 + 12 * v1 + 14 * v2 + 14 * v3 + 14 * v4 + 512 + 10,
          .parameters = 11173962,
          .channels = 64 + 4 * 64 + 5 * 128 + 5 * 256 + 5 * 512,
          .norms = 1 + 4 + 5 + 5 + 5,
          .operations = v1 * 27 + 4 * v1 * 576 +                   // stem, group 1
                        v2 * 576 + 3 * v2 * 1152 + v2 * 64 +       // group 2 and its shortcut
                        v3 * 1152 + 3 * v3 * 2304 + v3 * 128 +     // group 3
                        v4 * 2304 + 3 * v4 * 4608 + v4 * 256 +     // group 4
                        4 * (5 * v1 + 5 * v2 + 5 * v3 + 5 * v4) +  // norms
                        v4 + 5120};                                // global average, linear
}

Published vgg16_by_hand() {
  // What a layer of the five groups holds: 32x32x64, 16x16x128, 8x8x256, 4x4x512, 2x2x512.
  const std::int64_t v1 = 65536, v2 = 32768, v3 = 16384, v4 = 8192, v5 = 2048;
  const std::int64_t convs = 2 * v1 + 2 * v2 + 3 * v3 + 3 * v4 + 3 * v5;  // their outputs
  const std::int64_t groups = v1 + v2 + v3 + v4 + v5;                     // what the pools read
  // The first convolution of a group reads a quarter of the pixels of the group before it.
  return {.model = "vgg16",
          .inputs = (3072 + v1) + (v1 / 4 + v2) + (v2 / 4 + 2 * v3) + (v3 / 4 + 2 * v4) +
                    (v4 / 4 + 2 * v5) + 2 * convs + groups + 512 + 512,
          .outputs = 3 * convs + groups / 4 + 512 + 10,
          .parameters = 14728266,
          .channels = 2 * 64 + 2 * 128 + 3 * 256 + 3 * 512 + 3 * 512,
          .norms = 13,
          .operations = v1 * 27 + v1 * 576 + v2 * 576 + v2 * 1152 + v3 * 1152 + 2 * v3 * 2304 +
                        v4 * 2304 + 2 * v4 * 4608 + 3 * v5 * 4608 + 4 * convs + groups + 5120};
}

TEST(AsicEstimator, CountsOfThePublishedNets) {
  for (const Published& net : {resnet18_by_hand(), vgg16_by_hand()}) {
    const UninitialisedWeights only_shapes_count;
    nn::Sequential module = make_model({.name = net.model, .image = 32, .channels = 3});
    const AsicCounts sum = total(count(module, Tensor::zeros({2, 32, 32, 3})));
    EXPECT_EQ(sum.inputs, 2 * net.inputs) << net.model;
    EXPECT_EQ(sum.outputs, 2 * net.outputs) << net.model;
    EXPECT_EQ(sum.operations, 2 * net.operations) << net.model;
    EXPECT_EQ(sum.parameters, net.parameters + 2 * net.channels) << net.model;
    EXPECT_EQ(sum.statistics, 2 * net.channels) << net.model;
    EXPECT_EQ(sum.batch_counters, net.norms) << net.model;
  }
  // The sums themselves, so that no mistake is made twice.
  const Published resnet = resnet18_by_hand(), vgg = vgg16_by_hand();
  EXPECT_EQ(resnet.inputs, 1846784);
  EXPECT_EQ(resnet.outputs, 1786378);
  EXPECT_EQ(resnet.operations, 557888512);
  EXPECT_EQ(vgg.inputs, 864256);
  EXPECT_EQ(vgg.outputs, 861194);
  EXPECT_EQ(vgg.operations, 314432512);
}

TEST(AsicEstimator, MostOfAResNetsEnergyIsActivationTraffic) {
  const Published net = resnet18_by_hand();
  const std::int64_t batch = 512;
  const AsicCounts counts{.inputs = batch * net.inputs,
                          .inputs_nonzero = batch * net.inputs,
                          .outputs = batch * net.outputs,
                          .outputs_nonzero = batch * net.outputs,
                          .parameters = net.parameters + 2 * net.channels,
                          .parameters_nonzero = net.parameters + 2 * net.channels,
                          .statistics = 2 * net.channels,
                          .statistics_nonzero = 2 * net.channels,
                          .batch_counters = net.norms,
                          .operations = batch * net.operations};
  const auto energy = sponge().energy(counts);
  EXPECT_NEAR(energy.worst.activations / energy.worst.total(), 0.77, 0.005);
  EXPECT_DOUBLE_EQ(energy.ratio(), 1);
}

}  // namespace
}  // namespace joule::training
