// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>  // jpeglib.h needs it before

#include <jpeglib.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "joule/tests/support/file_bytes.h"

// The contents of image files of each format.
namespace joule::test {

inline std::string png_chunk(std::string_view type, std::string_view data) {
  const std::string body = std::string(type) + std::string(data);
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(crc));
}

inline std::string deflated(std::string_view bytes) {
  std::string packed(compressBound(bytes.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size,
           reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  packed.resize(size);
  return packed;
}

/// A PNG file; `rows` are the rows one after the other, each with a filter's number (0: none)
/// before it; `chunks` stand before them.
struct Png {
  std::uint32_t width, height;
  int depth = 8, colour = 2;  // 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
  std::string rows;
  std::string chunks{};
  bool interlaced = false;

  std::string bytes() const {
    const std::string header = big_endian(width) + big_endian(height) + static_cast<char>(depth) +
                               static_cast<char>(colour) + std::string(2, '\0') +
                               static_cast<char>(interlaced);
    return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + chunks +
           png_chunk("IDAT", deflated(rows)) + png_chunk("IEND", "");
  }
};

/// Rows of `row` bytes with the filter 0 before each.
inline std::string unfiltered(std::string_view bytes, std::size_t row) {
  std::string rows;
  for (std::size_t at = 0; at < bytes.size(); at += row) {
    rows += '\0' + std::string(bytes.substr(at, row));
  }
  return rows;
}

inline std::string png_rgb(std::uint32_t width, std::uint32_t height, std::string_view pixels,
                           const std::string& chunks = "") {
  return Png{width, height, 8, 2, unfiltered(pixels, 3 * width), chunks}.bytes();
}

/// An EXIF block that states an orientation behind another entry.
inline std::string exif_block(int orientation, bool big_endian = true) {
  const auto number = [&](std::uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) {
      text += static_cast<char>(value >> 8 * (big_endian ? bytes - 1 - i : i));
    }
    return text;
  };
  const std::string value = number(static_cast<std::uint32_t>(orientation), 2) + number(0, 2);
  return (big_endian ? "MM" : "II") + number(42, 2) + number(8, 4) + number(2, 2) +
         number(0x0100, 2) + number(3, 2) + number(1, 4) + number(7, 4) + number(0x0112, 2) +
         number(3, 2) + number(1, 4) + value + number(0, 4);
}

struct Jpeg {
  std::uint32_t width, height;
  int channels = 3;  // 1 grey, 3 RGB, 4 CMYK
  std::string pixels;
  int quality = 95;
  bool progressive = false, arithmetic = false;
  std::string exif{};

  std::string bytes() const {
    jpeg_compress_struct file;
    jpeg_error_mgr errors;
    file.err = jpeg_std_error(&errors);
    jpeg_create_compress(&file);
    unsigned char* memory = nullptr;
    unsigned long size = 0;  // NOLINT: libjpeg's type
    jpeg_mem_dest(&file, &memory, &size);
    file.image_width = width;
    file.image_height = height;
    file.input_components = channels;
    file.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&file);
    jpeg_set_quality(&file, quality, TRUE);
    if (progressive) jpeg_simple_progression(&file);
    file.arith_code = arithmetic ? TRUE : FALSE;
    jpeg_start_compress(&file, TRUE);
    if (!exif.empty()) {
      const std::string block = std::string("Exif\0\0", 6) + exif;
      jpeg_write_marker(&file, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(block.data()),
                        static_cast<unsigned>(block.size()));
    }
    std::string rows = pixels;
    while (file.next_scanline < file.image_height) {
      JSAMPROW row = reinterpret_cast<JSAMPROW>(rows.data()) +
                     std::size_t{file.next_scanline} * width * static_cast<unsigned>(channels);
      jpeg_write_scanlines(&file, &row, 1);
    }
    jpeg_finish_compress(&file);
    jpeg_destroy_compress(&file);
    std::string written(reinterpret_cast<const char*>(memory), size);
    std::free(memory);  // NOLINT: libjpeg's
    return written;
  }
};

inline std::string ppm(std::uint32_t width, std::uint32_t height, std::string_view pixels) {
  return "P6 " + std::to_string(width) + " " + std::to_string(height) + " 255\n" +
         std::string(pixels);
}

/// The colours change slowly: a JPEG file keeps them within a few levels.
inline std::string smooth_pixels(std::uint32_t width, std::uint32_t height, int channels) {
  std::string pixels;
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        pixels += static_cast<char>(40 + 120 * x / width + 60 * y / height + 10 * c);
      }
    }
  }
  return pixels;
}

}  // namespace joule::test
