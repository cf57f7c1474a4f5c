// SPDX-License-Identifier: MIT
#include "joule/exchange/pytorch/match.h"

#include "joule/layers/graph/builder.h"
#include "joule/models/models.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;
using exchange::match_weights;
using exchange::MatchedBy;
using exchange::MatchOptions;
using exchange::WeightMatch;

using Net = std::vector<std::pair<std::string, Shape>>;
using File = std::map<std::string, Shape>;

const Net kNet{{"conv1.weight", {8, 3, 3, 3}},
               {"conv2.weight", {8, 8, 3, 3}},
               {"conv10.weight", {8, 8, 3, 3}},
               {"fc.weight", {2, 8}},
               {"fc.bias", {2}}};

std::map<std::string, std::string> pairs(const std::vector<WeightMatch>& matches) {
  std::map<std::string, std::string> pairs;
  for (const WeightMatch& match : matches) pairs[match.net] = match.file;
  return pairs;
}

TEST(PytorchMatch, TheSameNameIsTheSameTensor) {
  const File file(kNet.begin(), kNet.end());
  for (const WeightMatch& match : match_weights("net", kNet, file)) {
    EXPECT_EQ(match.file, match.net);
    EXPECT_EQ(match.by, MatchedBy::name);
  }
}

TEST(PytorchMatch, LayersThatOnlyOneCanBeAndOthersInOrder) {
  const File file{{"stem.weight", {8, 3, 3, 3}},
                  {"body.2.weight", {8, 8, 3, 3}},
                  {"body.11.weight", {8, 8, 3, 3}},
                  {"head.weight", {2, 8}},
                  {"head.bias", {2}}};
  EXPECT_EQ(error_of([&] { match_weights("net", kNet, file); }),
            "pytorch: 'body.2' of the file could be 'conv2', 'conv10' of the net: give the names "
            "(--map), or say that they come in order (--in-order)");
  const auto matches = match_weights("net", kNet, file, {.in_order = true});
  EXPECT_EQ(pairs(matches), (std::map<std::string, std::string>{{"conv1.weight", "stem.weight"},
                                                                {"conv2.weight", "body.2.weight"},
                                                                {"conv10.weight", "body.11.weight"},
                                                                {"fc.weight", "head.weight"},
                                                                {"fc.bias", "head.bias"}}));
  EXPECT_EQ(matches[0].by, MatchedBy::shape);
  EXPECT_EQ(matches[1].by, MatchedBy::order);
}

TEST(PytorchMatch, GivenNamesComeFirstOfLayersOrTensors) {
  const File file{{"stem.weight", {8, 3, 3, 3}},
                  {"a.weight", {8, 8, 3, 3}},
                  {"b.weight", {8, 8, 3, 3}},
                  {"head.weight", {2, 8}},
                  {"head.bias", {2}}};
  const auto matches =
      match_weights("net", kNet, file, {.given = {{"b", "conv2"}, {"head.bias", "fc.bias"}}});
  const auto found = pairs(matches);
  EXPECT_EQ(found.at("conv2.weight"), "b.weight");
  EXPECT_EQ(found.at("conv10.weight"), "a.weight");
  EXPECT_EQ(found.at("fc.weight"), "head.weight");
  EXPECT_EQ(matches[1].by, MatchedBy::given);
  EXPECT_EQ(error_of([&] {
              match_weights("net", kNet, file, {.given = {{"c", "conv2"}}});
            }),
            "pytorch: the file has neither a tensor nor a layer 'c'");
  EXPECT_EQ(error_of([&] {
              match_weights("net", kNet, file, {.given = {{"a", "conv3"}}});
            }),
            "pytorch: the net has no weight 'conv3.weight', which 'a.weight' is given for");
  EXPECT_EQ(error_of([&] {
              match_weights("net", kNet, file, {.given = {{"a", "conv2"}, {"b", "conv2"}}});
            }),
            "pytorch: 'conv2.weight' of the net is given twice");
}

TEST(PytorchMatch, WhatDoesNotFitIsNamed) {
  File file(kNet.begin(), kNet.end());
  file["fc.bias"] = Shape{3};
  EXPECT_EQ(error_of([&] { match_weights("net", kNet, file); }),
            "pytorch: 'fc.bias' of the file has the shape [3], 'fc.bias' of the net [2]");
  file.erase("fc.bias");
  file["extra.mean"] = Shape{4};
  EXPECT_EQ(error_of([&] { match_weights("net", kNet, file); }),
            "pytorch: the file has nothing for fc.bias [2] of the net; not matched in it: "
            "extra.mean [4]");
  file["fc.bias"] = Shape{2};
  EXPECT_EQ(error_of([&] { match_weights("net", kNet, file); }),
            "pytorch: the net has nothing for extra.mean [4] of the file");
  EXPECT_EQ(match_weights("net", kNet, file, {.ignore_rest = true}).size(), kNet.size());
  const File two{{"a.weight", {8, 3, 3, 3}}, {"b.weight", {8, 3, 3, 3}}};
  const Net one{{"conv.weight", {8, 3, 3, 3}}};
  EXPECT_EQ(error_of([&] { match_weights("net", one, two); }),
            "pytorch: 'conv' of the net could be 'a', 'b' of the file: give the names (--map), or "
            "say that they come in order (--in-order)");
  EXPECT_EQ(error_of([&] { match_weights("net", one, two, {.in_order = true}); }),
            "pytorch: the net has 1 layers like 'conv', the file 2 like 'a'");
}

TEST(PytorchMatch, ResNet18HasTorchvisionsNames) {
  nn::Sequential net = make_model(usual_spec("resnet18"));
  Net expected;
  File file;
  const auto there = [](std::string layer) -> std::string {
    if (layer == "conv1") return layer;
    if (layer == "norm1") return "bn1";
    if (layer == "linear") return "fc";
    const int block = layer[5] - '0';
    const std::string at = str("layer", (block + 1) / 2, '.', (block + 1) % 2, '.');
    if (layer.ends_with("shortcut.conv")) return at + "downsample.0";
    if (layer.ends_with("shortcut.norm")) return at + "downsample.1";
    const std::string last = layer.substr(layer.rfind('.') + 1);
    return at + (last.starts_with("norm") ? "bn" + last.substr(4) : last);
  };
  for (const auto& [name, shape] : weights_of(nn::graph_of(net, {32, 32, 3}, "resnet18"))) {
    expected.emplace_back(name, shape);
    const std::size_t dot = name.rfind('.');
    file[there(name.substr(0, dot)) + name.substr(dot)] = shape;
  }
  ASSERT_EQ(file.size(), expected.size());
  EXPECT_TRUE(file.contains("layer2.0.downsample.1.running_var"));
  for (const WeightMatch& match : match_weights("resnet18", expected, file)) {
    const std::size_t dot = match.net.rfind('.');
    EXPECT_EQ(match.file, there(match.net.substr(0, dot)) + match.net.substr(dot));
  }
  EXPECT_NE(error_of([&] { match_weights("another", expected, file); }).find("could be"),
            std::string::npos);
}

}  // namespace
}  // namespace joule
