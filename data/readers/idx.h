// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/core/shape.h"

namespace joule {

/// The contents of an IDX file of unsigned bytes, the format of MNIST: images [N, H, W] or labels
/// [N].
struct Idx {
  Shape shape;
  std::vector<std::uint8_t> values;  // row-major, shape.numel() of them
};

/// More than any IDX data set has; a few packed kilobytes can claim to unpack to any size.
inline constexpr std::uint64_t kMaxIdxBytes = std::uint64_t{8} << 30;

/// Reads an IDX file of unsigned bytes and of the given rank (1 to 4), plain or gzipped.
///
/// Cost      memory grows with the bytes that arrive, up to the header's claim.
/// Errors    DataError (path, offset, what is wrong, what was expected): as GzipReader; a wrong
///           magic number; a header that claims more than kMaxIdxBytes; fewer or more bytes than
///           it claims.
/// Source    LeCun et al., "The MNIST database", the IDX file format.
Idx read_idx(const std::string& path, int rank);

}  // namespace joule
