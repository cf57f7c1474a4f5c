// SPDX-License-Identifier: MIT
#include "joule/data/image/read_image.h"

#include <algorithm>
#include <cmath>

#include "joule/tests/support/files.h"
#include "joule/tests/support/image_bytes.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;
using namespace std::string_literals;

std::vector<int> pixels_of(const std::string& bytes) {
  const Bitmap image = decode_image(bytes, "x");
  EXPECT_EQ(std::ssize(image.pixels), image.height * image.width * image.channels);
  return {image.pixels.begin(), image.pixels.end()};
}

std::string complaint(const std::string& bytes) {
  return data_error_of([&] { decode_image(bytes, "x"); });
}

std::string png_chunk_of(int orientation) { return png_chunk("eXIf", exif_block(orientation)); }

TEST(ReadImage, TellsTheFormatByItsContent) {
  EXPECT_EQ(format_of(ppm(1, 1, "abc")), ImageFormat::netpbm);
  EXPECT_EQ(format_of(png_rgb(1, 1, "abc")), ImageFormat::png);
  EXPECT_EQ(format_of(Jpeg{8, 8, 3, smooth_pixels(8, 8, 3)}.bytes()), ImageFormat::jpeg);
  for (const char* const other : {"", "P", "P7 1", "P6", "GIF89a", "\x89PN"}) {
    EXPECT_EQ(format_of(other), std::nullopt) << other;
  }
  EXPECT_EQ(complaint(""), "x: the file is empty, expected JPEG, PNG, PPM, PGM or PBM");
  EXPECT_EQ(complaint("GIF89a.."),
            "x: no image that Joule reads, expected JPEG, PNG, PPM, PGM or PBM");
}

TEST(ReadImage, ReadsNetpbm) {
  EXPECT_EQ(pixels_of("P6 2 1 255\nabcdef"), (std::vector<int>{97, 98, 99, 100, 101, 102}));
  EXPECT_EQ(pixels_of("P3\n# a comment\n1 2\n# 255\n9\n0 9 3 1 # more\n2 4\n"),
            (std::vector<int>{0, 255, 85, 28, 57, 113}));
  EXPECT_EQ(pixels_of("P5 2 1 65535\n\x80\x80\xff\xff"), (std::vector<int>{128, 255}));
  EXPECT_EQ(pixels_of("P5 3 1 4095 \x00\x00\x08\x00\x0f\xff"s), (std::vector<int>{0, 128, 255}));
  EXPECT_EQ(pixels_of("P2 2 1 1000 500 1000"), (std::vector<int>{128, 255}));
  EXPECT_EQ(pixels_of("P1 3 2 010\n1 1 0"), (std::vector<int>{255, 0, 255, 0, 0, 255}));
  EXPECT_EQ(pixels_of("P4 10 1\n\xa0\x40\n"),
            (std::vector<int>{0, 255, 0, 255, 255, 255, 255, 255, 255, 0}));
}

TEST(ReadImage, SaysWhatIsWrongWithNetpbm) {
  EXPECT_EQ(complaint("P6 2 1 255\nabcde"),
            "x: at byte 11: the file is truncated: 1x2 pixels take 6 bytes, there are 5");
  EXPECT_EQ(complaint("P6 2 1 255\nabcdefg"), "x: at byte 17: the file goes on after the image");
  EXPECT_EQ(complaint("P6 2 "), "x: at byte 5: the file is truncated: expected the height");
  EXPECT_EQ(complaint("P6 2 x"), "x: at byte 5: expected the height in decimal digits");
  EXPECT_EQ(complaint("P6 2 1 70000 "),
            "x: at byte 12: the largest value is 70000, expected 1 to 65535");
  EXPECT_EQ(complaint("P6 2 1 0 "), "x: at byte 8: the largest value is 0, expected 1 to 65535");
  EXPECT_EQ(complaint("P5 1 1 9\n\x0a"), "x: at byte 9: a value of 10, expected at most 9");
  EXPECT_EQ(complaint("P2 1 1 9 10"), "x: at byte 11: a value of 10, expected at most 9");
  EXPECT_EQ(complaint("P2 2 1 9 1"),
            "x: at byte 10: the file is truncated: expected another value");
  EXPECT_EQ(complaint("P1 1 1 2"), "x: at byte 8: expected pixels of 0 or 1");
  EXPECT_EQ(complaint("P1 4 1 1"), "x: at byte 8: the file is truncated: expected another pixel");
  EXPECT_EQ(complaint("P6 0 1 255\n"), "x: an image of 1x0, expected pixels");
  EXPECT_EQ(complaint("P6 99999999999 1 255\n"), "x: at byte 12: the width is too large");
  EXPECT_EQ(complaint("P6 100000 100000 255\n"),
            "x: an image of 100000x100000, expected at most 134217728 pixels");
  EXPECT_EQ(complaint("P6 10000 10000 255\n"),
            "x: the header promises 10000x10000 pixels, more than a file of 19 bytes can hold");
}

TEST(ReadImage, ReadsPngOfEveryDepthAndColour) {
  // Grey of 1, 2, 4 and 16 bits: scaled to 255, and 16 bits not clipped.
  EXPECT_EQ(pixels_of(Png{3, 1, 1, 0, "\0\xa0"s}.bytes()), (std::vector<int>{255, 0, 255}));
  EXPECT_EQ(pixels_of(Png{4, 1, 2, 0, "\0\x1b"s}.bytes()), (std::vector<int>{0, 85, 170, 255}));
  EXPECT_EQ(pixels_of(Png{2, 1, 4, 0, "\0\x2f"s}.bytes()), (std::vector<int>{34, 255}));
  std::string wide;
  std::vector<int> expected;
  for (int value = 0; value < 65536; value += 97) {
    wide += static_cast<char>(value >> 8);
    wide += static_cast<char>(value);
    expected.push_back(static_cast<int>(std::lround(value * 255.0 / 65535)));
  }
  const auto count = static_cast<std::uint32_t>(expected.size());
  EXPECT_EQ(pixels_of(Png{count, 1, 16, 0, '\0' + wide}.bytes()), expected);
  // RGB of 16 bits; alpha, and a colour that stands for transparent, are left out.
  EXPECT_EQ(pixels_of(Png{1, 1, 16, 2, "\0\x80\x80\xff\xff\0\0"s}.bytes()),
            (std::vector<int>{128, 255, 0}));
  EXPECT_EQ(pixels_of(Png{2, 1, 8, 4, "\0\x10\x00\x20\xff"s}.bytes()), (std::vector<int>{16, 32}));
  EXPECT_EQ(pixels_of(Png{1, 1, 8, 6, "\0abc\x00"s}.bytes()), (std::vector<int>{97, 98, 99}));
  EXPECT_EQ(pixels_of(Png{1, 1, 8, 2, "\0abc"s, png_chunk("tRNS", "\0a\0b\0c"s)}.bytes()),
            (std::vector<int>{97, 98, 99}));
  // A palette of 2 bits, with transparency.
  const std::string palette = png_chunk("PLTE", "abcdefghi") + png_chunk("tRNS", "\x00\x80"s);
  EXPECT_EQ(pixels_of(Png{3, 1, 2, 3, "\0\x84"s, palette}.bytes()),
            (std::vector<int>{103, 104, 105, 97, 98, 99, 100, 101, 102}));
}

TEST(ReadImage, ReadsInterlacedPng) {
  constexpr std::uint32_t kSide = 13;
  const std::string pixels = counting_bytes(kSide * kSide * 3);
  std::string rows;
  constexpr int kPasses[7][4] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                                 {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};  // top, left, steps
  for (const auto& [top, left, down, right] : kPasses) {
    for (auto y = static_cast<std::uint32_t>(top); y < kSide; y += down) {
      rows += '\0';
      for (auto x = static_cast<std::uint32_t>(left); x < kSide; x += right) {
        rows += pixels.substr((y * kSide + x) * 3, 3);
      }
    }
  }
  const Png interlaced{kSide, kSide, 8, 2, rows, "", true};
  EXPECT_EQ(pixels_of(interlaced.bytes()), pixels_of(png_rgb(kSide, kSide, pixels)));
}

TEST(ReadImage, RefusesDamagedPng) {
  const std::string good = png_rgb(3, 2, counting_bytes(18), png_chunk("tEXt", "Title\0is"s));
  for (std::size_t length = 8; length < good.size(); ++length) {
    EXPECT_TRUE(complaint(good.substr(0, length)).starts_with("x: a damaged PNG file: ")) << length;
  }
  EXPECT_EQ(complaint(good.substr(0, good.size() - 1)),
            "x: a damaged PNG file: the file is truncated");
  std::string huge = png_rgb(3, 2, counting_bytes(18), png_chunk("eXIf", exif_block(6)));
  huge[33] = '\x54';  // the length of eXIf, which libpng takes from the heap before it reads
  EXPECT_EQ(
      complaint(huge),
      "x: a damaged PNG file: the file is truncated: a chunk has 1409286182 bytes, there are " +
          std::to_string(huge.size() - 41));
  for (std::size_t byte = 8; byte < good.size(); ++byte) {  // also of the text: its check sum
    std::string bad = good;
    bad[byte] = static_cast<char>(bad[byte] ^ 0x10);
    const std::string text = complaint(bad);
    EXPECT_TRUE(text.starts_with("x: ")) << byte << text;
  }
  EXPECT_EQ(complaint(Png{30000, 30000, 8, 2, ""}.bytes()),
            "x: an image of 30000x30000, expected at most 134217728 pixels");
  EXPECT_EQ(complaint(Png{10000, 10000, 8, 2, ""}.bytes()),
            "x: the header promises 10000x10000 pixels, more than a file of " +
                std::to_string((Png{10000, 10000, 8, 2, ""}.bytes().size())) + " bytes can hold");
}

TEST(ReadImage, AppliesTheOrientation) {
  // 1 2 3
  // 4 5 6
  const std::string pixels = "\1\2\3\4\5\6";
  const std::vector<std::vector<int>> expected = {
      {1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1}, {4, 5, 6, 1, 2, 3},
      {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3}, {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Png png{3, 2, 8, 0, unfiltered(pixels, 3), png_chunk_of(orientation)};
    const Bitmap image = decode_image(png.bytes(), "x");
    EXPECT_EQ(image.height, orientation < 5 ? 2 : 3) << orientation;
    EXPECT_EQ(pixels_of(png.bytes()), expected[static_cast<std::size_t>(orientation - 1)])
        << orientation;
    for (const bool big : {false, true}) {
      const Jpeg jpeg{24, 16,    1,     smooth_pixels(24, 16, 1),
                      95, false, false, exif_block(orientation, big)};
      const Bitmap turned = decode_image(jpeg.bytes(), "x");
      EXPECT_EQ(turned.height, orientation < 5 ? 16 : 24) << orientation;
      // The darkest corner is the top left one of the file.
      const bool bottom =
          orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
      const bool right =
          orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
      const auto darkest = std::ranges::min_element(turned.pixels) - turned.pixels.begin();
      EXPECT_EQ(darkest / turned.width >= turned.height / 2, bottom) << orientation;
      EXPECT_EQ(darkest % turned.width >= turned.width / 2, right) << orientation;
    }
  }
  for (const std::string& block :
       std::vector<std::string>{""s, "MM"s, exif_block(9), exif_block(0),
                                exif_block(6).substr(0, 30), "XX" + exif_block(6).substr(2)}) {
    const Png png{3, 2, 8, 0, unfiltered(pixels, 3), block.empty() ? "" : png_chunk("eXIf", block)};
    EXPECT_EQ(pixels_of(png.bytes()), expected[0]);
  }
}

TEST(ReadImage, ReadsJpeg) {
  for (const int channels : {1, 3}) {
    const std::string pixels = smooth_pixels(37, 21, channels);
    const Bitmap image = decode_image(Jpeg{37, 21, channels, pixels, 100}.bytes(), "x");
    EXPECT_EQ(image.channels, channels);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      ASSERT_NEAR(image.pixels[i], static_cast<std::uint8_t>(pixels[i]), 4) << i;
    }
    // The same coefficients, written in another order or with another code.
    Jpeg other{37, 21, channels, pixels, 100, true};
    EXPECT_EQ(decode_image(other.bytes(), "x").pixels, image.pixels);
    other.arithmetic = true;
    EXPECT_EQ(decode_image(other.bytes(), "x").pixels, image.pixels);
  }
}

TEST(ReadImage, ReadsCmykAsAdobeWritesIt) {
  std::string pixels;
  for (int i = 0; i < 16 * 16; ++i) pixels += "\xff\x80\x00\xc0"s;  // stored: 255 is no ink
  const Bitmap image = decode_image(Jpeg{16, 16, 4, pixels, 100}.bytes(), "x");
  EXPECT_EQ(image.channels, 3);
  EXPECT_NEAR(image.pixels[0], 192, 2);
  EXPECT_NEAR(image.pixels[1], 128 * 192 / 255, 2);
  EXPECT_NEAR(image.pixels[2], 0, 2);
}

TEST(ReadImage, RefusesDamagedJpeg) {
  for (const bool progressive : {false, true}) {
    const std::string good = Jpeg{40, 40, 3, counting_bytes(40 * 40 * 3), 90, progressive}.bytes();
    for (std::size_t length = 3; length < good.size(); ++length) {
      const std::string text = complaint(good.substr(0, length));
      ASSERT_TRUE(text.starts_with("x: ")) << length << text;
    }
    EXPECT_EQ(complaint(good.substr(0, good.size() - 2)),
              "x: a damaged JPEG file: Premature end of JPEG file");
  }
  std::string huge = Jpeg{8, 8, 1, smooth_pixels(8, 8, 1)}.bytes();
  const std::size_t frame = huge.find("\xff\xc0");
  huge.replace(frame + 5, 4, "\x27\x10\x27\x10");
  EXPECT_EQ(complaint(huge), "x: the header promises 10000x10000 pixels, more than a file of " +
                                 std::to_string(huge.size()) + " bytes can hold");
  huge.replace(frame + 5, 4, "\xff\xdc\xff\xdc");
  EXPECT_EQ(complaint(huge), "x: an image of 65500x65500, expected at most 134217728 pixels");
}

TEST(ReadImage, ConvertsBetweenGreyAndColours) {
  const Bitmap colours{.height = 1, .width = 2, .channels = 3, .pixels = {255, 0, 0, 10, 20, 30}};
  EXPECT_EQ(with_channels(colours, 1).pixels, (std::vector<std::uint8_t>{76, 18}));
  const Bitmap grey{.height = 1, .width = 2, .channels = 1, .pixels = {3, 9}};
  EXPECT_EQ(with_channels(grey, 3).pixels, (std::vector<std::uint8_t>{3, 3, 3, 9, 9, 9}));
  EXPECT_EQ(error_of([&] { with_channels(grey, 2); }), "image: expected 1 or 3 channels, got 2");
}

TEST(ReadImage, ReadsAFileWhateverItsName) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_image(write(folder / "photo.jpg", png_rgb(1, 1, "abc"))).pixels,
            (std::vector<std::uint8_t>{97, 98, 99}));
  EXPECT_TRUE(data_error_of([&] { read_image(folder / "none"); }).starts_with(folder / "none"));
}

}  // namespace
}  // namespace joule
