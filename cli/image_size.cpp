// SPDX-License-Identifier: MIT
#include "cli/image_size.h"

#include <charconv>

#include "core/error.h"

namespace joule::cli {

ImageSize parse_input(const std::string& text) {
  std::int64_t extents[3] = {};
  const char* at = text.data();
  const char* const end = at + text.size();
  bool good = true;
  for (int i = 0; i < 3 && good; ++i) {
    if (i > 0) good = at != end && *at++ == 'x';
    const auto [after, error] = std::from_chars(at, end, extents[i]);
    good = good && error == std::errc() && extents[i] >= 1;
    at = after;
  }
  require(good && at == end, "--input: expected HEIGHTxWIDTHxCHANNELS such as 32x32x3, got '", text,
          "'");
  return {{extents[0], extents[1]}, extents[2]};
}

}  // namespace joule::cli
