// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/shape.h"

namespace joule {

/// An image as bytes, [height, width, channels]; 1 channel: grey; 3: red, green, blue.
struct Bitmap {
  std::int64_t height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;

  Size2 size() const { return {height, width}; }
};

/// A rectangle of an image: rows from `top`, columns from `left`.
struct Box {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

}  // namespace joule
