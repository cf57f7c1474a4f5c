// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "joule/layers/graph/graph.h"

namespace joule::report {

/// A net as a picture: its layers from top to bottom in the order in which they run, each with
/// lines from its inputs.  Lines that skip layers pass them on the right.
struct GraphPicture {
  struct Box {
    std::string name;                 // "conv1"
    std::string text;                 // "[28,28,32]  Conv2d, in=1, out=32, kernel=3x3"
    std::vector<std::size_t> inputs;  // the indices of earlier boxes
    bool output = false;              // of the net
  };
  std::string title;
  std::vector<Box> boxes;
};

/// The picture of a graph, with the shape of each value; the inputs are boxes, too.
///
/// Errors    ArgumentError as nn::checked().
GraphPicture picture_of(const nn::Graph& graph, std::string title);

/// An SVG file in the light colours of the pages, like those of report/svg.h.
std::string to_svg(const GraphPicture& picture);

}  // namespace joule::report
