// SPDX-License-Identifier: MIT
#include "joule/exchange/pytorch/export.h"

#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/graph/net.h"
#include "joule/layers/modules.h"
#include "joule/tests/support/every_kind.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;
using exchange::PytorchNet;
using exchange::to_pytorch;

PytorchNet written(const nn::Graph& graph) {
  nn::Net net(graph);
  return to_pytorch(graph, net.state());
}

/// What is computed for the values of a graph: the lines of forward().
std::string forward_of(const std::string& source) {
  const std::size_t begin = source.find("        layer = self.get_submodule\n");
  return source.substr(begin);
}

TEST(PytorchExport, ASmallNetAsAModule) {
  const nn::Graph graph{
      .name = "small",
      .inputs = {{"image", {4, 4, 1}}},
      .nodes = {{"block.conv",
                 "Conv2d",
                 {{"in", std::int64_t{1}}, {"out", std::int64_t{2}}, {"kernel", nn::list({3, 2})}},
                 {"image"}},
                {"relu", "ReLU", {}, {"block.conv"}},
                {"flat", "Flatten", {}, {"relu"}},
                {"fc", "Linear", {{"in", std::int64_t{12}}, {"out", std::int64_t{3}}}, {"flat"}}},
      .outputs = {"fc"}};
  const PytorchNet net = written(graph);
  const std::string& source = net.source;
  EXPECT_TRUE(source.starts_with("\"\"\"small, written by Joule ")) << source;
  EXPECT_NE(source.find("            \"block.conv\": nn.Conv2d(1, 2, (3, 2), stride=1, padding=0, "
                        "dilation=1, groups=1, bias=True),\n"),
            std::string::npos)
      << source;
  EXPECT_EQ(forward_of(source),
            "        layer = self.get_submodule\n"
            "        block_conv = layer(\"block.conv\")(image)\n"
            "        relu = F.relu(block_conv)\n"
            "        flat = relu.flatten(1)\n"
            "        fc = layer(\"fc\")(flat)\n"
            "        return fc\n");
  EXPECT_EQ(net.save.layout, WeightLayout::oihw);
  EXPECT_EQ(net.save.flattened, (FlattenedInputs{{"fc", {2, 3, 2}}}));
}

TEST(PytorchExport, AFlattenedImageWhoseOrderIsSeenKeepsIt) {
  const nn::Graph graph{
      .name = "seen",
      .inputs = {{"image", {2, 2, 3}}},
      .nodes = {{"flat", "Flatten", {}, {"image"}}, {"classes", "Softmax", {}, {"flat"}}},
      .outputs = {"classes"}};
  EXPECT_NE(written(graph).source.find("flat = image.permute(0, 2, 3, 1).flatten(1)\n"),
            std::string::npos);
}

TEST(PytorchExport, NamesThatPythonHasNotAreChanged) {
  const nn::Graph graph{.name = "names",
                        .inputs = {{"in", {4}}},
                        .nodes = {{"a.b", "ReLU", {}, {"in"}},
                                  {"a_b", "ReLU", {}, {"a.b"}},
                                  {"2", "ReLU", {}, {"a_b"}}},
                        .outputs = {"2", "a.b"}};
  EXPECT_EQ(forward_of(written(graph).source),
            "        layer = self.get_submodule\n"
            "        a_b = F.relu(x_in)\n"
            "        a_b_2 = F.relu(a_b)\n"
            "        x_2 = F.relu(a_b_2)\n"
            "        return x_2, a_b\n");
}

TEST(PytorchExport, EveryKindIsWritten) {
  const nn::Graph graph = nn::checked(every_kind());
  const std::string source = written(graph).source;
  for (const nn::Node& node : graph.nodes) {
    EXPECT_NE(source.find("        " + node.name + " = "), std::string::npos) << node.name;
  }
}

TEST(PytorchExport, WhatPytorchHasNotIsNamed) {
  nn::Kind own = nn::kind_of("ReLU");
  own.name = "PytorchLacksIt";
  if (!nn::find_kind(own.name)) nn::register_kind(own);
  const auto graph = [](const char* name, const char* kind, const nn::Attributes& attributes,
                        const Shape& input) {
    return nn::Graph{.name = "g",
                     .inputs = {{"x", input}},
                     .nodes = {{name, kind, attributes, {"x"}}},
                     .outputs = {name}};
  };
  EXPECT_EQ(error_of([&] { to_pytorch(graph("r", "PytorchLacksIt", {}, {4}), {}); }),
            "pytorch: layer 'r': no module is written for kind PytorchLacksIt");
  const nn::Attributes linear{{"in", std::int64_t{4}}, {"out", std::int64_t{2}}};
  EXPECT_EQ(
      error_of([&] { written(graph("type.fc", "Linear", linear, {4})); }),
      "pytorch: layer 'type.fc': a torch.nn.Module has an attribute 'type': rename the layer");
  EXPECT_EQ(error_of([&] { to_pytorch(graph("fc", "Linear", linear, {4}), {}); }),
            "pytorch: the weights lack fc.weight");
}

}  // namespace
}  // namespace joule
