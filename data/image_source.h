// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule {

/// Images that are made when they are asked for: what Dataset::pixels is to images in memory.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  virtual std::int64_t size() const = 0;
  /// Writes the bytes of one image, [H,W,C] of the data set that has this source.  Called from
  /// several threads at once; always the same bytes.
  ///
  /// Errors    DataError if it cannot be read (path, what is wrong).
  virtual void read(std::int64_t image, std::uint8_t* to) const = 0;
};

}  // namespace joule
