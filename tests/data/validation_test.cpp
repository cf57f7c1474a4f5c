// SPDX-License-Identifier: MIT
#include "joule/data/dataset.h"

#include <cmath>
#include <cstdlib>
#include <optional>

#include "joule/data/readers/cifar.h"
#include "joule/data/synthetic.h"
#include "joule/data/validation.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

std::vector<std::int64_t> per_class(const Dataset& set) {
  std::vector<std::int64_t> count(static_cast<std::size_t>(set.classes()));
  for (const std::int32_t label : set.labels) ++count[static_cast<std::size_t>(label)];
  return count;
}

Dataset with_labels(std::vector<std::int32_t> labels, std::int64_t classes) {
  Dataset set =
      make_synthetic({.train = std::ssize(labels), .test = 1, .classes = classes, .size = 2}).train;
  set.labels = std::move(labels);
  return set;
}

TEST(HoldBack, TakesFromEveryClassAlikeAndKeepsTheOrder) {
  const Dataset all = make_synthetic({.train = 200, .test = 1, .size = 4}).train;
  const auto [train, validation] = hold_back(all, 0.1, 7);
  train.check();
  validation.check();
  EXPECT_EQ(per_class(train), std::vector<std::int64_t>(10, 18));
  EXPECT_EQ(per_class(validation), std::vector<std::int64_t>(10, 2));
  EXPECT_EQ(train.pixels, all.pixels);
  std::vector<bool> seen(200);
  for (const Dataset* part : {&train, &validation}) {
    for (std::size_t i = 0; i < part->indices.size(); ++i) {
      const std::int64_t at = part->indices[i];
      EXPECT_TRUE(i == 0 || part->indices[i - 1] < at);
      EXPECT_FALSE(seen[static_cast<std::size_t>(at)]);
      seen[static_cast<std::size_t>(at)] = true;
      EXPECT_EQ(part->labels[i], all.labels[static_cast<std::size_t>(at)]);
      EXPECT_EQ(part->image(static_cast<std::int64_t>(i)), all.image(at));
    }
  }
  const Dataset few = train.take(5);
  few.check();
  EXPECT_EQ(few.image(4), train.image(4));
}

TEST(HoldBack, IsAFunctionOfTheSeed) {
  const Dataset all = make_synthetic({.train = 40, .test = 1, .classes = 2, .size = 2}).train;
  const auto held = [&](std::uint64_t seed) {
    return hold_back(all, 0.1, seed).validation.indices;
  };
  // The same on every machine: these are fixed.
  EXPECT_EQ(held(1), (std::vector<std::int64_t>{2, 7, 26, 33}));
  EXPECT_EQ(held(1), held(1));
  EXPECT_NE(held(1), held(2));
  // From a part of a data set it takes images of that part.
  const Dataset part = hold_back(all, 0.5, 3).train;
  const auto again = hold_back(part, 0.5, 3);
  for (const std::int64_t at : again.validation.indices) {
    EXPECT_TRUE(std::ranges::count(part.indices, at) == 1);
  }
}

TEST(HoldBack, ComesAsNearToTheShareAsTheClassesLet) {
  // 0.1 of 12, 5, 4, 1 images is 1.2, .5, .4, .1, of all 2.2: of the first, and then of the second.
  std::vector<std::int32_t> labels;
  for (const auto& [label, count] : {std::pair(0, 12), {1, 5}, {2, 4}, {3, 1}}) {
    labels.insert(labels.end(), static_cast<std::size_t>(count), label);
  }
  const Dataset set = with_labels(labels, 5);  // of the class 4 there is no image
  EXPECT_EQ(per_class(hold_back(set, 0.1, 1).validation),
            (std::vector<std::int64_t>{1, 1, 0, 0, 0}));
  // The last image of a class stays.
  EXPECT_EQ(per_class(hold_back(set, 0.999, 1).train), (std::vector<std::int64_t>{1, 1, 1, 1, 0}));
  EXPECT_EQ(hold_back(with_labels({0, 0, 0, 0}, 2), 0.5, 1).validation.size(), 2);
  const auto none = hold_back(set, 0, 1);
  EXPECT_EQ(none.train.size(), 22);
  EXPECT_EQ(none.validation.size(), 0);
  EXPECT_EQ(
      error_of([&] {
        hold_back(with_labels({0, 1}, 2), 0.5, 1);
      }),
      "validation: 0.5 of the 2 images of synthetic is none, as every class keeps one; expected "
      "a larger share, more images, or 0 (nothing is chosen then)");
  EXPECT_EQ(error_of([&] { hold_back(set, 0.02, 1); }).substr(0, 47),
            "validation: 0.02 of the 22 images of synthetic ");
  for (const double share : {-0.1, 1.0, std::nan("")}) {
    EXPECT_NE(
        error_of([&] { hold_back(set, share, 1); }).find("expected a share from 0 to below 1"),
        std::string::npos);
  }
}

}  // namespace
}  // namespace joule
