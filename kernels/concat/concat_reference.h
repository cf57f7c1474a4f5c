// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::reference {

/// Copies [rows, channels]; from_row and to_row are the strides between rows, in elements.
template <class T>
void copy_channels(std::int64_t rows, std::int64_t channels, const T* from, std::int64_t from_row,
                   T* to, std::int64_t to_row) {
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < channels; ++c) to[r * to_row + c] = from[r * from_row + c];
  }
}

}  // namespace joule::reference
