// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "joule/nas/cell/cell.h"

namespace joule::nas {

/// The net around the cells: a stem (3x3 convolution, norm, ReLU), `stacks` of `cells` equal cells,
/// before each stack but the first a 2x2 max pool and twice the channels, then the mean of each
/// channel and a linear layer.
///
/// Source    Ying et al. 2019, arXiv:1902.09635, section 2.
struct Skeleton {
  std::int64_t channels = 128;  // of the stem and the first stack
  std::int64_t stacks = 3;
  std::int64_t cells = 3;                             // per stack
  std::int64_t height = 32, width = 32, colours = 3;  // of the images
  std::int64_t classes = 10;
  /// Of the norms: what a batch's statistics count in the running ones.  The authors' 0.997 is what
  /// the running ones keep.  Where a training has only hundreds of steps, those would still be
  /// mostly what they began as.
  double norm_momentum = 0.003;

  friend bool operator==(const Skeleton&, const Skeleton&) = default;
};

/// Errors    ArgumentError that names the member, its value and what was expected: a count below 1
///           or absurdly large; images that the pools leave nothing of.
void check(const Skeleton& skeleton);

/// How many channels each vertex of a cell puts out, by its number: the input `in`, the output
/// `out`.  Those that feed the output share `out` evenly, the first ones one more where it does not
/// divide; every other has the most that one of its successors has.
///
/// Errors    ArgumentError if `out` is less than one channel for each that feeds the output.
std::array<std::int64_t, Cell::kMostVertices> vertex_channels(const Cell& cell, std::int64_t in,
                                                              std::int64_t out);

}  // namespace joule::nas
