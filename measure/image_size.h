// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "joule/core/shape.h"

namespace joule::measure {

/// The images that a net takes.
struct ImageSize {
  Size2 image;
  std::int64_t channels;
};

/// "32x32x3": height, width, channels.
///
/// Errors    ArgumentError for anything else.
ImageSize parse_input(const std::string& text);

}  // namespace joule::measure
