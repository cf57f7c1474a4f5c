// SPDX-License-Identifier: MIT
#include "joule/energy/models/asic_model.h"

#include <gtest/gtest.h>

#include <limits>

#include "joule/tests/support/op_test.h"

namespace joule::energy {
namespace {

using test::error_of;

const AsicModel& sponge() { return asic_models()[0]; }
const AsicModel& sponge_poisoning() { return asic_models()[1]; }

double in_picojoules(Joules energy) { return energy / picojoules(1); }

/// A norm of 10 channels among 100 parameters; half of the inputs are zero.
AsicCounts example() {
  return {.inputs = 1000,
          .inputs_nonzero = 500,
          .outputs = 800,
          .outputs_nonzero = 600,
          .parameters = 100,
          .parameters_nonzero = 80,
          .statistics = 20,
          .statistics_nonzero = 15,
          .batch_counters = 1,
          .operations = 5000};
}

TEST(AsicModel, Sponge) {
  EXPECT_EQ(sponge().name, "sponge");
  const SkippingEnergy energy = sponge().energy(example());
  // P = 100 + 1 + 20, of which 80 + 1 + 15 are not zero.
  EXPECT_DOUBLE_EQ(in_picojoules(energy.worst.activations), 1950 * 1800);
  EXPECT_DOUBLE_EQ(in_picojoules(energy.worst.parameters), 1950 * 121);
  EXPECT_DOUBLE_EQ(in_picojoules(energy.worst.compute), 3.7 * 5000);
  EXPECT_DOUBLE_EQ(in_picojoules(energy.optimal.activations), 1950 * 1100);
  EXPECT_DOUBLE_EQ(in_picojoules(energy.optimal.parameters), 1950 * 96);
  EXPECT_DOUBLE_EQ(in_picojoules(energy.optimal.compute), 3.7 * 5000 * (96. / 121) * .5);
  EXPECT_DOUBLE_EQ(energy.ratio(),
                   (1950 * 1196 + 3.7 * 5000 * (96. / 121) * .5) / (1950 * 1921 + 3.7 * 5000));
}

TEST(AsicModel, SpongePoisoningCountsTheStatisticsElevenTimes) {
  EXPECT_EQ(sponge_poisoning().name, "sponge-poisoning");
  const SkippingEnergy energy = sponge_poisoning().energy(example());
  // 20 C more than the C that the layer holds: 100 + 1 + 10 * 20, and 80 + 1 + 10 * 15.
  EXPECT_DOUBLE_EQ(in_picojoules(energy.worst.parameters), 1950 * 301);
  EXPECT_DOUBLE_EQ(in_picojoules(energy.optimal.parameters), 1950 * 231);
  EXPECT_DOUBLE_EQ(in_picojoules(energy.optimal.compute), 3.7 * 5000 * (231. / 301) * .5);
}

TEST(AsicModel, FiguresSayModelledByWhichProfile) {
  EXPECT_EQ(str(sponge().worst(example())), "3.764 uJ (modelled, sponge)");
  EXPECT_EQ(str(sponge_poisoning().optimal(example())), "2.603 uJ (modelled, sponge-poisoning)");
}

TEST(AsicModel, TheLayersAddUpToTheNetWithTheSharesOfTheNet) {
  // Its own shares of non-zeros would be 1, and save no operation.
  const AsicCounts dense{.inputs = 300,
                         .inputs_nonzero = 300,
                         .outputs = 10,
                         .outputs_nonzero = 10,
                         .parameters = 50,
                         .parameters_nonzero = 50,
                         .operations = 700};
  AsicCounts net = example();
  net += dense;
  for (const AsicModel& model : asic_models()) {
    const SkippingEnergy layer = model.energy(dense, net);
    EXPECT_LT(layer.optimal.compute, layer.worst.compute);
    SkippingEnergy sum = model.energy(example(), net);
    sum += layer;
    const SkippingEnergy whole = model.energy(net);
    EXPECT_DOUBLE_EQ(sum.worst.total().value(), whole.worst.total().value());
    EXPECT_DOUBLE_EQ(sum.optimal.total().value(), whole.optimal.total().value());
    EXPECT_DOUBLE_EQ(sum.ratio(), whole.ratio());
  }
}

TEST(AsicModel, ThresholdsOfEachWidth) {
  EXPECT_EQ(zero_threshold(32), std::numeric_limits<float>::min());
  EXPECT_EQ(zero_threshold(16), 1.0f / (1 << 30));
  EXPECT_EQ(zero_threshold(8), 1.0f / (1 << 14));
  EXPECT_EQ(error_of([] { zero_threshold(64); }), "threshold-bits: expected 32, 16 or 8, got 64");
}

TEST(AsicModel, CountsThatContradictEachOtherAreRefused) {
  const auto refused = [](auto change) {
    AsicCounts counts = example();
    change(counts);
    return error_of([&] { sponge().energy(counts); });
  };
  EXPECT_EQ(refused([](AsicCounts& c) { c.inputs_nonzero = 1001; }),
            "asic model: of 1000 inputs 1001 were not zero");
  EXPECT_EQ(refused([](AsicCounts& c) { c.outputs_nonzero = -1; }),
            "asic model: of 800 outputs -1 were not zero");
  EXPECT_EQ(refused([](AsicCounts& c) { c.parameters_nonzero = 101; }),
            "asic model: of 100 parameters 101 were not zero");
  EXPECT_EQ(refused([](AsicCounts& c) { c.statistics_nonzero = 21; }),
            "asic model: of 20 statistics 21 were not zero");
  EXPECT_EQ(refused([](AsicCounts& c) { c.statistics = 101; }),
            "asic model: 100 parameters cannot hold 101 statistics, nor 1 batch counters and 5000 "
            "operations be");
}

TEST(AsicModel, AShareOfNothingIsRefused) {
  EXPECT_EQ(error_of([] { sponge().energy({.inputs = 9, .inputs_nonzero = 3, .operations = 2}); }),
            "sponge: E_opt has no value, a share of non-zeros is 0/0: the pass has 2 operations, 0 "
            "parameters and 9 inputs");
  // Without operations nothing is shared out.
  const SkippingEnergy energy = sponge().energy({.inputs = 9, .inputs_nonzero = 3});
  EXPECT_DOUBLE_EQ(energy.ratio(), 3. / 9);
  EXPECT_EQ(error_of([] { sponge().energy({}).ratio(); }),
            "energy: there is no ratio, as nothing costs energy here");
}

}  // namespace
}  // namespace joule::energy
