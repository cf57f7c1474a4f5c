// SPDX-License-Identifier: MIT
#include "joule/evolution/archive.h"

#include <gtest/gtest.h>

#include <cmath>

#include "joule/core/error.h"
#include "joule/evolution/operators.h"

namespace joule::evolution {
namespace {

const Grammar& grammar() {
  static const Grammar all = parse_grammar(
      "<features> ::= layer:dropout [rate,float,1,0,1]\n<softmax> ::= layer:batch_norm\n", "g");
  return all;
}

/// A module of one dropout of that rate, twice there and shared.
Genotype with_rate(double rate) {
  Genotype genotype;
  genotype.modules = {{.start = "features", .layers = {{4, {-1}}, {4, {0}}}}};
  genotype.layers[4] = {{"features", {Codon{.alternative = 0, .numbers = {{rate}}}}}};
  return genotype;
}

std::vector<double> powers(const ModuleArchive& archive) {
  std::vector<double> all;
  for (const ArchivedModule& each : archive.modules()) all.push_back(each.power);
  return all;
}

TEST(ModuleArchive, KeepsEachPhenotypeOnce) {
  ModuleArchive archive(4);
  EXPECT_TRUE(archive.add(with_rate(0.25), 0, grammar(), 5, 0.1));
  EXPECT_FALSE(archive.add(with_rate(0.25), 0, grammar(), 7, 0.4));
  ASSERT_EQ(archive.modules().size(), 1u);
  EXPECT_EQ(archive.modules()[0].power, 5);
  EXPECT_EQ(archive.modules()[0].quality, 0.4);
  EXPECT_EQ(archive.modules()[0].phenotype,
            "layer:dropout rate:0.25 input:-1 layer:dropout rate:0.25 input:0");
  EXPECT_THROW(archive.add(with_rate(0.5), 0, grammar(), 0, 0), ArgumentError);
  EXPECT_THROW(archive.add(with_rate(0.5), 0, grammar(), 1, NAN), ArgumentError);
  EXPECT_THROW(ModuleArchive(0), ArgumentError);
}

TEST(ModuleArchive, ForgetsTheWorstByPowerAndQuality) {
  ModuleArchive archive(3);
  auto add = [&, n = 0](double power, double quality) mutable {
    return archive.add(with_rate(0.001 * ++n), 0, grammar(), power, quality);
  };
  add(10, 0.9);
  add(2, 0.2);
  add(8, 0.1);  // worse than the second in both
  EXPECT_TRUE(add(5, 0.5));
  EXPECT_EQ(powers(archive), (std::vector<double>{10, 2, 5}));
  EXPECT_FALSE(add(20, 0.1)) << "it is itself the worst";
  EXPECT_EQ(powers(archive), (std::vector<double>{10, 2, 5}));
  EXPECT_TRUE(add(1, 0.1)) << "all are on the front: the most crowded goes";
  EXPECT_EQ(powers(archive), (std::vector<double>{10, 5, 1}));
}

TEST(ModuleArchive, DrawsByTheInverseOfThePower) {
  ModuleArchive archive;
  Draws draws(2);
  EXPECT_EQ(archive.draw(draws), nullptr);
  archive.add(with_rate(0.1), 0, grammar(), 1, 0);
  archive.add(with_rate(0.2), 0, grammar(), 2, 0);
  archive.add(with_rate(0.3), 0, grammar(), 4, 0);
  const std::vector<double> p = archive.probabilities();
  EXPECT_DOUBLE_EQ(p[0], 4.0 / 7);
  EXPECT_DOUBLE_EQ(p[1], 2.0 / 7);
  EXPECT_DOUBLE_EQ(p[2], 1.0 / 7);
  double counts[3]{};
  constexpr int kTries = 7000;
  for (int i = 0; i < kTries; ++i) ++counts[archive.draw(draws) - archive.modules().data()];
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(counts[i] / kTries, p[i], 5 * std::sqrt(p[i] * (1 - p[i]) / kTries));
  }
}

TEST(ModuleArchive, ItsModulesComeWithLayersOfTheirOwn) {
  ModuleArchive archive;
  archive.add(with_rate(0.5), 0, grammar(), 1, 0);
  Genotype genotype = with_rate(0.25);
  insert(genotype, archive.modules()[0], 0);
  ASSERT_EQ(genotype.modules.size(), 2u);
  EXPECT_EQ(phenotype_of(genotype, 0, grammar()), archive.modules()[0].phenotype);
  EXPECT_EQ(genotype.layers.size(), 2u) << "what it shared it shares";
  EXPECT_EQ(genotype.modules[0].layers[0].layer, genotype.modules[0].layers[1].layer);
  EXPECT_THROW(insert(genotype, archive.modules()[0], 3), ArgumentError);
}

TEST(ModuleArchive, IsReadAsItWasWritten) {
  ModuleArchive archive(7);
  EXPECT_EQ(parse_archive(to_json(archive), "file"), archive);
  archive.add(with_rate(0.5), 0, grammar(), 1.25, 0.1);
  archive.add(with_rate(1.0 / 3), 0, grammar(), 0.1, -3);
  EXPECT_EQ(parse_archive(to_json(archive), "file"), archive);
}

TEST(ModuleArchive, BadFilesAreOneError) {
  ModuleArchive archive(1);
  archive.add(with_rate(0.5), 0, grammar(), 1.25, 0.1);
  const std::string good = to_json(archive);
  const auto fault = [&](const std::string& from, const std::string& to) -> std::string {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    try {
      parse_archive(text.replace(at, from.size(), to), "a");
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(fault("1.25", "-1.25"), "a: modules[0]: archive: power must be positive, got -1.25");
  EXPECT_EQ(fault("\"capacity\": 1", "\"capacity\": 0"), "a: capacity: expected at least 1, got 0");
  EXPECT_EQ(fault("{\"4\":", "{\"5\":"), "a: modules[0]: there is no layer 4");
  const std::string module = good.substr(good.find("{\"phenotype\""),
                                         good.rfind("}\n  ]") + 1 - good.find("{\"phenotype\""));
  EXPECT_EQ(fault(module, module + "," + module), "a: modules[1]: its phenotype is there twice");
}

}  // namespace
}  // namespace joule::evolution
