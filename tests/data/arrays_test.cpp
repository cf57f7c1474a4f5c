// SPDX-License-Identifier: MIT
#include "joule/data/arrays.h"

#include <cmath>
#include <limits>

#include "joule/data/loader.h"
#include "joule/data/validation.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

Tensor tensor(const Shape& shape, const std::vector<float>& values) {
  return Tensor::from(std::span<const float>(values), shape);
}

Tensor labels(std::vector<std::int32_t> of) {
  return Tensor::from(std::span<const std::int32_t>(of), {static_cast<std::int64_t>(of.size())});
}

/// Three images of 1 x 2 with two channels.
Tensor images() { return tensor({3, 1, 2, 2}, {1, -10, 2, -20, 3, -30, 4, -40, 5, -50, 6, -60}); }

TEST(Arrays, FloatsComeOutOfALoaderAsTheyAreNormalisedPerChannel) {
  const Dataset set = dataset_of(images(), labels({0, 2, 1}), {.name = "sensors"});
  EXPECT_EQ(set.classes(), 3);
  EXPECT_FLOAT_EQ(set.mean.at(0), 3.5f);
  EXPECT_FLOAT_EQ(set.mean.at(1), -35.0f);
  const auto deviation = static_cast<float>(std::sqrt(35.0 / 12));  // of 1 to 6
  EXPECT_FLOAT_EQ(set.deviation.at(0), deviation);
  EXPECT_FLOAT_EQ(set.deviation.at(1), 10 * deviation);
  const DataLoader loader(set, {.batch = 2, .shuffle = false});
  const Batch first = *loader.begin();
  EXPECT_EQ(first.images.shape(), (Shape{2, 1, 2, 2}));
  EXPECT_FLOAT_EQ(first.images.values<float>()[5], (-30.0f + 35.0f) / (10 * deviation));
  EXPECT_EQ(first.labels.values<std::int32_t>()[1], 2);
}

TEST(Arrays, RowsAreImagesOfOnePixel) {
  const Dataset set = dataset_of(images().reshape({3, 4}), labels({0, 0, 1}));
  EXPECT_EQ(set.shape, (Shape{3, 1, 1, 4}));
  EXPECT_EQ(set.mean.size(), 4u);
}

TEST(Arrays, BytesAreDividedBy255) {
  const Dataset set = dataset_of({2, 1, 1, 1}, {0, 255}, {1, 0}, {.class_names = {"no", "yes"}});
  EXPECT_FLOAT_EQ(set.mean.at(0), 0.5f);
  const Batch all = *DataLoader(set, {.batch = 2, .shuffle = false}).begin();
  EXPECT_FLOAT_EQ(all.images.values<float>()[1], 1.0f);
}

TEST(Arrays, WhatIsLikeTheTrainingImagesIsNormalisedAsThey) {
  const Dataset train = dataset_of(images(), labels({0, 2, 1}), {.name = "train"});
  const Dataset test =
      dataset_of(tensor({1, 1, 2, 2}, {7, 7, 7, 7}), labels({0}), {.name = "test", .like = &train});
  EXPECT_EQ(test.mean, train.mean);
  EXPECT_EQ(test.class_names, train.class_names);
  EXPECT_EQ(error_of([&] {
              dataset_of(tensor({1, 1, 1, 2}, {7, 7}), labels({0}), {.name = "t", .like = &train});
            }),
            "dataset t: expected images of shape [1,2,2] like train, got [1,1,2]");
  EXPECT_EQ(error_of([&] {
              dataset_of({1, 1, 2, 2}, {1, 2, 3, 4}, {0}, {.name = "t", .like = &train});
            }),
            "dataset t: got bytes to be normalised like train, which has floats");
}

TEST(Arrays, AreSplitAndTakenAsAllSetsAre) {
  const Dataset set = dataset_of(images(), labels({0, 0, 0}));
  const auto [train, validation] = hold_back(set, 0.4, 1);
  EXPECT_EQ(train.size(), 2);
  const std::int64_t at = validation.index(0);
  EXPECT_EQ(validation.image_values(0).data(), set.image_values(at).data());
  EXPECT_EQ(set.take(2).size(), 2);
  set.take(2).check();
}

TEST(Arrays, WhatCannotBeMeantIsRefused) {
  const auto error = [](const Tensor& of, const Tensor& classes, ArrayOptions options = {}) {
    options.name = "own";
    return error_of([&] { dataset_of(of, classes, options); });
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error(tensor({2, 2}, {1, 2, 3, nan}), labels({0, 0})),
            "dataset own: image 1 has nan, expected finite values");
  EXPECT_EQ(error(tensor({2, 2, 1}, {1, 2, 3, 4}), labels({0, 0})),
            "dataset own: expected images of shape [N,H,W,C], or rows [N,F], got [2,2,1]");
  EXPECT_EQ(error(images(), labels({0, 1})), "dataset own: 2 labels for 3 images");
  EXPECT_EQ(error(images(), labels({0, 1, -1})),
            "dataset own: label -1 of image 2 is out of range: there are 2 classes");
  EXPECT_EQ(error(images(), labels({0, 1, 5}), {.class_names = {"a", "b"}}),
            "dataset own: label 5 of image 2 is out of range: there are 2 classes");
  EXPECT_EQ(error(images(), images()), "dataset own: expected labels i32 [N], got f32 [3,1,2,2]");
  EXPECT_EQ(error(labels({1, 2}).reshape({2, 1}), labels({0, 1})),
            "dataset own: expected images of f32, got i32");
  EXPECT_EQ(error(images(), labels({0, 1, 1 << 30})),
            "dataset own: label 1073741824, expected less than 1048576");
  EXPECT_EQ(error_of([] {
              dataset_of({2, 2}, {1, 2, 3}, {0, 1}, {.name = "own"});
            }),
            "dataset own: [2,1,1,2] needs 4 pixels, there are 3");
}

}  // namespace
}  // namespace joule
