// SPDX-License-Identifier: MIT
#include "joule/evolution/individual.h"

#include <gtest/gtest.h>

#include "joule/core/error.h"
#include "joule/evolution/operators.h"

namespace joule::evolution {
namespace {

Grammar grammar() { return parse_grammar(grammar_text("default"), "default"); }

Individual mutated(std::uint64_t seed) {
  const Settings settings = preset("energize");
  Individual one = random_individual(grammar(), settings.structure, 0, seed);
  for (int i = 1; i < 8; ++i) {
    one = mutate(one, i, i, grammar(), settings, ModuleArchive(), seed);
  }
  return one;
}

std::string fault(const std::string& json) {
  try {
    parse_individual(json, "a.json");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Individual, IsReadAsItWasWritten) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Individual one = mutated(seed);
    EXPECT_EQ(parse_individual(to_json(one), "file"), one);
  }
}

TEST(Individual, BadFilesAreOneError) {
  Individual one;
  one.genotype.modules = {{.start = "features", .layers = {{3, {-1}}}}};
  one.genotype.layers[3]["features"] = {Codon{.alternative = 2, .numbers = {{0.5}}}};
  one.history = {{"add_layer", 1, {{"module", "0"}}}};
  const std::string good = to_json(one);
  EXPECT_EQ(fault(good), "");
  EXPECT_EQ(fault("{").substr(0, 8), "a.json: ");
  EXPECT_EQ(fault("{}"), "a.json: 'format' is missing");
  EXPECT_EQ(fault(replaced(good, "\"version\": 1", "\"version\": 2")),
            "a.json: expected format 'joule individual', version 1, got \"joule individual\", 2");
  EXPECT_EQ(fault(replaced(good, "\"slots\"", "\"slot\"")), "a.json: 'slots' is missing");
  EXPECT_EQ(fault(replaced(good, "\"slots\": 1", "\"slots\": 0")),
            "a.json: slots: expected at least 1, got 0");
  EXPECT_EQ(fault(replaced(good, "\"layer\":3", "\"layer\":4")),
            "a.json: genotype: modules[0]: there is no layer 4");
  EXPECT_EQ(
      fault(replaced(good, "\"inputs\":[-1]", "\"inputs\":[-1.5]")),
      "a.json: genotype: modules[0]: layers[0]: inputs[0]: expected a whole number, got -1.5");
  EXPECT_EQ(
      fault(replaced(good, "[2,[0.5]]", "[]")),
      "a.json: genotype: layers: 3: features[0]: expected [alternative, numbers ...], got []");
  EXPECT_EQ(fault(replaced(good, "\"3\":", "\"three\":")).substr(0, 42),
            "a.json: genotype: layers: three: the numbe");
  EXPECT_EQ(fault(replaced(good, "\"generation\":1", "\"generation\":\"1\"")),
            "a.json: history[0]: generation: expected a whole number, got \"1\"");
}

TEST(Genotype, WhatIsMissingIsDrawnAndWhatIsTooMuchIsDropped) {
  const Settings settings = preset("energize");
  Genotype genes;
  genes.modules = {{.start = "features", .layers = {{0, {-1}}, {1, {0}}}}};
  genes.layers[0] = {};
  genes.layers[1] = {{"features", {Codon{.alternative = 5}, Codon{.alternative = 0}}},
                     {"padding", {Codon{.alternative = 1}}}};
  genes.layers[9] = {};
  const Genotype given = genes;
  Draws draws(4);
  complete(genes, grammar(), settings.structure, draws);
  EXPECT_FALSE(genes.layers.contains(9));
  EXPECT_EQ(genes.layers.at(1),
            (Genes{{"batch_norm", {Codon{}}}, {"features", {Codon{.alternative = 5}}}}));
  EXPECT_TRUE(genes.layers.at(0).contains("features"));
  EXPECT_TRUE(genes.macros.contains("model_partition"));
  // Nothing is drawn for what is complete, and the same is drawn again for what is not.
  Genotype again = genes;
  Draws others(77), same(4);
  complete(again, grammar(), settings.structure, others);
  EXPECT_EQ(again, genes);
  again = given;
  complete(again, grammar(), settings.structure, same);
  EXPECT_EQ(again, genes);
}

TEST(Genotype, GenesThatTheGrammarCannotHaveAreRefused) {
  const Settings settings = preset("energize");
  const auto refused = [&](Genotype genes) -> std::string {
    Draws draws(1);
    try {
      complete(genes, grammar(), settings.structure, draws);
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "";
  };
  const auto layer = [](Genes genes) {
    Genotype all;
    all.modules = {{.start = "features", .layers = {{0, {-1}}}}};
    all.layers[0] = std::move(genes);
    return all;
  };
  EXPECT_EQ(refused(layer({})), "");
  EXPECT_EQ(refused(layer({{"features", {Codon{.alternative = 6}}}})),
            "genes: <features> has the alternatives 0 to 5, got 6");
  EXPECT_EQ(refused(layer({{"features", {Codon{.alternative = 4}}},
                           {"dropout", {Codon{.alternative = 0, .numbers = {{0.8}}}}}})),
            "genes: rate: expected 0 to 0.7, got 0.8");
  Genotype later = layer({});
  later.modules[0].layers[0].inputs = {0};
  EXPECT_EQ(refused(later), "genes: layer 0 of a module can read -1 to -1, got 0");
  Genotype unknown = layer({});
  unknown.modules[0].start = "feature";
  EXPECT_EQ(refused(unknown), "settings: there is no kind of module that starts at <feature>");
  Genotype both = layer({});
  both.modules.push_back({.start = "classification", .layers = {{0, {-1}}}});
  EXPECT_EQ(refused(both), "genes: layer 0 is of <features> and of <classification>");
}

TEST(Settings, AreReadAsTheyWereWritten) {
  for (const std::string& name : preset_names()) {
    EXPECT_EQ(parse_settings(to_json(preset(name)), "file"), preset(name)) << name;
  }
  Settings changed = preset("fast-denser");
  changed.rates.add_layer = 0.5;
  EXPECT_EQ(parse_settings("{\"preset\": \"fast-denser\", \"rates\": {\"add_layer\": 0.5}}", "s"),
            changed);
}

TEST(Settings, BadOnesAreOneError) {
  const auto fault = [](const std::string& json) -> std::string {
    try {
      parse_settings(json, "s.json");
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(fault("{\"rates\": {\"add_layers\": 0.5}}"),
            "s.json: rates: there is no 'add_layers'; did you mean 'add_layer'?");
  EXPECT_EQ(fault("{\"rates\": {\"add_layer\": 1.5}}"),
            "s.json: rates: settings: add_layer: expected a probability, got 1.5");
  EXPECT_EQ(fault("{\"nets\": {\"merge\": \"add\"}}"),
            "s.json: nets: merge: the value: expected one of sum, concatenate, got 'add'");
  EXPECT_EQ(fault("{\"preset\": \"denser\"}").substr(0, 39),
            "s.json: preset: expected one of energiz");
}

TEST(Settings, AreCheckedAgainstTheGrammar) {
  const auto fault = [](const Settings& settings, const std::string& text) -> std::string {
    try {
      check(settings, parse_grammar(text, "g"));
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "";
  };
  const std::string good(grammar_text("default"));
  Settings settings = preset("energize");
  EXPECT_EQ(fault(settings, good), "");
  EXPECT_EQ(fault(settings, replaced(good, "act:sigmoid", "act:sigmoids")),
            "act: expected one of linear, relu, sigmoid, softmax, got 'sigmoids'; did you mean "
            "'sigmoid'?");
  EXPECT_EQ(fault(settings, replaced(good, "[rate,float,1,0,0.7]", "[rate,float,1,0,_]")),
            "grammar: a bound of rate is '_', which is set for a partition_point alone");
  EXPECT_EQ(fault(settings, replaced(good, "[rate,float,1", "[rate,float,2")),
            "grammar: rate: a layer or optimiser has one such number, not 2");
  EXPECT_EQ(fault(settings, std::string(grammar_text("fast-denser"))).substr(0, 44),
            "grammar: there is no <model_partition>; ther");
  settings.structure.modules[0].initial = {60};
  EXPECT_EQ(fault(settings, good),
            "settings: <features>: expected an initial number of layers from 0 to 50, got 60");
}

}  // namespace
}  // namespace joule::evolution
