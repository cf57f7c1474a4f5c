// SPDX-License-Identifier: MIT
#include "joule/evolution/phenotype.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "joule/core/error.h"
#include "joule/evolution/operators.h"
#include "joule/layers/graph/net.h"

namespace joule::evolution {
namespace {

const NetEnds kEnds{.image = {28, 28, 1}, .classes = 10};

Grammar grammar(const std::string& name) { return parse_grammar(grammar_text(name), name); }

std::string conv(const std::string& more, const std::string& inputs, int channels = 8) {
  return str("layer:conv out_channels:", channels, " kernel_size:3 stride:1 ", more,
             " bias:True input:", inputs);
}

const std::string kEnd =
    " | learning:adam lr:0.001 beta1:0.9 beta2:0.99 weight_decay:0.00001 early_stop:7 "
    "batch_size:64 epochs:10000";

std::string output(int input) {
  return str(" | layer:fc act:softmax out_features:10 bias:True input:", input);
}

std::string text_of(const Decoded& decoded) {
  return decoded.net.graph ? nn::to_text(*decoded.net.graph) : decoded.net.reason;
}

TEST(Phenotype, EachIndividualIsDecodedOrHasAReason) {
  for (const auto& [name, presets] : {std::pair<std::string, std::string>{"default", "energize"},
                                      {"fast-denser", "fast-denser"},
                                      {"zero-aware", "energize"}}) {
    const Grammar rules = grammar(name);
    Settings settings = preset(presets);
    for (ModuleRule& module : settings.structure.modules) module.levels_back = 4;
    check(settings, rules);
    int valid = 0;
    for (std::int64_t id = 0; id < 60; ++id) {
      const Individual individual = random_individual(rules, settings.structure, id, 5);
      const std::string text = phenotype_of(individual.genotype, rules, settings.structure);
      const Decoded decoded = decode(text, kEnds, settings.nets);
      EXPECT_NE(decoded.net.graph.has_value(), !decoded.net.reason.empty()) << text;
      if (!decoded.net.graph) continue;
      ++valid;
      const nn::Graph& graph = *decoded.net.graph;
      EXPECT_EQ(nn::checked(graph), graph);
      EXPECT_EQ(graph.outputs.size(), decoded.partition_point ? 2u : 1u);
      for (const std::string& each : graph.outputs) {
        EXPECT_EQ(nn::shapes_of(graph).at(each), (Shape{10}));
      }
      // The same text again, from genes that were read from it.
      const Genotype again = encode(text, rules, settings.structure);
      EXPECT_EQ(phenotype_of(again, rules, settings.structure), text);
    }
    EXPECT_GE(valid, 20) << name;
  }
}

TEST(Phenotype, ANetIsBuiltAsItsTextSays) {
  const std::string text =
      conv("padding:same act:relu", "-1") + " layer:dropout rate:0.25 input:0 " +
      conv("padding:valid act:sigmoid", "1", 4) + " | layer:batch_norm input:2" + output(3) + kEnd +
      " | model_partition:_ partition_point:1";
  const Decoded decoded = decode(text, kEnds, {});
  EXPECT_EQ(text_of(decoded),
            "candidate\n"
            "  input input [28,28,1]\n"
            "  module0.conv0 = Conv2d(input; in=1, out=8, kernel=3x3, padding=1x1)\n"
            "  module0.relu0 = ReLU(module0.conv0)\n"
            "  module0.dropout1 = Dropout(module0.relu0; probability=0.25)\n"
            "  module0.conv2 = Conv2d(module0.dropout1; in=8, out=4, kernel=3x3)\n"
            "  module0.sigmoid2 = Sigmoid(module0.conv2)\n"
            "  module1.batch_norm3 = BatchNorm(module0.sigmoid2; channels=4)\n"
            "  output.flatten = Flatten(module1.batch_norm3)\n"
            "  output.fc = Linear(output.flatten; in=2704, out=10)\n"
            "  partition.flatten = Flatten(module0.dropout1)\n"
            "  partition.fc = Linear(partition.flatten; in=6272, out=10)\n"
            "  output output.fc\n"
            "  output partition.fc\n");
  EXPECT_EQ(decoded.partition_point, 1);
  EXPECT_EQ(decoded.net.parameters, 80 + 292 + 8 + 27050 + 62730);
  EXPECT_EQ(decoded.net.macs, 28 * 28 * 8 * 9 + 26 * 26 * 4 * 72 + 27040 + 62720);
  const Learning learning{.optimizer = "adam",
                          .lr = 0.001,
                          .weight_decay = 0.00001,
                          .beta1 = 0.9,
                          .beta2 = 0.99,
                          .batch = 64,
                          .epochs = 10000,
                          .early_stop = 7};
  EXPECT_EQ(decoded.learning, learning);
}

TEST(Phenotype, InputsAreSummedInTheShapeOfTheFirst) {
  const std::string text =
      conv("padding:same act:linear", "-1") + " " + conv("padding:valid act:linear", "0", 4) + " " +
      "layer:fc act:relu out_features:32 bias:False input:1,0" + output(2) + kEnd;
  const std::string graph = text_of(decode(text, kEnds, {}));
  EXPECT_NE(graph.find("module0.fit2_1 = Conv2d(module0.conv1; in=4, out=8, kernel=1x1, "
                       "padding=1x1, bias=false)\n"
                       "  module0.sum2 = Add(module0.conv0, module0.fit2_1)\n"
                       "  module0.flatten2 = Flatten(module0.sum2)\n"),
            std::string::npos)
      << graph;
}

TEST(Phenotype, InputsArePooledToTheSmallestAndConcatenated) {
  const std::string text =
      conv("padding:same act:linear", "-1") + " " + conv("padding:valid act:linear", "0", 4) + " " +
      "layer:fc act:relu out_features:32 bias:False input:1,0" + output(2) + kEnd;
  NetRules rules = preset("fast-denser").nets;
  const std::string graph = text_of(decode(text, kEnds, rules));
  EXPECT_NE(graph.find("module0.fit2_1h = MaxPool2d(module0.conv0; kernel=3x1, stride=1x1)\n"
                       "  module0.fit2_1w = MaxPool2d(module0.fit2_1h; kernel=1x3, stride=1x1)\n"
                       "  module0.concat2 = Concat(module0.conv1, module0.fit2_1w)\n"),
            std::string::npos)
      << graph;
}

TEST(Phenotype, SamePaddingHasTheCeilingOfTheQuotient) {
  for (const std::string layer :
       {"conv out_channels:4 act:linear bias:True", "pool_max", "pool_avg"}) {
    for (const std::int64_t size : {5, 6, 7, 28, 30}) {
      for (int kernel = 1; kernel <= 5; ++kernel) {
        for (int stride = 1; stride <= 4; ++stride) {
          const std::string text =
              str("layer:", layer, " kernel_size:", kernel, " stride:", stride,
                  " padding:same input:-1 | layer:batch_norm input:0", output(1), kEnd);
          NetRules rules{.same_without_stride = false};
          const Decoded decoded =
              decode(text, {.image = {size, size + 1, 1}, .classes = 10}, rules);
          ASSERT_TRUE(decoded.net.graph) << text << decoded.net.reason;
          const Shape y = nn::shapes_of(*decoded.net.graph).at("module1.batch_norm1");
          EXPECT_EQ(y[0], (size + stride - 1) / stride) << text;
          EXPECT_EQ(y[1], (size + stride) / stride) << text;
        }
      }
    }
  }
}

TEST(Phenotype, ReasonsOfInvalidNets) {
  const std::string fc = "layer:fc act:relu out_features:32 bias:True input:-1 ";
  const auto reason = [](const std::string& text, const NetRules& rules = {}) {
    const Decoded decoded = decode(text, kEnds, rules);
    EXPECT_FALSE(decoded.net.graph);
    return decoded.net.reason;
  };
  EXPECT_EQ(reason(fc + conv("padding:valid act:relu", "0") + output(1) + kEnd),
            "layer 1, conv: conv: expected an image, got features");
  EXPECT_EQ(
      reason("layer:pool_max kernel_size:30 stride:1 padding:valid input:-1" + output(0) + kEnd)
          .substr(0, 20),
      "layer 0, pool_max: p");
  EXPECT_EQ(reason(fc + output(0) + kEnd, {.most_parameters = 1000}),
            "too large: 25450 parameters, at most 1000 are allowed");
  EXPECT_EQ(reason(fc + output(0) + kEnd, {.most_macs = 1000}),
            "too large: 25408 MACs per image, at most 1000 are allowed");
  std::string beta = fc + output(0) + kEnd;
  beta.replace(beta.find("beta1:0.9"), 9, "beta1:1.0");
  EXPECT_EQ(reason(beta), "learning: beta1 must be in [0, 1), got 1");
  EXPECT_EQ(decode_module("layer:dropout rate:0.5 input:-1", {28, 28, 1}, {}).reason,
            "no parameters");
  EXPECT_EQ(decode_module("", {28, 28, 1}, {}).reason, "no layers");
}

TEST(Phenotype, LayersThatDoNotFitAreSkippedWhereTheRulesSaySo) {
  const std::string text = "layer:fc act:relu out_features:32 bias:True input:-1 " +
                           conv("padding:valid act:relu", "0") + " layer:dropout rate:0.7 input:1" +
                           output(2) + kEnd;
  const std::string graph = text_of(decode(text, kEnds, preset("fast-denser").nets));
  EXPECT_NE(graph.find("module0.dropout2 = Dropout(module0.relu0; probability=0.5)"),
            std::string::npos)
      << graph;
  EXPECT_EQ(graph.find("conv1"), std::string::npos);
}

TEST(Phenotype, OfALayerThatIsSkippedNothingIsLeft) {
  // Its inputs are merged before it turns out that its kernel is larger than they are.
  const std::string text = conv("padding:valid act:relu", "-1") +
                           " layer:dropout rate:0.5 input:0 " +
                           "layer:conv out_channels:8 kernel_size:27 stride:1 padding:valid "
                           "act:relu bias:True input:1,0 layer:dropout rate:0.25 input:2" +
                           output(3) + kEnd;
  const std::string graph = text_of(decode(text, kEnds, preset("fast-denser").nets));
  EXPECT_NE(graph.find("module0.dropout3 = Dropout(module0.dropout1; probability=0.25)"),
            std::string::npos)
      << graph;
  EXPECT_EQ(graph.find("concat"), std::string::npos) << graph;
}

TEST(Phenotype, AModuleAloneReadsTheImage) {
  const DecodedNet net =
      decode_module("layer:dropout rate:0.5 input:-1 layer:batch_norm input:0", {8, 9, 3}, {});
  ASSERT_TRUE(net.graph) << net.reason;
  EXPECT_EQ(nn::to_text(*net.graph),
            "candidate\n"
            "  input input [8,9,3]\n"
            "  module0.dropout0 = Dropout(input; probability=0.5)\n"
            "  module0.batch_norm1 = BatchNorm(module0.dropout0; channels=3)\n"
            "  output module0.batch_norm1\n");
  EXPECT_EQ(net.parameters, 6);
  EXPECT_EQ(net.macs, 0);
}

TEST(Phenotype, TextsThatAreNoPhenotypeAreTheCallersFault) {
  const auto fault = [](const std::string& text) -> std::string {
    try {
      decode(text, kEnds, {});
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(fault(conv("padding:same act:relu", "-1") + kEnd),
            "phenotype: expected the last layer to be fc with one input, got conv");
  EXPECT_EQ(fault("layer:convolution input:-1" + output(0) + kEnd).substr(0, 25),
            "layer: expected one of co");
  EXPECT_EQ(fault("layer:dropout rates:0.5 input:-1" + output(0) + kEnd),
            "phenotype: no layer and no optimiser knows 'rates'; did you mean 'rate'?");
  EXPECT_EQ(fault("layer:pool_max kernel_size:2 stride:0 padding:same input:-1" + output(0) + kEnd),
            "phenotype: expected a kernel and a stride from 1 to 2147483647, got 0");
  EXPECT_EQ(fault("layer:dropout input:-1" + output(0) + kEnd), "phenotype: 'rate' is missing");
  EXPECT_EQ(fault(conv("padding:some act:relu", "-1") + output(0) + kEnd).substr(0, 32),
            "padding: expected one of same, v");
  EXPECT_EQ(fault("layer:dropout rate:0.1 input:2" + output(0) + kEnd),
            "phenotype: input:2 is no earlier layer");
  EXPECT_EQ(fault("layer:dropout rate:0.1 input:-1" + output(0)),
            "phenotype: 'learning' is missing");
  EXPECT_EQ(fault("layer:fc act:softmax out_features:7 bias:True input:-1" + kEnd),
            "phenotype: the output has 7 units, the data has 10 classes");
}

TEST(Phenotype, SeedsThatTheGrammarDoesNotDeriveNameTheWord) {
  const Grammar rules = grammar("default");
  const Structure structure = preset("energize").structure;
  const auto fault = [&](const std::string& text) -> std::string {
    try {
      encode(text, rules, structure);
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "";
  };
  const std::string end = output(0) + kEnd + " | model_partition:_ partition_point:0";
  EXPECT_EQ(fault("layer:dropout rate:0.1 input:-1" + end), "");
  EXPECT_EQ(fault("layer:dropout rate:0.8 input:-1" + end),
            "phenotype: <features> does not derive 'rate:0.8': rate: expected 0 to 0.7, got 0.8; "
            "phenotype: <classification> does not derive 'rate:0.8': rate: expected 0 to 0.7, got "
            "0.8");
  EXPECT_EQ(fault("layer:dropout rate:0.1 input:-1" + output(0) + kEnd +
                  " | model_partition:_ partition_point:1"),
            "phenotype: <model_partition> does not derive 'partition_point:1': partition_point: "
            "expected 0 to 0, got 1");
}

}  // namespace
}  // namespace joule::evolution
