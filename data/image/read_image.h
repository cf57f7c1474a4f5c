// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "joule/data/image/bitmap.h"

namespace joule {

/// The image formats that Joule reads: JPEG (baseline, progressive, arithmetic; grey, YCbCr,
/// RGB, CMYK and YCCK), PNG, and Netpbm's PBM, PGM and PPM, plain and raw.
enum class ImageFormat { jpeg, png, netpbm };

/// Determined by the first bytes of a file, not its name; empty if it is none of them.
std::optional<ImageFormat> format_of(std::string_view bytes);

/// The number of leading bytes that format_of() needs.
inline constexpr std::size_t kImageMagic = 8;
/// Limits on the pixels of an image and on the bytes of its file; they bound the memory that an
/// untrusted file can ask for.
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 27;
inline constexpr std::uint64_t kMaxImageBytes = std::uint64_t{1} << 28;

/// Decodes an image file to 8 bits per channel: grey stays grey, everything else becomes RGB.  Then
/// applies the EXIF orientation.  `path` is for error messages.
///
///   16 bits            round(v * 255 / 65535); for Netpbm round(v * 255 / maximum)
///   1, 2, 4 bits       round(v * 255 / maximum)
///   palette            its colours
///   alpha              dropped, and so is a transparent colour
///   CMYK, YCCK         inverted, as Adobe writes them: c * k / 255 of the stored values
///   EXIF               an unreadable block counts as no orientation
///   gamma, profiles    not applied
///
/// Cost      each pixel once; for an interlaced PNG or a progressive JPEG two or three times.
/// Errors    DataError (path, what is wrong): another format; anything that the format's library
///           reports as damaged, warnings included; a truncated file; a wrong
///           checksum; more than kMaxImagePixels, or more than a file of that size can hold.
/// Numerics  JPEG uses the integer transform and smooth upsampling, the defaults of
///           libjpeg-turbo.
Bitmap decode_image(std::string_view bytes, const std::string& path);

/// decode_image() of a file.  Errors: also as read_file() with kMaxImageBytes.
Bitmap read_image(const std::string& path);

/// The same image with `channels` channels (1 or 3): grey copied to all three, or for RGB the luma
///
///   (19595 r + 38470 g + 7471 b + 32768) / 65536, rounded down
///
/// Source    ITU-R BT.601.
Bitmap with_channels(Bitmap image, std::int64_t channels);

}  // namespace joule
