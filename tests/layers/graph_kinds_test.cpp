// SPDX-License-Identifier: MIT
//
// Layers beside those of the named nets, as data.
#include <algorithm>
#include <cstdint>

#include "joule/layers/activations.h"
#include "joule/layers/containers.h"
#include "joule/layers/conv_transpose2d.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/graph.h"
#include "joule/layers/graph/net.h"
#include "joule/layers/modules.h"
#include "joule/layers/norms.h"
#include "joule/layers/padding.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;
using nn::Graph;

/// All of them, one behind the other, made in this order: so the braces.
nn::Sequential autoencoder() {
  return nn::Sequential{nn::Conv2d({.in = 1, .out = 4, .stride = 2, .padding = 1}),
                        nn::GroupNorm(2, 4, 1e-3f),
                        nn::GELU(),
                        nn::LayerNorm(4),
                        nn::SiLU(),
                        nn::ConvTranspose2d({.in = 4,
                                             .out = 6,
                                             .kernel = {4, 3},
                                             .stride = 2,
                                             .padding = 1,
                                             .output_padding = {0, 1},
                                             .groups = 2,
                                             .bias = false}),
                        nn::LeakyReLU(0.2f),
                        nn::Tanh(),
                        nn::HardSwish(),
                        nn::Softmax(),
                        nn::Sigmoid()};
}

TEST(GraphKinds, ActivationsNormsAndTransposedConvolutionsAreData) {
  manual_seed(3);
  nn::Sequential net = autoencoder();
  const Graph graph = nn::graph_of(net, {8, 8, 1}, "autoencoder");
  EXPECT_EQ(to_text(graph),
            "autoencoder\n"
            "  input input [8,8,1]\n"
            "  0 = Conv2d(input; in=1, out=4, kernel=3x3, stride=2x2, padding=1x1)\n"
            "  1 = GroupNorm(0; groups=2, channels=4, epsilon=0.001)\n"
            "  2 = GELU(1)\n"
            "  3 = LayerNorm(2; channels=4)\n"
            "  4 = SiLU(3)\n"
            "  5 = ConvTranspose2d(4; in=4, out=6, kernel=4x3, stride=2x2, padding=1x1, "
            "output_padding=0x1, groups=2, bias=false)\n"
            "  6 = LeakyReLU(5; slope=0.2)\n"
            "  7 = Tanh(6)\n"
            "  8 = HardSwish(7)\n"
            "  9 = Softmax(8)\n"
            "  10 = Sigmoid(9)\n"
            "  output 10\n");
  EXPECT_EQ(shapes_of(graph).at("10"), (Shape{8, 8, 6}));
  manual_seed(3);
  nn::Net again(nn::parse_graph(to_json(graph), "net.json"));
  const auto had = net.parameters(), has = again.parameters();
  ASSERT_EQ(had.size(), has.size());
  for (std::size_t i = 0; i < had.size(); ++i) {
    EXPECT_EQ(had[i].name, has[i].name);
    expect_same_bits(had[i].tensor, has[i].tensor);
  }
  const Tensor x = random_tensor({2, 8, 8, 1}, 1);
  const NoGrad guard;
  expect_same_bits(again(x), net(x));
}

TEST(GraphKinds, ErrorsOfNormsAndTransposedConvolutions) {
  const auto broken = [](const char* name, const std::string& attribute, nn::Attribute value) {
    nn::Sequential net = autoencoder();
    Graph graph = nn::graph_of(net, {8, 8, 1}, "autoencoder");
    const auto node = std::ranges::find(graph.nodes, name, &nn::Node::name);
    node->attributes.set(attribute, std::move(value));
    return error_of([&] { validate(graph); });
  };
  EXPECT_EQ(broken("1", "groups", std::int64_t{3}),
            "graph: node '1', GroupNorm: groups=3 must divide channels=4");
  EXPECT_EQ(broken("1", "channels", std::int64_t{6}),
            "graph: node '1', GroupNorm: expected 6 channels, got 4");
  EXPECT_EQ(broken("3", "channels", std::int64_t{5}),
            "graph: node '3', LayerNorm: expected 5 channels, got 4");
  EXPECT_EQ(broken("3", "epsilon", 0.0),
            "graph: node '3', LayerNorm: attribute 'epsilon': expected from 1.17549e-38 to "
            "3.40282e+38, got 0");
  EXPECT_EQ(broken("6", "slope", 1e39),
            "graph: node '6', LeakyReLU: attribute 'slope': expected from -3.40282e+38 to "
            "3.40282e+38, got 1e+39");
  EXPECT_EQ(broken("5", "in", std::int64_t{2}),
            "graph: node '5', ConvTranspose2d: expected 2 channels, got 4");
  EXPECT_EQ(broken("5", "groups", std::int64_t{4}),
            "graph: node '5', ConvTranspose2d: groups=4 must divide in=4 and out=6");
  EXPECT_EQ(broken("5", "output_padding", nn::list(2)),
            "graph: node '5', ConvTranspose2d: conv_transpose2d: output_padding must be from 0 to "
            "stride - 1, got 2 with stride 2");
}

TEST(GraphKinds, ASliceIsSomeOfTheChannels) {
  Graph graph{.name = "sliced", .inputs = {{"x", {3, 2, 5}}}, .outputs = {"some"}};
  graph.nodes.push_back(
      {"some", "Slice", {{"first", std::int64_t{1}}, {"count", std::int64_t{3}}}, {"x"}});
  nn::Net net(nn::parse_graph(to_json(graph), "net.json"));
  const Tensor x = Tensor::from(std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 1, 2, 5});
  const Tensor y = net(x);
  EXPECT_EQ(y.shape(), (Shape{1, 1, 2, 3}));
  const auto taken = y.values<float>();
  EXPECT_EQ(std::vector(taken.begin(), taken.end()), (std::vector<float>{1, 2, 3, 6, 7, 8}));
  EXPECT_EQ(to_text(graph.nodes[0]), "some = Slice(x; first=1, count=3)");
  graph.nodes[0].attributes.set("count", std::int64_t{5});
  EXPECT_EQ(error_of([&] { validate(graph); }),
            "graph: node 'some', Slice: expected at least 6 channels, got 5");
}

TEST(GraphKinds, AResizedImageRepeatsAndLeavesOutPixels) {
  Graph graph{.name = "resized", .inputs = {{"x", {2, 3, 1}}}, .outputs = {"y"}};
  graph.nodes.push_back({"y",
                         "ResizeNearest",
                         {{"rows", nn::Attribute(std::vector<std::int64_t>{2})},
                          {"columns", nn::Attribute(std::vector<std::int64_t>{1, 0, 2})}},
                         {"x"}});
  nn::Net net(nn::parse_graph(to_json(graph), "net.json"));
  const Tensor y = net(Tensor::from(std::vector<float>{0, 1, 2, 3, 4, 5}, {1, 2, 3, 1}));
  EXPECT_EQ(y.shape(), (Shape{1, 4, 3, 1}));
  const auto values = y.values<float>();
  EXPECT_EQ(std::vector(values.begin(), values.end()),
            (std::vector<float>{0, 2, 2, 0, 2, 2, 3, 5, 5, 3, 5, 5}));
  EXPECT_EQ(to_text(graph.nodes[0]), "y = ResizeNearest(x; rows=2, columns=1x0x2)");
  EXPECT_EQ(nn::ResizeNearest({2, 3}).describe(), "ResizeNearest(rows=2, columns=3)");
  EXPECT_EQ(nn::ResizeNearest({1, 0, 2}, {1}).describe(), "ResizeNearest(rows=3->3, columns=1)");
  EXPECT_EQ(error_of([] { nn::ResizeNearest({}, {1}); }),
            "ResizeNearest: expected numbers of rows and of columns, got none");
  EXPECT_EQ(error_of([] {
              nn::ResizeNearest({1}, {2, -1});
            }),
            "ResizeNearest: expected from 0 to 2147483647 copies, got -1");
  graph.nodes[0].attributes.set("rows", std::vector<std::int64_t>{1, 1, 1});
  EXPECT_EQ(error_of([&] { validate(graph); }),
            "graph: node 'y', ResizeNearest: resize_nearest: rows: expected one number for all, or "
            "one for each of 2, got 3 numbers");
  graph.nodes[0].attributes.set("rows", std::vector<std::int64_t>{1, -1});
  EXPECT_EQ(
      error_of([&] { validate(graph); }),
      "graph: node 'y', ResizeNearest: attribute 'rows': expected from 0 to 2.14748e+09, got -1");
}

TEST(GraphKinds, AnImageCannotGrowBeyondAllBounds) {
  Graph graph{.name = "large", .inputs = {{"x", {2, 2, 1}}}, .outputs = {"b"}};
  for (const auto& [name, input] : {std::pair("a", "x"), std::pair("b", "a")}) {
    graph.nodes.push_back({name,
                           "ConvTranspose2d",
                           {{"in", std::int64_t{1}},
                            {"out", std::int64_t{1}},
                            {"kernel", nn::list(1)},
                            {"stride", nn::list({INT32_MAX, 1})},
                            {"output_padding", nn::list({1, 0})}},
                           {input}});
  }
  EXPECT_EQ(error_of([&] { validate(graph); }),
            "graph: node 'b', ConvTranspose2d: expected an image of up to 2147483647 pixels a "
            "side, got 2147483649x2");
}

}  // namespace
}  // namespace joule
