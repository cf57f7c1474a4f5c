// SPDX-License-Identifier: MIT
//
// Images of each format.
#include "joule/core/error.h"
#include "joule/data/image/read_image.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/image_bytes.h"

namespace joule::fuzz {
namespace {

void read(std::string_view bytes) {
  try {
    const Bitmap image = decode_image(bytes, "image");
    require(image.channels == 1 || image.channels == 3, "another number of channels");
    require(image.height * image.width * image.channels == std::ssize(image.pixels) &&
                !image.pixels.empty(),
            "another size");
  } catch (const DataError&) {
  }
}

std::vector<std::string> jpeg_seeds() {
  const auto jpeg = [](int channels, bool progressive, const std::string& exif = "") {
    return test::Jpeg{20, 12,          channels, test::smooth_pixels(20, 12, channels),
                      60, progressive, false,    exif}
        .bytes();
  };
  return {jpeg(1, false), jpeg(3, false, test::exif_block(6)), jpeg(3, true), jpeg(4, false)};
}

std::vector<std::string> png_seeds() {
  using namespace std::string_literals;
  return {test::png_rgb(3, 2, test::counting_bytes(18),
                        test::png_chunk("eXIf", test::exif_block(5, false))),
          test::Png{2, 1, 16, 0, "\0\1\2\3\4"s}.bytes(),
          test::Png{3, 1, 2, 3, "\0\x84"s, test::png_chunk("PLTE", "abcdefghi")}.bytes(),
          test::Png{1, 1, 8, 6, "\0abcd"s, "", true}.bytes(),
          test::png_rgb(1, 1, "abc", "\x54\0\0\x26"s + "eXIfII")};
}

std::vector<std::string> netpbm_seeds() {
  return {test::ppm(2, 2, "abcdefghijkl"),
          "P3 # c\n1 2 9 0 9 3 1 2 4",
          "P5 2 1 65535\nabcd",
          "P1 3 2 010 110",
          "P4 10 1\nab",
          "P2 2 1 1000 500 1000"};
}

}  // namespace

const Reader kJpeg{.name = "jpeg", .read = read, .seeds = jpeg_seeds};
const Reader kPng{.name = "png", .read = read, .seeds = png_seeds};
const Reader kNetpbm{.name = "netpbm", .read = read, .seeds = netpbm_seeds};

}  // namespace joule::fuzz
