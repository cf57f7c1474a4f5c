// SPDX-License-Identifier: MIT
#include "joule/nas/network/network.h"

#include <gtest/gtest.h>

#include "joule/core/error.h"
#include "joule/energy/ledger.h"
#include "joule/layers/graph/net.h"
#include "joule/nas/cell/enumerate.h"

namespace joule::nas {
namespace {

std::int64_t parameters_of(const nn::Graph& graph) {
  std::int64_t sum = 0;
  for (const auto& [name, shape] : weights_of(graph)) {
    if (!name.ends_with(".running_mean") && !name.ends_with(".running_var")) sum += shape.numel();
  }
  return sum;
}

/// A small net of images whose sides are odd, so that the pools round up.
constexpr Skeleton kSmall{
    .channels = 6, .stacks = 2, .cells = 2, .height = 7, .width = 9, .colours = 2, .classes = 3};

TEST(CellNetwork, HasTheParametersThatTheAuthorsCounted) {
  // trainable_parameters of measured cells of EC-NAS.
  const std::pair<const char*, std::int64_t> kCounted[]{
      {"0110/0010/0001/0000:2,2", 1756298},
      {"0101/0011/0001/0000:2,0", 3644554},
      {"0110/0011/0001/0000:0,1", 3468426},
      {"0111/0011/0001/0000:2,0", 4081418},
      {"01001/00100/00010/00001/00000:2,1,0", 12088970},
      {"01000/00110/00010/00001/00000:0,0,2", 19472778},
      {"01100/00001/00010/00001/00000:1,0,1", 3729162},
      {"01110/00101/00011/00001/00000:0,0,1", 3075240},
  };
  for (const auto& [text, parameters] : kCounted) {
    const Cell cell = parse_cell(text);
    EXPECT_EQ(counts_of(cell, {}).parameters, parameters) << text;
    EXPECT_EQ(parameters_of(network_of(cell, {}, "cell")), parameters) << text;
  }
}

TEST(CellNetwork, ChannelsAreDividedAmongThoseThatFeedTheOutput) {
  // Vertices 1, 2 and 3 feed the output, 4 feeds them not; the edge from the input does not count.
  const Cell cell = parse_cell("0100011/0011001/0000001/0000001/0000000/0000010/0000000:0,0,0,0,0");
  const auto channels = vertex_channels(pruned(cell), 6, 10);
  EXPECT_EQ(pruned(cell).vertices(), 5);
  EXPECT_EQ(std::vector(channels.begin(), channels.begin() + 5),
            (std::vector<std::int64_t>{6, 4, 3, 3, 10}));
  // 1 feeds 2 alone: it has what that has.
  const auto passed = vertex_channels(parse_cell("01100/00100/00011/00001/00000:0,0,0"), 4, 9);
  EXPECT_EQ(std::vector(passed.begin(), passed.begin() + 5),
            (std::vector<std::int64_t>{4, 5, 5, 4, 9}));
}

TEST(CellNetwork, LooksLikeThis) {
  const Skeleton one{
      .channels = 3, .stacks = 1, .cells = 1, .height = 4, .width = 4, .colours = 1, .classes = 2};
  EXPECT_EQ(
      to_text(network_of(parse_cell("0111/0011/0001/0000:0,2"), one, "cell")),
      "cell\n"
      "  input input [4,4,1]\n"
      "  stem.conv = Conv2d(input; in=1, out=3, kernel=3x3, padding=1x1, bias=false)\n"
      "  stem.norm = BatchNorm(stem.conv; channels=3, momentum=0.003)\n"
      "  stem.relu = ReLU(stem.norm)\n"
      "  stack1.cell1.vertex1.input.conv = Conv2d(stem.relu; in=3, out=2, kernel=1x1, bias=false)\n"
      "  stack1.cell1.vertex1.input.norm = BatchNorm(stack1.cell1.vertex1.input.conv; channels=2, "
      "momentum=0.003)\n"
      "  stack1.cell1.vertex1.input.relu = ReLU(stack1.cell1.vertex1.input.norm)\n"
      "  stack1.cell1.vertex1.conv = Conv2d(stack1.cell1.vertex1.input.relu; in=2, out=2, "
      "kernel=3x3, padding=1x1, bias=false)\n"
      "  stack1.cell1.vertex1.norm = BatchNorm(stack1.cell1.vertex1.conv; channels=2, "
      "momentum=0.003)\n"
      "  stack1.cell1.vertex1.relu = ReLU(stack1.cell1.vertex1.norm)\n"
      "  stack1.cell1.vertex2.first_of_vertex1 = Slice(stack1.cell1.vertex1.relu; count=1)\n"
      "  stack1.cell1.vertex2.input.conv = Conv2d(stem.relu; in=3, out=1, kernel=1x1, bias=false)\n"
      "  stack1.cell1.vertex2.input.norm = BatchNorm(stack1.cell1.vertex2.input.conv; channels=1, "
      "momentum=0.003)\n"
      "  stack1.cell1.vertex2.input.relu = ReLU(stack1.cell1.vertex2.input.norm)\n"
      "  stack1.cell1.vertex2.sum = Add(stack1.cell1.vertex2.first_of_vertex1, "
      "stack1.cell1.vertex2.input.relu)\n"
      "  stack1.cell1.vertex2.pool = MaxPool2d(stack1.cell1.vertex2.sum; kernel=3x3, stride=1x1, "
      "padding=1x1)\n"
      "  stack1.cell1.concat = Concat(stack1.cell1.vertex1.relu, stack1.cell1.vertex2.pool)\n"
      "  stack1.cell1.input.conv = Conv2d(stem.relu; in=3, out=3, kernel=1x1, bias=false)\n"
      "  stack1.cell1.input.norm = BatchNorm(stack1.cell1.input.conv; channels=3, momentum=0.003)\n"
      "  stack1.cell1.input.relu = ReLU(stack1.cell1.input.norm)\n"
      "  stack1.cell1.sum = Add(stack1.cell1.concat, stack1.cell1.input.relu)\n"
      "  mean = GlobalAvgPool(stack1.cell1.sum)\n"
      "  head = Linear(mean; in=3, out=2)\n"
      "  output head\n");
}

/// All cells of 4 vertices, and some of 5 to 7.
std::vector<Cell> examples() {
  std::vector<Cell> cells = canonical_cells({.vertices = 4});
  Generator random(3);
  for (const int vertices : {5, 6, 7, 7, 7, 7}) cells.push_back(random_cell({vertices, 9}, random));
  return cells;
}

TEST(CellNetwork, CountsAreThoseOfTheGraphAndOfARun) {
  for (const Cell& cell : examples()) {
    const nn::Graph graph = network_of(cell, kSmall, "cell");
    const NetworkCounts counts = counts_of(cell, kSmall);
    EXPECT_EQ(counts.parameters, parameters_of(graph)) << to_text(cell);
    std::int64_t values = 0;
    for (const auto& [name, shape] : shapes_of(graph)) {
      // A convolution, its norm and its ReLU are one layer.
      if (name != "input" && !name.ends_with("conv") && !name.ends_with("norm"))
        values += shape.numel();
    }
    EXPECT_EQ(counts.activations, values) << to_text(cell);
    nn::Net net(graph);
    net.eval();
    energy::Ledger ledger;
    {
      const NoGrad no_grad;
      const energy::Recording recording(ledger);
      EXPECT_EQ(net(Tensor::zeros({1, 7, 9, 2})).shape(), (Shape{1, 3}));
    }
    EXPECT_EQ(counts.macs, ledger.total([](const auto&) { return true; }).work.macs)
        << to_text(cell);
  }
}

TEST(CellNetwork, CountsBytesAndDepth) {
  // stem 2 colours -> 4 channels, one 1x1 convolution 4 -> 4, mean, head 4 -> 3; 5 pixels.
  const Skeleton s{
      .channels = 4, .stacks = 1, .cells = 1, .height = 1, .width = 5, .colours = 2, .classes = 3};
  const NetworkCounts counts = counts_of(parse_cell("01/00"), s);
  EXPECT_EQ(counts.depth, 3);
  const std::int64_t stem = 10 + 72 + 16 + 20, cell = 20 + 16 + 16 + 20, mean = 20 + 4,
                     head = 4 + 15 + 3;
  EXPECT_EQ(counts.bytes, 4 * (stem + cell + mean + head));
  // One row: of the nine taps only the middle three can be inside.
  EXPECT_EQ(counts.macs, 13 * 2 * 4 + 5 * 16 + 12);
  EXPECT_EQ(counts_of(parse_cell("0110/0010/0001/0000:0,2"), {}).depth, 1 + 9 * 2 + 1);
}

TEST(CellNetwork, Refuses) {
  const auto error = [](const char* cell, const Skeleton& s) -> std::string {
    try {
      network_of(parse_cell(cell), s, "cell");
    } catch (const ArgumentError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(error("01/00", {.stacks = 17}), "stacks: expected 1 to 16, got 17");
  EXPECT_EQ(error("01/00", {.channels = 0}), "channels: expected 1 to 8192, got 0");
  EXPECT_EQ(error("00/00", {}), "cell 00/00: no way leads from the cell's input to its output");
  EXPECT_EQ(error("0110/0001/0001/0000:0,0", {.channels = 1}),
            "cell 0110/0001/0001/0000:conv3x3-bn-relu,conv3x3-bn-relu: 2 vertices feed the output, "
            "which has 1 channels");
}

}  // namespace
}  // namespace joule::nas
