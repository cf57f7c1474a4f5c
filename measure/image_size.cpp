// SPDX-License-Identifier: MIT
#include "joule/measure/image_size.h"

#include <string_view>

#include "joule/core/error.h"
#include "joule/io/parse_number.h"

namespace joule::measure {

ImageSize parse_input(const std::string& text) {
  std::int64_t extents[3] = {};
  std::string_view rest = text;
  bool good = true;
  for (int i = 0; i < 3 && good; ++i) {
    if (i > 0) {
      good = rest.starts_with('x');
      if (good) rest.remove_prefix(1);
    }
    extents[i] = take_number<std::int64_t>(rest).value_or(0);
    good = good && extents[i] >= 1;
  }
  require(good && rest.empty(), "--input: expected HEIGHTxWIDTHxCHANNELS such as 32x32x3, got '",
          text, "'");
  return {{extents[0], extents[1]}, extents[2]};
}

}  // namespace joule::measure
