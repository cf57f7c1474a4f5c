// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "joule/nas/cell/cell.h"
#include "joule/nas/network/skeleton.h"
#include "joule/nas/surrogate/boosting.h"

namespace joule::nas {

/// Features of the net of a cell.  Per kind of convolution (3x3, 1x1, projection of the cell's
/// input): the layers, their output values and MACs, in total and at each size of the image (halved
/// twice, with three stacks); the values moved by pools, additions, concatenations and truncations;
/// parameters; and of the cell: vertices, edges, longest path, widths and operations.
///
/// Cost      microseconds.
/// Errors    as network_of(); ArgumentError unless the skeleton has 3 stacks.
std::vector<double> features_of(const Cell& cell, const Skeleton& skeleton = {});
/// The names of the features, in the same order.
std::span<const std::string> feature_names();

/// For many cells, on all threads.
Rows features_of(std::span<const Cell> cells);

/// Numbers that determine which layers a net has: cells with the same numbers differ only in how
/// these are connected.
std::vector<std::array<std::int64_t, 5>> layers_of(const Cell& cell, const Skeleton& skeleton = {});

/// The 36 inputs of the authors' net: the upper triangle of the 7x7 adjacency matrix with the
/// diagonal, the codes of the vertices (1 input, 2 conv1x1, 3 conv3x3, 4 maxpool3x3, 5 output, 0
/// none), and millions of parameters.
inline constexpr std::size_t kPaperInputs = 36;
std::array<float, kPaperInputs> paper_inputs(const Cell& cell, double parameters);

}  // namespace joule::nas
