// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "joule/data/image/bitmap.h"

// decode_image() chooses one by the first bytes of the file; each decoder reads one format.
namespace joule {

struct Decoded {
  Bitmap image;
  int orientation = 1;  // 1 to 8, as EXIF numbers them
};

Decoded decode_jpeg(std::string_view bytes, const std::string& path);
Decoded decode_png(std::string_view bytes, const std::string& path);
Decoded decode_netpbm(std::string_view bytes, const std::string& path);

/// Errors    DataError if an image has more pixels than allowed, or than a file of that size
///           can hold at `pixels_per_byte` at most.
void check_image_size(std::int64_t height, std::int64_t width, std::string_view bytes,
                      std::int64_t pixels_per_byte, const std::string& path);

/// The orientation in an EXIF block (a TIFF file, without "Exif\0\0"); 1 if it has
/// none.
int exif_orientation(std::string_view block);

}  // namespace joule
