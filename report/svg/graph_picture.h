// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "joule/layers/graph/graph.h"

namespace joule::report {

/// A net as a picture: its layers below each other in the order in which they run, each with lines
/// from what it reads.  Lines that pass layers by go round them on the right.
struct GraphPicture {
  struct Box {
    std::string name;                 // "conv1"
    std::string text;                 // "[28,28,32]  Conv2d, in=1, out=32, kernel=3x3"
    std::vector<std::size_t> inputs;  // the numbers of boxes before it
    bool output = false;              // of the net
  };
  std::string title;
  std::vector<Box> boxes;
};

/// With what each value's shape is; the inputs are boxes, too.
///
/// Errors    ArgumentError as nn::checked().
GraphPicture picture_of(const nn::Graph& graph, std::string title);

/// An SVG file in the light colours of the pages, as those of report/svg.h.
std::string to_svg(const GraphPicture& picture);

}  // namespace joule::report
