// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "joule/layers/graph/graph.h"
#include "joule/nas/cell/cell.h"
#include "joule/nas/network/skeleton.h"

namespace joule::nas {

/// The net that repeats a cell, as a graph of that name.  Prunes the cell first.
///
///   edge input -> vertex   1x1 convolution, norm and ReLU to the vertex's channels
///   other edges            the first channels, as many as the vertex has (vertex_channels())
///   vertex                 its operation on the sum of these
///   output                 the vertices that feed it, concatenated along the channels; if an edge
///                          leads from the input, its projection is added
///
/// Convolutions have no bias and keep the size; norms have epsilon 1e-5.  Layers are named by their
/// position: "stack2.cell1.vertex3.conv", "stack2.cell1.vertex3.input.conv".
///
/// Numerics  convolutions start as he_normal, N(0, 2 / fan_in); the authors' start with half of
///           that variance, truncated, which the norms behind them cancel.
/// Errors    as check(skeleton), pruned() and vertex_channels().
nn::Graph network_of(const Cell& cell, const Skeleton& skeleton, const std::string& name);

/// The size of a net, by formulas.
struct NetworkCounts {
  std::int64_t parameters = 0;  // that training changes, as the authors' trainable_parameters
  /// Per image, in inference: norms are folded into convolutions, and only taps inside the image
  /// count.
  std::int64_t macs = 0;
  std::int64_t bytes = 0;  // f32 that the layers read (inputs, weights) and write for an image
  std::int64_t activations = 0;  // values that the layers put out for an image
  std::int64_t depth = 0;  // convolutions and linear layers on the way that has the most of them
};

/// The counts of network_of(cell, skeleton), without building it: a convolution with its norm and
/// ReLU is one layer that reads and writes once.
///
/// Cost      microseconds.
/// Errors    as network_of().
NetworkCounts counts_of(const Cell& cell, const Skeleton& skeleton);

}  // namespace joule::nas
