// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "joule/nas/cell/cell.h"

namespace joule::nas {

/// The net around the cells: a stem (3x3 convolution, norm, ReLU), then `stacks` of `cells` equal
/// cells each, with a 2x2 max pool and twice the channels before every stack but the first; then
/// global average and a linear layer.
///
/// Source    Ying et al. 2019, arXiv:1902.09635, section 2.
struct Skeleton {
  std::int64_t channels = 128;  // of the stem and the first stack
  std::int64_t stacks = 3;
  std::int64_t cells = 3;                             // per stack
  std::int64_t height = 32, width = 32, colours = 3;  // of the images
  std::int64_t classes = 10;
  /// Of the norms: the weight of a batch's statistics in the running ones.  (The authors' 0.997 is
  /// the weight of the running ones.)  In a training of only hundreds of steps, those would remain
  /// close to their initial values.
  double norm_momentum = 0.003;

  friend bool operator==(const Skeleton&, const Skeleton&) = default;
};

/// Errors    ArgumentError that names the member, its value and what was expected: a count below 1
///           or absurdly large; images of which the pools leave nothing.
void check(const Skeleton& skeleton);

/// The number of output channels of each vertex of a cell: `in` for the input, `out` for the
/// output.  The vertices that feed the output share `out` evenly, the first ones with one more if
/// it does not divide; any other has the maximum of its successors.
///
/// Errors    ArgumentError if `out` is less than one channel per vertex that feeds the output.
std::array<std::int64_t, Cell::kMostVertices> vertex_channels(const Cell& cell, std::int64_t in,
                                                              std::int64_t out);

}  // namespace joule::nas
