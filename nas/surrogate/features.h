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

/// What is counted of the net that a cell makes: per kind of convolution (3x3, 1x1, projection of
/// the cell's input) the layers, the values that they put out and MACs, in all and at each size of
/// the image (halved twice, as of three stacks); the values that pools, additions, concatenations
/// and truncations move; parameters; and of the cell vertices, edges, the longest way, widths and
/// operations.
///
/// Cost      microseconds.
/// Errors    as network_of(); ArgumentError unless the skeleton has 3 stacks.
std::vector<double> features_of(const Cell& cell, const Skeleton& skeleton = {});
/// As many, in the same order.
std::span<const std::string> feature_names();

/// Of many cells, on all threads.
Rows features_of(std::span<const Cell> cells);

/// The numbers that say which layers a net has: cells with the same ones differ in how these are
/// connected, and in nothing else.
std::vector<std::array<std::int64_t, 5>> layers_of(const Cell& cell, const Skeleton& skeleton = {});

/// The 36 inputs of the authors' net: the upper triangle of the 7x7 adjacency matrix with the
/// diagonal, the codes of the vertices (1 input, 2 conv1x1, 3 conv3x3, 4 maxpool3x3, 5 output, 0
/// none), and millions of parameters.
inline constexpr std::size_t kPaperInputs = 36;
std::array<float, kPaperInputs> paper_inputs(const Cell& cell, double parameters);

}  // namespace joule::nas
