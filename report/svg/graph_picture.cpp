// SPDX-License-Identifier: MIT
#include "joule/report/svg/graph_picture.h"

#include <algorithm>
#include <map>

#include "joule/core/error.h"
#include "joule/report/svg/canvas.h"

namespace joule::report {
namespace {

constexpr double kRow = 44, kBox = 30, kLeft = svg::kMargin, kRight = svg::kWidth - 110;

double top_of(std::size_t box, double begin) { return begin + static_cast<double>(box) * kRow; }

/// Past the boxes in between, the further out the more there are.
std::string way_round(std::size_t from, std::size_t to, double begin) {
  const double y1 = top_of(from, begin) + kBox / 2, y2 = top_of(to, begin) + kBox / 2;
  const double out = kRight + std::min(90.0, 14 + 8 * static_cast<double>(to - from));
  return str("M", svg::number(kRight), " ", svg::number(y1), " C", svg::number(out), " ",
             svg::number(y1), " ", svg::number(out), " ", svg::number(y2), " ", svg::number(kRight),
             " ", svg::number(y2));
}

/// ", in=1, out=32"; what a layer reads is drawn.
std::string attributes_of(const nn::Node& node) {
  const std::string text = to_text(node);  // "conv1 = Conv2d(input; in=1, out=32)"
  const std::size_t begin = text.find("; ");
  if (begin == std::string::npos) return "";
  return ", " + text.substr(begin + 2, text.size() - begin - 3);
}

}  // namespace

GraphPicture picture_of(const nn::Graph& graph, std::string title) {
  const nn::Graph whole = checked(graph);
  const auto shapes = shapes_of(whole);
  GraphPicture picture{.title = std::move(title)};
  std::map<std::string, std::size_t> places;
  for (const nn::GraphInput& input : whole.inputs) {
    places.emplace(input.name, picture.boxes.size());
    picture.boxes.push_back({.name = input.name, .text = str("an image ", input.shape)});
  }
  for (const nn::Node& node : whole.nodes) {
    GraphPicture::Box box{.name = node.name,
                          .text = str(shapes.at(node.name), "  ", node.kind, attributes_of(node))};
    for (const std::string& input : node.inputs) box.inputs.push_back(places.at(input));
    box.output = std::ranges::count(whole.outputs, node.name) > 0;
    places.emplace(node.name, picture.boxes.size());
    picture.boxes.push_back(std::move(box));
  }
  return picture;
}

std::string to_svg(const GraphPicture& picture) {
  svg::Canvas canvas;
  const double begin = svg::draw_head(canvas, picture.title, {}) + 8;
  std::size_t edges = 0;
  for (std::size_t i = 0; i < picture.boxes.size(); ++i) {
    for (const std::size_t input : picture.boxes[i].inputs) {
      ++edges;
      if (input + 1 == i) {
        const double x = (kLeft + kRight) / 2;
        canvas.line(x, top_of(input, begin) + kBox, x, top_of(i, begin), svg::color("faint"), 2);
      } else {
        canvas.path(way_round(input, i, begin),
                    str("fill=\"none\" stroke=\"", svg::color("faint"), "\" stroke-width=\"2\""));
      }
    }
  }
  for (std::size_t i = 0; i < picture.boxes.size(); ++i) {
    const GraphPicture::Box& box = picture.boxes[i];
    const double y = top_of(i, begin), width = kRight - kLeft;
    canvas.rectangle(kLeft, y, width, kBox, svg::color(box.output ? "series-0" : "band"));
    const std::string whole = str(box.name, ": ", box.text);
    const std::string shown = svg::shortened(whole, width - 16);
    canvas.text(kLeft + 8, y + kBox / 2 + 5, shown,
                {.fill = box.output ? "#ffffff" : "", .whole = shown == whole ? "" : whole});
  }
  return canvas.file(top_of(picture.boxes.size(), begin) + svg::kMargin, picture.title,
                     str(picture.boxes.size(), " layers and inputs, ", edges, " connections"));
}

}  // namespace joule::report
