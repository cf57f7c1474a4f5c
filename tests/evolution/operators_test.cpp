// SPDX-License-Identifier: MIT
#include "joule/evolution/operators.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "joule/core/error.h"
#include "joule/evolution/phenotype.h"
#include "joule/evolution/places.h"

namespace joule::evolution {
namespace {

/// Features of one number, and what there is to train with.
Grammar small() {
  return parse_grammar(
      "<features> ::= <dropout> | <dropout> | layer:batch_norm\n"
      "<dropout> ::= layer:dropout [rate,float,1,0,0.5]\n"
      "<classification> ::= layer:fc act:linear [out_features,int,1,2,3] bias:True\n"
      "<softmax> ::= layer:fc act:softmax out_features:10 bias:True\n"
      "<learning> ::= learning:lars [early_stop,int,1,5,6]\n"
      "<model_partition> ::= model_partition:_ [partition_point,int,1,0,_]\n",
      "small");
}

Settings without_mutations() {
  Settings settings = preset("energize");
  settings.rates = {};
  return settings;
}

Individual seeded(const std::string& modules, int last, const Grammar& grammar,
                  const Structure& structure, int partition = 0) {
  return seed_individual(
      str(modules, " | layer:fc act:softmax out_features:10 bias:True input:", last,
          " | learning:lars early_stop:5 | model_partition:_ partition_point:", partition),
      grammar, structure, 0);
}

std::string text_of(const Individual& individual, const Grammar& grammar,
                    const Settings& settings) {
  return phenotype_of(individual.genotype, grammar, settings.structure);
}

TEST(Operators, TheSameArgumentsGiveTheSameIndividual) {
  const Grammar grammar = parse_grammar(grammar_text("default"), "default");
  const Settings settings = preset("energize");
  const Individual a = random_individual(grammar, settings.structure, 3, 9);
  EXPECT_EQ(a, random_individual(grammar, settings.structure, 3, 9));
  EXPECT_NE(a.genotype, random_individual(grammar, settings.structure, 4, 9).genotype);
  EXPECT_NE(a.genotype, random_individual(grammar, settings.structure, 3, 8).genotype);
  const Individual child = mutate(a, 12, 1, grammar, settings, ModuleArchive(), 9);
  EXPECT_EQ(child, mutate(a, 12, 1, grammar, settings, ModuleArchive(), 9));
  EXPECT_EQ(child.parent, 3);
  EXPECT_EQ(child.id, 12);
}

TEST(Operators, InitialModulesAreOfTheirSizesAndShareLayers) {
  const Grammar grammar = parse_grammar(grammar_text("default"), "default");
  Structure structure = preset("energize").structure;
  std::set<std::size_t> sizes;
  std::size_t followers = 0, shared = 0;
  for (std::int64_t id = 0; id < 300; ++id) {
    const Individual one = random_individual(grammar, structure, id, 1);
    ASSERT_EQ(one.genotype.modules.size(), 2u);
    for (const Module& module : one.genotype.modules) {
      sizes.insert(module.layers.size());
      followers += module.layers.size() - 1;
      std::set<std::int64_t> distinct;
      for (const PlacedLayer& placed : module.layers) distinct.insert(placed.layer);
      shared += module.layers.size() - distinct.size();
      for (std::size_t i = 0; i < module.layers.size(); ++i) {
        EXPECT_EQ(module.layers[i].inputs, std::vector{static_cast<std::int64_t>(i) - 1});
      }
    }
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{1, 2, 3, 4, 5}));
  // 0.7 of about 1200 layers that are not first: within five deviations.
  EXPECT_NEAR(static_cast<double>(shared) / static_cast<double>(followers), 0.7, 0.07);
}

TEST(Operators, EachRateIsThatOfItsMutation) {
  const Grammar grammar = small();
  Settings settings = preset("energize");
  for (ModuleRule& rule : settings.structure.modules) rule.levels_back = 4;
  settings.rates.add_connection = settings.rates.remove_connection = 0.3;
  const Individual parent = seeded(
      "layer:dropout rate:0.1 input:-1 layer:dropout rate:0.2 input:0 layer:dropout rate:0.3 "
      "input:1,0 | layer:fc act:linear out_features:2 bias:True input:2",
      3, grammar, settings.structure);
  ModuleArchive archive;
  archive.add(parent.genotype, 0, grammar, 1, 0);
  std::map<std::string, double> counts;
  constexpr int kChildren = 4000;
  for (std::int64_t id = 1; id <= kChildren; ++id) {
    const Individual child = mutate(parent, id, 1, grammar, settings, archive, 2);
    std::map<std::string, int> own;
    for (const Mutation& each : child.history) ++own[each.type];
    if (own.contains("train_longer")) {
      EXPECT_EQ(child.history.size(), 1u);
      EXPECT_EQ(child.slots, 2);
      EXPECT_TRUE(child.resumes);
      EXPECT_EQ(child.genotype, parent.genotype);
    } else {
      EXPECT_EQ(child.slots, 1);
      EXPECT_FALSE(child.resumes);
    }
    for (const auto& [type, count] : own) ++counts[type];
  }
  const auto near = [&](const std::string& type, double expected) {
    const double deviation = std::sqrt(expected * (1 - expected) / kChildren);
    EXPECT_NEAR(counts[type] / kChildren, expected, 5 * deviation) << type;
  };
  near("train_longer", 0.2);
  near("reuse_module", 0.8 * 0.15);
  near("remove_module", 0.8 * 0.25);
  // The others depend on how many modules and layers there are: each happens.
  for (const std::string type : {"add_layer", "remove_layer", "dsge_layer", "add_connection",
                                 "remove_connection", "macro_layer"}) {
    EXPECT_GT(counts[type], 0.05 * kChildren) << type;
  }
}

TEST(Operators, WhatChangesTheNetSetsItsTimeBack) {
  const Grammar grammar = small();
  Settings settings = without_mutations();
  Individual parent = seeded("layer:dropout rate:0.1 input:-1", 0, grammar, settings.structure);
  parent.slots = 3;
  parent.resumes = true;
  const Individual child = mutate(parent, 1, 1, grammar, settings, ModuleArchive(), 1);
  EXPECT_EQ(child.slots, 1);
  EXPECT_FALSE(child.resumes);
  settings.rates.train_longer = 1;
  EXPECT_EQ(mutate(parent, 1, 1, grammar, settings, ModuleArchive(), 1).slots, 4);
}

TEST(Operators, AddAndRemoveKeepWithinTheBounds) {
  const Grammar grammar = small();
  Settings settings = without_mutations();
  settings.structure.modules[0].least = 1;
  settings.structure.modules[0].most = 3;
  Individual one = seeded("layer:dropout rate:0.1 input:-1", 0, grammar, settings.structure);
  settings.rates.add_layer = 1;
  for (int i = 1; i < 6; ++i) one = mutate(one, i, i, grammar, settings, ModuleArchive(), 1);
  EXPECT_EQ(one.genotype.modules[0].layers.size(), 3u);
  settings.rates.add_layer = 0;
  settings.rates.remove_layer = 1;
  for (int i = 6; i < 12; ++i) one = mutate(one, i, i, grammar, settings, ModuleArchive(), 1);
  EXPECT_EQ(one.genotype.modules[0].layers.size(), 1u);
  EXPECT_EQ(one.genotype.layers.size(), 1u) << "layers that stand nowhere are dropped";
  settings.rates = {.remove_module = 1};
  EXPECT_EQ(mutate(one, 20, 1, grammar, settings, ModuleArchive(), 1).genotype.modules.size(), 1u);
}

TEST(Operators, AMutationHitsAllCopiesAlsoAfterAFile) {
  const Grammar grammar = small();
  Settings settings = without_mutations();
  settings.rates = {.add_layer = 1, .reuse_layer = 1};
  Individual one = seeded("layer:dropout rate:0.125 input:-1", 0, grammar, settings.structure);
  one = mutate(one, 1, 1, grammar, settings, ModuleArchive(), 1);
  const std::size_t copies = one.genotype.modules[0].layers.size();
  ASSERT_GE(copies, 2u);
  ASSERT_EQ(one.genotype.layers.size(), 1u);
  one = parse_individual(to_json(one), "file");
  settings.rates = {.dsge_layer = 1};
  const Individual child = mutate(one, 2, 2, grammar, settings, ModuleArchive(), 1);
  EXPECT_EQ(child.genotype.layers.size(), 1u);
  const std::string text = phenotype_of(child.genotype, 0, grammar);
  const std::string first = text.substr(0, text.find(" input:"));
  std::size_t found = 0;
  for (std::size_t at = text.find(first); at != std::string::npos; at = text.find(first, at + 1)) {
    ++found;
  }
  EXPECT_EQ(found, copies) << text;
  EXPECT_NE(first, "layer:dropout rate:0.125");
}

TEST(Operators, ACodonChangesToSomethingElse) {
  const Grammar grammar = small();
  Draws draws(5);
  int alternatives = 0, numbers = 0;
  for (int i = 0; i < 600; ++i) {
    Genes genes;
    complete(genes, grammar, "features", {}, draws);
    const std::string was = derived(genes, grammar, "features");
    Genes changed = genes;
    if (!mutate_genes(changed, grammar, FloatMutation::redraw, {}, draws)) continue;
    complete(changed, grammar, "features", {}, draws);
    const std::string is = derived(changed, grammar, "features");
    EXPECT_NE(is, was);
    if (was.starts_with("layer:dropout"))
      ++(is.starts_with("layer:dropout") ? numbers : alternatives);
    EXPECT_EQ(changed.size(), is.starts_with("layer:dropout") ? 2u : 1u) << "surplus is dropped";
  }
  // Two productions, each as likely: of <features> only the alternative, of <dropout> the number.
  EXPECT_GT(alternatives, 150);
  EXPECT_GT(numbers, 150);
}

TEST(Operators, ANumberIsTwiceAsLikelyAsAnAlternative) {
  const Grammar grammar =
      parse_grammar("<a> ::= layer:dropout [rate,float,1,0,1] | layer:batch_norm\n", "g");
  Draws draws(6);
  int numbers = 0;
  constexpr int kTries = 3000;
  for (int i = 0; i < kTries; ++i) {
    Genes genes{{"a", {Codon{.alternative = 0, .numbers = {{0.5}}}}}};
    mutate_genes(genes, grammar, FloatMutation::redraw, {}, draws);
    numbers += genes["a"][0].alternative == 0;
  }
  EXPECT_NEAR(numbers / double{kTries}, 2.0 / 3, 5 * std::sqrt(2.0 / 9 / kTries));
}

TEST(Operators, FloatsMoveAsTheRuleSays) {
  const Grammar grammar = parse_grammar("<a> ::= layer:dropout [rate,float,1,0,0.7]\n", "g");
  Draws draws(7);
  double sum = 0, squares = 0;
  int clipped = 0, redrawn_far = 0;
  constexpr int kTries = 4000;
  for (int i = 0; i < kTries; ++i) {
    const auto changed = [&](double from, FloatMutation rule) {
      Genes genes{{"a", {Codon{.alternative = 0, .numbers = {{from}}}}}};
      mutate_genes(genes, grammar, rule, {}, draws);
      return genes["a"][0].numbers[0][0];
    };
    const double step = changed(0.35, FloatMutation::gaussian) - 0.35;
    sum += step;
    squares += step * step;
    clipped += changed(0.7, FloatMutation::gaussian) == 0.7;
    redrawn_far += std::abs(changed(0.35, FloatMutation::redraw) - 0.35) > 0.175;
  }
  EXPECT_NEAR(sum / kTries, 0, 5 * 0.15 / std::sqrt(kTries));
  // Clipped at 2.33 deviations: 0.953 of the variance is left.
  EXPECT_NEAR(squares / kTries, 0.953 * 0.15 * 0.15, 0.0015);
  EXPECT_NEAR(clipped / double{kTries}, 0.5, 0.04);
  EXPECT_NEAR(redrawn_far / double{kTries}, 0.5, 0.04);
}

TEST(Operators, APartitionPointBehindTheLastLayerMoves) {
  const Grammar grammar = small();
  Settings settings = without_mutations();
  settings.rates.remove_layer = 1;
  const Individual parent = seeded("layer:dropout rate:0.1 input:-1 layer:dropout rate:0.2 input:0",
                                   1, grammar, settings.structure, 1);
  const Individual child = mutate(parent, 1, 7, grammar, settings, ModuleArchive(), 1);
  ASSERT_LE(child.genotype.layer_count(), 1);
  EXPECT_NE(text_of(child, grammar, settings).find("partition_point:0"), std::string::npos);
  const Mutation& last = child.history.back();
  EXPECT_EQ(last.type, "macro_layer");
  EXPECT_EQ(last.generation, 7);
  EXPECT_EQ(last.data.at("forced"), "true");
  EXPECT_EQ(last.data.at("was"), "model_partition:_ partition_point:1");
}

TEST(Operators, AReusedModuleIsACopyOfItsOwn) {
  const Grammar grammar = small();
  Settings settings = without_mutations();
  settings.rates.reuse_module = 1;
  const Individual parent = seeded("layer:dropout rate:0.1 input:-1 layer:batch_norm input:0", 1,
                                   grammar, settings.structure);
  ModuleArchive archive;
  archive.add(parent.genotype, 0, grammar, 2, 0);
  const Individual child = mutate(parent, 1, 1, grammar, settings, archive, 1);
  ASSERT_EQ(child.genotype.modules.size(), 2u);
  EXPECT_EQ(phenotype_of(child.genotype, 0, grammar), phenotype_of(child.genotype, 1, grammar));
  EXPECT_EQ(child.genotype.layers.size(), 4u);
  EXPECT_EQ(child.history.back().data.at("phenotype"), archive.modules()[0].phenotype);
}

TEST(Places, WhatReadTheLayerBeforeReadsTheNewOne) {
  Draws draws(1);
  Module module{.start = "a", .layers = {{0, {-1}}, {1, {0}}, {2, {1, 0}}}};
  insert_layer(module, 1, 7, 1, draws);
  EXPECT_EQ(module.layers, (std::vector<PlacedLayer>{{0, {-1}}, {7, {0}}, {1, {1}}, {2, {2, 1}}}));
  insert_layer(module, 0, 8, 1, draws);
  EXPECT_EQ(module.layers[1], (PlacedLayer{0, {0}}));
  EXPECT_EQ(module.layers[0], (PlacedLayer{8, {-1}}));
}

TEST(Places, WhatReadTheRemovedLayerReadsWhatIsBeforeIt) {
  Module module{.start = "a", .layers = {{0, {-1}}, {1, {0}}, {2, {1, 0}}, {3, {2, 1, 0}}}};
  erase_layer(module, 1);
  EXPECT_EQ(module.layers, (std::vector<PlacedLayer>{{0, {-1}}, {2, {0}}, {3, {1, 0}}}));
  erase_layer(module, 0);
  EXPECT_EQ(module.layers, (std::vector<PlacedLayer>{{2, {-1}}, {3, {0}}}));
}

TEST(Places, LevelsBackBoundWhatALayerMayRead) {
  EXPECT_EQ(earlier_places(5, 1), (std::vector<std::int64_t>{}));
  EXPECT_EQ(earlier_places(5, 3), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(earlier_places(2, 3), (std::vector<std::int64_t>{0, -1}));
  EXPECT_EQ(earlier_places(0, 3), (std::vector<std::int64_t>{}));
}

}  // namespace
}  // namespace joule::evolution
