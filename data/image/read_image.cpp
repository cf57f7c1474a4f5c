// SPDX-License-Identifier: MIT
#include "joule/data/image/read_image.h"

#include <cstring>
#include <utility>

#include "joule/core/error.h"
#include "joule/data/image/decoders.h"
#include "joule/io/input_file.h"

namespace joule {
namespace {

/// EXIF's eight orientations; from 5 on rows become columns.
Bitmap oriented(Bitmap from, int orientation) {
  if (orientation == 1) return from;
  const std::int64_t h = from.height, w = from.width;
  const bool turned = orientation >= 5;
  Bitmap to{.height = turned ? w : h, .width = turned ? h : w, .channels = from.channels};
  to.pixels.resize(from.pixels.size());
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  std::uint8_t* pixel = to.pixels.data();
  const auto bytes = static_cast<std::size_t>(from.channels);
  for (std::int64_t y = 0; y < to.height; ++y) {
    for (std::int64_t x = 0; x < to.width; ++x, pixel += bytes) {
      const std::int64_t row = turned ? x : y, column = turned ? y : x;
      const std::int64_t at =
          (from_bottom ? h - 1 - row : row) * w + (from_right ? w - 1 - column : column);
      std::memcpy(pixel, &from.pixels[static_cast<std::size_t>(at) * bytes], bytes);
    }
  }
  return to;
}

Decoded decode(std::string_view bytes, const std::string& path) {
  const auto format = format_of(bytes);
  if (format == ImageFormat::jpeg) return decode_jpeg(bytes, path);
  if (format == ImageFormat::png) return decode_png(bytes, path);
  if (format == ImageFormat::netpbm) return decode_netpbm(bytes, path);
  throw DataError(str(path, bytes.empty() ? ": the file is empty" : ": no image that Joule reads",
                      ", expected JPEG, PNG, PPM, PGM or PBM"));
}

/// Reads numbers of a TIFF file's byte order; what lies outside is 0.
struct TiffBlock {
  std::string_view bytes;
  bool big_endian;

  std::uint32_t number(std::size_t at, std::size_t count) const {
    std::uint32_t value = 0;
    if (at > bytes.size() || bytes.size() - at < count) return 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto byte = static_cast<std::uint8_t>(bytes[at + (big_endian ? i : count - 1 - i)]);
      value = value << 8 | byte;
    }
    return value;
  }
};

}  // namespace

std::optional<ImageFormat> format_of(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xff\xd8\xff"sv)) return ImageFormat::jpeg;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return ImageFormat::png;
  if (bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
      " \t\r\n\v\f#"sv.find(bytes[2]) != std::string_view::npos) {
    return ImageFormat::netpbm;
  }
  return std::nullopt;
}

void check_image_size(std::int64_t height, std::int64_t width, std::string_view bytes,
                      std::int64_t pixels_per_byte, const std::string& path) {
  if (height < 1 || width < 1) {
    throw DataError(str(path, ": an image of ", height, "x", width, ", expected pixels"));
  }
  if (height > kMaxImagePixels / width) {
    throw DataError(str(path, ": an image of ", height, "x", width, ", expected at most ",
                        kMaxImagePixels, " pixels"));
  }
  if (height * width / pixels_per_byte > std::ssize(bytes)) {
    throw DataError(str(path, ": the header promises ", height, "x", width,
                        " pixels, more than a file of ", bytes.size(), " bytes can hold"));
  }
}

int exif_orientation(std::string_view block) {
  if (!block.starts_with("II") && !block.starts_with("MM")) return 1;
  const TiffBlock tiff{block, block.starts_with("MM")};
  if (tiff.number(2, 2) != 42) return 1;
  const std::size_t directory = tiff.number(4, 4);
  const std::uint32_t entries = tiff.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    constexpr std::uint32_t kOrientation = 0x0112, kShort = 3;
    const std::size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > block.size()) return 1;
    if (tiff.number(entry, 2) != kOrientation) continue;
    const std::uint32_t value = tiff.number(entry + 8, 2);
    const bool known = tiff.number(entry + 2, 2) == kShort && value >= 1 && value <= 8;
    return known ? static_cast<int>(value) : 1;
  }
  return 1;
}

Bitmap decode_image(std::string_view bytes, const std::string& path) {
  Decoded decoded = decode(bytes, path);
  return oriented(std::move(decoded.image), decoded.orientation);
}

Bitmap read_image(const std::string& path) {
  return decode_image(read_file(path, kMaxImageBytes, "an image"), path);
}

Bitmap with_channels(Bitmap image, std::int64_t channels) {
  require(channels == 1 || channels == 3, "image: expected 1 or 3 channels, got ", channels);
  if (image.channels == channels) return image;
  Bitmap to{.height = image.height, .width = image.width, .channels = channels};
  const auto count = static_cast<std::size_t>(image.height * image.width);
  to.pixels.resize(count * static_cast<std::size_t>(channels));
  const std::uint8_t* from = image.pixels.data();
  for (std::size_t i = 0; i < count; ++i) {
    if (channels == 3) {
      for (std::size_t c = 0; c < 3; ++c) to.pixels[3 * i + c] = from[i];
    } else {
      const std::uint32_t luma =
          19595u * from[3 * i] + 38470u * from[3 * i + 1] + 7471u * from[3 * i + 2];
      to.pixels[i] = static_cast<std::uint8_t>((luma + 32768u) >> 16);
    }
  }
  return to;
}

}  // namespace joule
