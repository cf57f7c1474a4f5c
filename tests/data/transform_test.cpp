// SPDX-License-Identifier: MIT
#include "joule/data/transform.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>
#include <vector>

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

/// An image of 1, 2, 3, ... and what a transform makes of it.
struct Sample {
  Sample(std::int64_t height, std::int64_t width, std::int64_t channels)
      : pixels(static_cast<std::size_t>(height * width * channels)),
        image{height, width, channels, pixels} {
    std::iota(pixels.begin(), pixels.end(), 1.0f);
  }
  float at(std::int64_t h, std::int64_t w, std::int64_t c) const {
    if (h < 0 || h >= image.height || w < 0 || w >= image.width) return 0;
    return pixels[static_cast<std::size_t>((h * image.width + w) * image.channels + c)];
  }
  std::vector<float> pixels;
  Image image;
};

/// transformed(h, w) == original(h - down, w - right), black outside.
bool is_shift(const Sample& transformed, const Sample& original, std::int64_t down,
              std::int64_t right) {
  for (std::int64_t h = 0; h < original.image.height; ++h) {
    for (std::int64_t w = 0; w < original.image.width; ++w) {
      for (std::int64_t c = 0; c < original.image.channels; ++c) {
        if (transformed.at(h, w, c) != original.at(h - down, w - right, c)) return false;
      }
    }
  }
  return true;
}

TEST(PadAndCrop, EveryWindowAppearsAndNoOther) {
  const Sample original(4, 5, 2);
  const Transform transform = pad_and_crop(2);
  std::set<std::pair<int, int>> seen;
  for (std::int64_t i = 0; i < 400; ++i) {
    Sample sample(4, 5, 2);
    Generator random = image_generator(1, 0, i);
    transform(sample.image, random);
    int matches = 0;
    for (int down = -2; down <= 2; ++down) {
      for (int right = -2; right <= 2; ++right) {
        if (!is_shift(sample, original, down, right)) continue;
        seen.emplace(down, right);
        ++matches;
      }
    }
    ASSERT_EQ(matches, 1);
  }
  EXPECT_EQ(seen.size(), 25u);
}

TEST(PadAndCrop, MayMoveTheImageOut) {
  const Transform transform = pad_and_crop(5);
  const Sample original(2, 2, 1);
  int black = 0;
  for (std::int64_t i = 0; i < 50; ++i) {
    Sample sample(2, 2, 1);
    Generator random = image_generator(1, 0, i);
    transform(sample.image, random);
    black += sample.pixels == std::vector<float>(4, 0.0f);
  }
  EXPECT_GT(black, 20);  // all but 9 of the 121 windows
}

TEST(HorizontalFlip, MirrorsPixelsNotChannels) {
  Generator random(1);
  for (const std::int64_t width : {1, 4, 5}) {
    const Sample original(3, width, 2);
    Sample sample(3, width, 2);
    horizontal_flip(1.0f)(sample.image, random);
    for (std::int64_t h = 0; h < 3; ++h) {
      for (std::int64_t w = 0; w < width; ++w) {
        for (std::int64_t c = 0; c < 2; ++c) {
          EXPECT_EQ(sample.at(h, w, c), original.at(h, width - 1 - w, c));
        }
      }
    }
    Sample same(3, width, 2);
    horizontal_flip(0.0f)(same.image, random);
    EXPECT_EQ(same.pixels, original.pixels);
  }
}

TEST(HorizontalFlip, HappensAsOftenAsSaid) {
  const Transform transform = horizontal_flip(0.25f);
  const Sample original(1, 2, 1);
  int flips = 0;
  for (std::int64_t i = 0; i < 4000; ++i) {
    Sample sample(1, 2, 1);
    Generator random = image_generator(7, 3, i);
    transform(sample.image, random);
    flips += sample.pixels != original.pixels;
  }
  EXPECT_NEAR(flips, 1000, 5 * std::sqrt(4000 * 0.25 * 0.75));
}

/// A smooth image, so that bilinear interpolation is nearly exact: a plane a + b y + c x inside.
TEST(Rotation, TurnsAPlaneIntoThePlane) {
  constexpr std::int64_t kSide = 21;
  for (std::int64_t i = 0; i < 20; ++i) {
    Sample sample(kSide, kSide, 1);
    for (std::int64_t p = 0; p < kSide * kSide; ++p) {
      const auto y = static_cast<float>(p / kSide - 10), x = static_cast<float>(p % kSide - 10);
      sample.pixels[static_cast<std::size_t>(p)] = 0.5f + 0.01f * y - 0.02f * x;
    }
    Generator random = image_generator(2, 0, i), same_random = random;
    rotation(30)(sample.image, random);
    float draw = 0;
    same_random.uniform({&draw, 1});
    const double angle = (2.0 * draw - 1.0) * 30 * std::numbers::pi / 180;
    for (int y = -6; y <= 6; ++y) {
      for (int x = -6; x <= 6; ++x) {
        const double from_y = std::cos(angle) * y + std::sin(angle) * x;
        const double from_x = -std::sin(angle) * y + std::cos(angle) * x;
        EXPECT_NEAR(sample.at(y + 10, x + 10, 0), 0.5 + 0.01 * from_y - 0.02 * from_x, 1e-5);
      }
    }
  }
}

TEST(Rotation, OutsideIsBlackAndChannelsStayApart) {
  Sample sample(9, 9, 2);
  for (std::size_t p = 0; p < sample.pixels.size(); ++p) sample.pixels[p] = p % 2 ? 0.25f : 1.0f;
  Generator random(5);
  random.reserve(1);
  rotation(180)(sample.image, random);
  for (std::int64_t p = 0; p < 81; ++p) {
    EXPECT_NEAR(sample.pixels[2 * p], 4 * sample.pixels[2 * p + 1], 1e-6);
  }
  EXPECT_LT(sample.at(0, 0, 0), 0.5f);  // a corner comes from beyond the edge
  EXPECT_NEAR(sample.at(4, 4, 0), 1.0f, 1e-6);
}

TEST(Normalize, IsPerChannel) {
  Sample sample(2, 2, 2);
  const std::vector<float> mean{1, 2}, deviation{2, 4};
  normalize(sample.image, mean, deviation);
  EXPECT_EQ(sample.pixels, (std::vector<float>{0, 0, 1, 0.5f, 2, 1, 3, 1.5f}));
}

TEST(ImageGenerator, DependsOnSeedEpochAndImage) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
      for (std::int64_t image = 0; image < 5; ++image) {
        seeds.insert(image_generator(seed, epoch, image).state().seed);
      }
    }
  }
  EXPECT_EQ(seeds.size(), 125u);
}

TEST(ShuffledOrder, IsAPermutationOfItsOwnForEachSeedAndEpoch) {
  std::set<std::vector<std::int64_t>> orders;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
      auto order = shuffled_order(seed, epoch, 100);
      EXPECT_EQ(order, shuffled_order(seed, epoch, 100));
      orders.insert(order);
      std::ranges::sort(order);
      for (std::int64_t i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
    }
  }
  EXPECT_EQ(orders.size(), 9u);
}

TEST(Transform, ErrorsSayWhatWasExpected) {
  EXPECT_EQ(error_of([] { pad_and_crop(0); }), "pad_and_crop: padding must be at least 1, got 0");
  EXPECT_EQ(error_of([] { horizontal_flip(1.5f); }),
            "horizontal_flip: the probability must lie in [0, 1], got 1.5");
  EXPECT_EQ(error_of([] { rotation(0); }), "rotation: degrees must lie in (0, 180], got 0");
}

}  // namespace
}  // namespace joule
