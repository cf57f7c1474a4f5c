// SPDX-License-Identifier: MIT
#include "joule/data/image/resize.h"

#include <algorithm>
#include <cmath>

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

Bitmap noise(std::int64_t height, std::int64_t width, std::int64_t channels) {
  Bitmap image{.height = height, .width = width, .channels = channels};
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < height * width * channels; ++i) {
    state = state * 1664525 + 1013904223;
    image.pixels.push_back(static_cast<std::uint8_t>(state >> 24));
  }
  return image;
}

std::vector<std::uint8_t> resized(const Bitmap& image, const Box& box, Size2 size) {
  std::vector<std::uint8_t> to(static_cast<std::size_t>(size.h * size.w * image.channels));
  resize(image, box, size, to);
  return to;
}

Box whole(const Bitmap& image) { return {0, 0, image.height, image.width}; }

/// The formula, in double, along both axes at once.
double exact(const Bitmap& image, const Box& box, Size2 size, std::int64_t y, std::int64_t x,
             std::int64_t c) {
  const auto weight = [](std::int64_t j, std::int64_t i, std::int64_t in, std::int64_t out) {
    const double r = static_cast<double>(in) / static_cast<double>(out);
    return std::max(
        0.0, 1 - std::abs(static_cast<double>(j) + 0.5 - (static_cast<double>(i) + 0.5) * r) /
                     std::max(1.0, r));
  };
  double sum = 0, weights = 0;
  for (std::int64_t j = 0; j < box.height; ++j) {
    for (std::int64_t i = 0; i < box.width; ++i) {
      const double w = weight(j, y, box.height, size.h) * weight(i, x, box.width, size.w);
      weights += w;
      sum += w * image.pixels[static_cast<std::size_t>(
                     ((box.top + j) * image.width + box.left + i) * image.channels + c)];
    }
  }
  return sum / weights;
}

TEST(Resize, IsTheFormulaWithinTwoRoundings) {
  for (const std::int64_t channels : {1, 3}) {
    const Bitmap image = noise(23, 31, channels);
    const std::vector<std::pair<Box, Size2>> cases = {{whole(image), {7, 9}},
                                                      {whole(image), {40, 50}},
                                                      {whole(image), {23, 5}},
                                                      {whole(image), {1, 1}},
                                                      {{3, 4, 11, 20}, {8, 8}}};
    for (const auto& [box, size] : cases) {
      const auto to = resized(image, box, size);
      for (std::int64_t i = 0; i < std::ssize(to); ++i) {
        const std::int64_t pixel = i / channels;
        ASSERT_NEAR(to[static_cast<std::size_t>(i)],
                    exact(image, box, size, pixel / size.w, pixel % size.w, i % channels), 1.01)
            << size << " at " << i;
      }
    }
  }
}

TEST(Resize, ToTheSameSizeChangesNothing) {
  const Bitmap image = noise(9, 14, 3);
  EXPECT_EQ(resized(image, whole(image), {9, 14}), image.pixels);
}

TEST(Resize, HasNoAliasing) {
  // Stripes of one pixel become grey, not black or white.
  Bitmap image{.height = 64, .width = 64, .channels = 1};
  for (int i = 0; i < 64 * 64; ++i) image.pixels.push_back(i % 2 ? 255 : 0);
  const auto to = resized(image, whole(image), 8);
  for (std::size_t i = 0; i < to.size(); ++i) {  // at the edges the triangle is cut off
    EXPECT_NEAR(to[i], 128, i % 8 == 0 || i % 8 == 7 ? 5 : 1) << i;
  }
}

TEST(Resize, ErrorsSayWhatWasExpected) {
  const Bitmap image = noise(4, 6, 1);
  std::vector<std::uint8_t> to(4);
  EXPECT_EQ(error_of([&] {
              resize(image, {0, 0, 4, 7}, 2, to);
            }),
            "resize: the part of 4x7 at 0,0 is not in an image of 4x6");
  EXPECT_EQ(error_of([&] { resize(image, whole(image), 3, to); }),
            "resize: 3x3x1 takes 9 bytes, got 4");
  EXPECT_EQ(error_of([&] {
              resize(image, whole(image), {0, 2}, to);
            }),
            "resize: expected a size of pixels, got 0x2");
}

TEST(Frame, CutsOutTheMiddle) {
  const auto framed = [](const Bitmap& image, Size2 size) {
    std::vector<std::uint8_t> to(static_cast<std::size_t>(size.h * size.w * image.channels));
    frame(image, {}, {.size = size, .fit = Fit::crop}, to);
    return to;
  };
  // Nothing is resized where the shorter side fits: columns 1 to 4 of 6 and rows 2, 3 of 5.
  Bitmap wide{
      .height = 2, .width = 6, .channels = 1, .pixels = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15}};
  EXPECT_EQ(framed(wide, 2), (std::vector<std::uint8_t>{2, 3, 12, 13}));
  Bitmap high{
      .height = 5, .width = 2, .channels = 1, .pixels = {0, 1, 10, 11, 20, 21, 30, 31, 40, 41}};
  // 1.5 pixels are cut off above: to the even side, 2.
  EXPECT_EQ(framed(high, 2), (std::vector<std::uint8_t>{20, 21, 30, 31}));
  const Bitmap image = noise(20, 30, 3);
  const auto covering = resized(image, whole(image), {10, 15});
  const auto cut = framed(image, 10);
  for (std::int64_t y = 0; y < 10; ++y) {
    for (std::int64_t i = 0; i < 30; ++i) {
      ASSERT_EQ(cut[static_cast<std::size_t>(y * 30 + i)],
                covering[static_cast<std::size_t>(y * 45 + 6 + i)]);
    }
  }
}

TEST(Frame, StretchesTheWholeOrTheRegion) {
  const Bitmap image = noise(20, 30, 3);
  const Box region{2, 3, 10, 12};
  std::vector<std::uint8_t> to(8 * 8 * 3);
  frame(image, region, {.size = 8, .fit = Fit::stretch}, to);
  EXPECT_EQ(to, resized(image, whole(image), 8));
  frame(image, region, {.size = 8, .fit = Fit::region}, to);
  EXPECT_EQ(to, resized(image, region, 8));
  frame(image, {}, {.size = 8, .fit = Fit::region}, to);
  EXPECT_EQ(to, resized(image, whole(image), 8));
  for (const Fit fit : {Fit::crop, Fit::stretch, Fit::region}) EXPECT_EQ(fit_of(name(fit)), fit);
  EXPECT_EQ(fit_of("auto"), std::nullopt);
}

}  // namespace
}  // namespace joule
