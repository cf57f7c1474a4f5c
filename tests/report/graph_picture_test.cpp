// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "joule/report/document.h"
#include "joule/report/svg/graph_picture.h"

#include <nlohmann/json.hpp>

namespace joule::report {
namespace {

nn::Graph skipping() {
  return {.name = "skipping",
          .inputs = {{"input", {8}}},
          .nodes = {{.name = "one", .kind = "ReLU", .inputs = {"input"}},
                    {.name = "two",
                     .kind = "Dropout",
                     .attributes = {{"probability", 0.25}},
                     .inputs = {"one"}},
                    {.name = "sum", .kind = "Add", .inputs = {"two", "input"}}},
          .outputs = {"sum"}};
}

TEST(GraphPicture, HasABoxPerLayerAndALinePerInput) {
  const GraphPicture picture = picture_of(skipping(), "A net");
  ASSERT_EQ(picture.boxes.size(), 4u);
  EXPECT_EQ(picture.boxes[3].name, "sum");
  EXPECT_EQ(picture.boxes[3].inputs, (std::vector<std::size_t>{2, 0}));
  EXPECT_TRUE(picture.boxes[3].output);
  EXPECT_FALSE(picture.boxes[2].output);
  const std::string svg = to_svg(picture);
  EXPECT_NE(svg.find("<desc>4 layers and inputs, 4 connections</desc>"), std::string::npos);
  EXPECT_NE(svg.find("sum: [8]  Add<"), std::string::npos) << svg;
  EXPECT_NE(svg.find("two: [8]  Dropout, probability=0.25<"), std::string::npos) << svg;
  std::size_t curves = 0;  // past the layers in between
  for (std::size_t at = svg.find(" C"); at != std::string::npos; at = svg.find(" C", at + 1))
    ++curves;
  EXPECT_EQ(curves, 1u);
}

TEST(GraphPicture, IsOnThePageAndAFileBesideTheText) {
  const Document document{
      .title = "t",
      .lead = "l",
      .parts = {Picture<GraphPicture>{"net", "The net.", picture_of(skipping(), "A net")}}};
  EXPECT_NE(to_html(document, nullptr).find("<figcaption>A net</figcaption><svg xmlns"),
            std::string::npos);
  const Markdown markdown = to_markdown(document, "pictures");
  ASSERT_EQ(markdown.pictures.size(), 1u);
  EXPECT_EQ(markdown.pictures[0].first, "net.svg");
  EXPECT_NE(markdown.text.find("![A net](pictures/net.svg)"), std::string::npos);
}

}  // namespace
}  // namespace joule::report
