// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/shape.h"

namespace joule {

/// The contents of an IDX file of unsigned bytes, the format of MNIST: images [N, H, W] or labels
/// [N].
struct Idx {
  Shape shape;
  std::vector<std::uint8_t> values;  // row-major, shape.numel() of them
};

/// Reads an IDX file of unsigned bytes and of the given rank (1 to 4), plain or gzipped.
///
/// Cost      memory grows with the bytes that arrive, never by the header's claim.
/// Errors    DataError (path, offset, what is wrong, what was expected): as GzipReader; another
///           magic number; fewer or more bytes than the header promises.
/// Source    LeCun et al., "The MNIST database", the IDX file format.
Idx read_idx(const std::string& path, int rank);

}  // namespace joule
