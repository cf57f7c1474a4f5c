// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule {

/// Images produced on demand, where Dataset::pixels holds images in memory.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  virtual std::int64_t size() const = 0;
  /// Writes the bytes of one image, [H,W,C] of the data set that has this source.  Several threads
  /// may call it at once; an image always has the same bytes.
  ///
  /// Errors    DataError if it cannot be read (path, what is wrong).
  virtual void read(std::int64_t image, std::uint8_t* to) const = 0;
};

}  // namespace joule
