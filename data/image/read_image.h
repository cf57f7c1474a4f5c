// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "joule/data/image/bitmap.h"

namespace joule {

/// The formats of images that Joule reads: JPEG (baseline, progressive, arithmetic; grey, YCbCr,
/// RGB, CMYK and YCCK), PNG, and Netpbm's PBM, PGM and PPM, plain and raw.
enum class ImageFormat { jpeg, png, netpbm };

/// By the first bytes of a file, whatever its name; empty if it is none of them.
std::optional<ImageFormat> format_of(std::string_view bytes);

/// So many bytes of a file tell its format.
inline constexpr std::size_t kImageMagic = 8;
/// The most pixels that an image may have, and the most bytes its file: what memory an unknown file
/// can ask for has an end.
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 27;
inline constexpr std::uint64_t kMaxImageBytes = std::uint64_t{1} << 28;

/// Decodes an image file's contents to 8 bits: grey stays grey, everything else becomes RGB; then
/// the orientation that EXIF states is applied.  `path` is for the messages.
///
///   16 bits            round(v * 255 / 65535); of Netpbm round(v * 255 / maximum)
///   1, 2, 4 bits       round(v * 255 / maximum)
///   palette            its colours
///   alpha              left out, as is a colour that stands for transparent
///   CMYK, YCCK         inverted as Adobe's are: c * k / 255 of the stored values
///   EXIF               a block that cannot be read states no orientation
///   gamma, profiles    not applied
///
/// Cost      the pixels once, of an interlaced PNG or a progressive JPEG two or three times.
/// Errors    DataError (path, what is wrong): another format; anything that the format's library
///           finds damaged, warnings included; a file that is cut off; a check sum that does not
///           hold; more than kMaxImagePixels, or more than a file of that size can hold.
/// Numerics  of JPEG the integer transform and smooth upsampling, which libjpeg-turbo takes unless
///           told otherwise.
Bitmap decode_image(std::string_view bytes, const std::string& path);

/// decode_image() of a file.  Errors: also as read_file(), with kMaxImageBytes.
Bitmap read_image(const std::string& path);

/// The same image with that many channels (1 or 3): grey in all three, or of RGB the luma
///
///   (19595 r + 38470 g + 7471 b + 32768) / 65536, rounded down
///
/// Source    ITU-R BT.601.
Bitmap with_channels(Bitmap image, std::int64_t channels);

}  // namespace joule
