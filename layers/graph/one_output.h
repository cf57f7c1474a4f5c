// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "joule/layers/graph/graph.h"

namespace joule::nn {

/// The net that puts out the graph's `output`-th output alone: the nodes that lead there, under
/// their names, so that their weights are found in a State of the whole; an input that leads
/// nowhere else stays.
///
/// Errors    ArgumentError if there is no such output; as checked().
Graph one_output(const Graph& graph, std::size_t output);

}  // namespace joule::nn
