// SPDX-License-Identifier: MIT
#include "joule/nas/surrogate/surrogate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "joule/core/random.h"
#include "joule/io/input_file.h"
#include "joule/nas/network/network.h"
#include "joule/nas/surrogate/features.h"
#include "joule/nas/surrogate/paper_net.h"
#include "joule/nas/surrogate/trials.h"
#include "joule/tests/support/files.h"

namespace joule::nas {
namespace {

/// Cells of 5 vertices, each with an energy that its net's MACs decide, but for a noise of 2 %.
std::vector<MeasuredCell> cells(std::size_t count) {
  static const std::vector<NamedCell> space = enumerate({.vertices = 5});
  Generator random(7);
  std::vector<float> noise(count);
  random.normal(noise);
  std::vector<MeasuredCell> all;
  for (const std::int64_t i : random.permutation(std::ssize(space))) {
    if (all.size() == count) break;
    const Cell& cell = space[static_cast<std::size_t>(i)].cell;
    const NetworkCounts counts = counts_of(cell, {});
    const double energy = 1e4 + static_cast<double>(counts.macs) / 1e5;
    all.push_back({.cell = cell,
                   .parameters = static_cast<double>(counts.parameters),
                   .joules = energy * std::exp(0.02 * noise[all.size()])});
  }
  return all;
}

constexpr BoostingOptions kFewTrees{.rounds = 150, .rate = 0.1, .leaves = 16};

TEST(Features, AreThoseOfTheNet) {
  const Cell cell = parse_cell("0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3");
  const std::vector<double> features = features_of(cell);
  ASSERT_EQ(features.size(), feature_names().size());
  const auto of = [&](const std::string& name) {
    for (std::size_t i = 0; i < features.size(); ++i) {
      if (feature_names()[i] == name) return features[i];
    }
    ADD_FAILURE() << name;
    return 0.0;
  };
  EXPECT_EQ(of("conv3x3 layers"), 1 + 9) << "the stem, and one in each cell";
  // 32 x 32 x 9 x 128 x (3 + 3 * 128), the border not taken off
  EXPECT_EQ(of("conv3x3 MACs in stack 1"), 32.0 * 32 * 9 * 128 * (3 + 3 * 128));
  EXPECT_EQ(of("projection layers"), 18);
  EXPECT_EQ(of("max pool layers"), 9);
  EXPECT_EQ(of("add layers"), 9);
  EXPECT_EQ(of("add values"), 3 * 2 * (32.0 * 32 * 128 + 16 * 16 * 256 + 8 * 8 * 512));
  EXPECT_EQ(of("concat layers"), 0);
  EXPECT_EQ(of("parameters"), static_cast<double>(counts_of(cell, {}).parameters));
  EXPECT_EQ(of("longest way"), 2);
  EXPECT_EQ(of("convolutions on the longest way"), 1);
  EXPECT_EQ(of("vertices that feed the output"), 1);
  EXPECT_EQ(of("most channels"), 128);
  EXPECT_EQ(of("input to output"), 0);
  // Isomorphic cells have the same ones; and many at once those of each.
  const Cell same =
      parse_cell("01100/00001/00010/00001/00000:maxpool3x3,conv3x3-bn-relu,conv1x1-bn-relu");
  const Cell first =
      parse_cell("01100/00010/00001/00001/00000:conv3x3-bn-relu,maxpool3x3,conv1x1-bn-relu");
  EXPECT_EQ(features_of(same), features_of(first));
  const std::vector<Cell> both{cell, same};
  const Rows rows = features_of(both);
  EXPECT_TRUE(std::ranges::equal(rows[0], features));
  EXPECT_TRUE(std::ranges::equal(rows[1], features_of(same)));
}

TEST(Features, OfThePaperAreItsThirtySix) {
  const Cell cell = parse_cell("0101/0011/0001/0000:conv1x1-bn-relu,maxpool3x3");
  const auto inputs = paper_inputs(cell, 2.5e6);
  const std::array<float, 36> expected{0, 1, 0, 1, 0, 0, 0,  // from the input, with the diagonal
                                       0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,   0,
                                       0, 0, 0, 0, 0, 0, 1, 2, 4, 5, 0, 0, 0, 2.5f};
  EXPECT_EQ(inputs, expected);
}

TEST(Surrogate, PredictsWithIntervalsThatHold) {
  const std::vector<MeasuredCell> all = cells(1500);
  const std::span<const MeasuredCell> measured = all;
  const EnergySurrogate surrogate(measured.first(700), measured.subspan(700, 300), 4, kFewTrees);
  int inside = 0;
  double error = 0;
  for (const MeasuredCell& one : measured.subspan(1000)) {
    const PredictedEnergy energy = surrogate.predict(one.cell);
    EXPECT_LT(energy.low, energy.joules);
    EXPECT_LT(energy.joules, energy.high);
    inside += energy.low <= one.joules && one.joules <= energy.high;
    error += std::abs(energy.joules / one.joules - 1) / 500;
  }
  // The share has a deviation of 1.6 % over calibrations and tests of this size.
  EXPECT_NEAR(inside / 500.0, 0.95, 0.05);
  EXPECT_LT(error, 0.06);
}

TEST(Surrogate, ComesBackFromItsFile) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "surrogate.json";
  const std::vector<MeasuredCell> all = cells(200);
  const std::span<const MeasuredCell> measured = all;
  const EnergySurrogate surrogate(measured.first(150), measured.subspan(150), 12, kFewTrees);
  surrogate.save(path);
  const EnergySurrogate back = EnergySurrogate::open(path);
  EXPECT_EQ(back.epochs(), 12);
  EXPECT_EQ(back.trained(), 150U);
  for (const MeasuredCell& one : measured) {
    EXPECT_EQ(back.predict(one.cell).high, surrogate.predict(one.cell).high);
  }
  const std::string text = read_file(path);
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    test::write(path, other);
    return test::data_error_of([&] { EnergySurrogate::open(path); });
  };
  EXPECT_EQ(refused("\"version\":1", "\"version\":2"),
            path + ": is a surrogate of version 2; this Joule reads version 1");
  EXPECT_EQ(refused("\"joule energy surrogate\"", "\"another\""),
            path + ": is no surrogate that Joule wrote");
  EXPECT_EQ(refused("\"conv3x3 layers\"", "\"conv4x4 layers\""),
            path + ": was made of other features");
  EXPECT_NE(refused("\"trees\":[[", "\"trees\":[[[0,1.5,0,1],").find("a node has no column"),
            std::string::npos);
  EXPECT_NE(refused("{", "").find(path), std::string::npos);
}

TEST(Surrogate, MakesATable) {
  const std::vector<MeasuredCell> all = cells(120);
  const std::span<const MeasuredCell> measured = all;
  const EnergySurrogate surrogate(measured.first(100), measured.subspan(100), 4, kFewTrees);
  const std::vector<NamedCell> space = enumerate({.vertices = 4});
  Table table = predicted_table(surrogate, space, "s.json");
  EXPECT_EQ(table.models().size(), 91U);
  const Value energy = *table.query(space[40].cell, 4).value(kEnergy);
  EXPECT_EQ(energy.number, surrogate.predict(space[40].cell).joules);
  EXPECT_EQ(energy.origin.quality, Quality::modelled);
  EXPECT_EQ(energy.origin.source, "s.json, a surrogate trained on 100 cells; interval of 95 %");
  EXPECT_EQ(energy.high, surrogate.predict(space[40].cell).high);
}

TEST(Surrogate, NeedsEnoughToCalibrateOn) {
  const std::vector<MeasuredCell> all = cells(40);
  const std::span<const MeasuredCell> measured = all;
  EXPECT_NO_THROW(EnergySurrogate(measured.first(21), measured.last(19), 4, kFewTrees));
  EXPECT_THROW(EnergySurrogate(measured.first(21), measured.last(18), 4, kFewTrees), ArgumentError);
}

TEST(PaperNet, LearnsAndIsTheSeeds) {
  const std::vector<MeasuredCell> all = cells(300);
  const std::span<const MeasuredCell> measured = all;
  const auto error = [&](int epochs, int layers) {
    PaperNet net(measured.first(220), measured.subspan(220, 30),
                 {.layers = layers, .epochs = epochs});
    const std::vector<double> predicted = net.predict(measured.last(50));
    double sum = 0;
    for (std::size_t i = 0; i < 50; ++i) sum += std::abs(predicted[i] - measured[250 + i].joules);
    return sum;
  };
  for (const int layers : {4, 5}) EXPECT_LT(error(60, layers), 0.4 * error(1, layers));
  const RandomState before = default_generator().state();
  EXPECT_EQ(error(2, 4), error(2, 4));
  EXPECT_EQ(default_generator().state(), before);
  EXPECT_THROW(PaperNet(measured, measured, {.layers = 3}), ArgumentError);
  EXPECT_THROW(PaperNet({}, measured, {}), ArgumentError);
  EXPECT_THROW(PaperNet(measured, {}, {}), ArgumentError);
}

TEST(PaperNet, IsTheBestEpochOnWhatItIsValidatedWith) {
  const std::vector<MeasuredCell> all = cells(200);
  const std::span<const MeasuredCell> measured = all, validate = measured.last(40);
  PaperNet net(measured.first(160), validate, {.epochs = 30, .rate = 0.03});
  const auto error = [&](const std::vector<double>& joules) {
    double sum = 0;
    for (std::size_t i = 0; i < joules.size(); ++i) sum += std::abs(joules[i] - validate[i].joules);
    return sum;
  };
  const double best = error(net.predict(validate));
  EXPECT_LT(best, error(net.predict_last(validate)));
  EXPECT_EQ(best, error(net.predict(validate))) << "the best is back";
}

TEST(SurrogateTrials, AreOfCellsThatWereNotSeen) {
  const std::vector<MeasuredCell> all = cells(862);
  std::vector<SurrogateTrial> told;
  const SurrogateResults results = run_surrogate_trials(
      all, {.splits = 2, .sizes = {300}, .size_splits = 1, .kinds = {SurrogateKind::boosted}},
      [&](const SurrogateTrial& trial) { told.push_back(trial); });
  ASSERT_EQ(results.whole.size(), 2U);
  EXPECT_EQ(results.whole[0].trained, 604U);
  EXPECT_EQ(results.whole[0].tested, 172U) << "862 - 604 - 86";
  EXPECT_EQ(results.by_size.at(0).trained, 300U);
  EXPECT_EQ(told.size(), 3U);
  EXPECT_EQ(results.points.size(), 172U);
  EXPECT_GT(results.whole[0].tau, 0.9);
  EXPECT_NE(results.whole[0].tau, results.whole[1].tau);
  EXPECT_THROW(run_surrogate_trials(all, {.sizes = {605}}, [](const SurrogateTrial&) {}),
               ArgumentError);
  EXPECT_THROW(run_surrogate_trials(std::span(all).first(99), {}, [](const SurrogateTrial&) {}),
               ArgumentError);
}

TEST(SurrogateTrials, MeasureTheSpreadOfEqualNets) {
  // Two orders of the same chain have equal layers; the energies differ by 10 %.
  const Cell a = parse_cell("0100/0010/0001/0000:conv3x3-bn-relu,maxpool3x3");
  const Cell b = parse_cell("0100/0010/0001/0000:maxpool3x3,conv3x3-bn-relu");
  ASSERT_EQ(layers_of(a), layers_of(b));
  const Cell c = parse_cell("011/001/000:conv3x3-bn-relu");
  const std::vector<MeasuredCell> all{
      {.cell = a, .joules = 100}, {.cell = b, .joules = 110}, {.cell = c, .joules = 50}};
  const MeasurementSpread spread = spread_of(all);
  EXPECT_EQ(spread.groups, 1U);
  EXPECT_EQ(spread.cells, 2U);
  EXPECT_NEAR(spread.deviation, std::log(1.1) / std::sqrt(2), 1e-12);
  EXPECT_THROW(spread_of(std::span(all).last(2)), ArgumentError);
}

TEST(MeasuredCells, AreReadAndChecked) {
  const test::TemporaryFolder folder;
  const std::string header = "upper_triangle_28,node_codes_7,parameters,energy_kwh\n";
  const Cell cell = parse_cell("0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3");
  const std::string parameters = str(counts_of(cell, {}).parameters);
  const std::string triangle = "0110000010000010000000000000";
  const auto read = [&](const std::string& text) {
    return read_measured_cells(test::write(folder / "cells.csv", text));
  };
  const std::string good = triangle + ",1345000," + parameters + ",0.0125\n";
  const std::vector<MeasuredCell> all = read(header + good);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].cell, cell);
  EXPECT_EQ(all[0].joules, 45000);
  EXPECT_EQ(read_measured_cells(test::write(folder / "c.gz", test::gzipped(header + good))).size(),
            1U);
  const auto error = [&](const std::string& text) {
    return test::data_error_of([&] { read(text); });
  };
  const std::string path = folder / "cells.csv";
  EXPECT_EQ(error("a,b\n"),
            path + ": line 1: expected '" + header.substr(0, header.size() - 1) + "'");
  EXPECT_EQ(error(header), path + ": has no cell");
  EXPECT_EQ(error(header + good + good), path + ": line 3: the cell is there twice");
  EXPECT_NE(error(header + triangle + ",1345000,17,0.0125\n").find("parameters 17, the net"),
            std::string::npos);
  for (const std::string& row :
       {triangle + ",1345000," + parameters + ",0", triangle + ",1365000,1,1",
        triangle + ",1345100,1,1", triangle + ",2345000,1,1", triangle + ",1345000,1",
        "1" + triangle.substr(1) + ",1345000,1,1", triangle + "0,1345000,1,1",
        std::string("0110000010000010000100000000,1345000,1,1"), triangle + ",1345000,x,1",
        std::string("0110000010000000000000000000,1345000,1,1")}) {
    EXPECT_NE(error(header + row).find(path + ": line 2: "), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace joule::nas
