// SPDX-License-Identifier: MIT
#include "joule/exchange/tensorboard/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace joule::exchange {
namespace {

using Bucket = Histogram::Bucket;

Histogram of(const std::vector<float>& values) {
  Histogram histogram;
  histogram.add(values);
  return histogram;
}

TEST(EventHistogram, HoldsNothingAtFirst) {
  EXPECT_EQ(Histogram().count(), 0);
  EXPECT_TRUE(Histogram().buckets().empty());
}

TEST(EventHistogram, SumsAreThoseOfTheValues) {
  const Histogram h = of({-2, 0.5f, 0, 3});
  EXPECT_EQ(h.count(), 4);
  EXPECT_EQ(h.min(), -2);
  EXPECT_EQ(h.max(), 3);
  EXPECT_EQ(h.sum(), 1.5);
  EXPECT_EQ(h.sum_squares(), 13.25);
}

TEST(EventHistogram, ZerosHaveABucketThatHoldsNothingElse) {
  const std::vector<Bucket> buckets = of({0, -0.0f, 0, 1e-11f, -1e-11f}).buckets();
  const auto zeros = std::ranges::find(buckets, 3, &Bucket::count);
  ASSERT_NE(zeros, buckets.end());
  EXPECT_EQ(zeros->limit, 1e-12);
  EXPECT_EQ((zeros - 1)->limit, 0);  // from 0 on
}

TEST(EventHistogram, ABucketIsTenPercentWideAndEndsBeforeItsLimit) {
  const std::vector<Bucket> one = of({1}).buckets();
  ASSERT_EQ(one.size(), 3u);  // below, the value's, and above
  EXPECT_EQ(one[0].count, 0);
  EXPECT_EQ(one[1].count, 1);
  EXPECT_EQ(one[2], (Bucket{std::numeric_limits<double>::max(), 0}));
  EXPECT_LE(one[0].limit, 1);
  EXPECT_GT(one[1].limit, 1);
  EXPECT_NEAR(one[1].limit / one[0].limit, 1.1, 1e-12);
  // A limit itself belongs to the bucket above.
  Histogram at_zero = of({0, -1e-13f});
  EXPECT_EQ(at_zero.buckets()[1], (Bucket{0, 1}));
  EXPECT_EQ(at_zero.buckets()[2], (Bucket{1e-12, 1}));
}

TEST(EventHistogram, BucketsAreContiguousAndHoldEveryValue) {
  std::vector<float> values;
  for (int i = -200; i <= 200; ++i) values.push_back(std::exp(0.3f * static_cast<float>(i)));
  for (std::size_t i = 0; i < values.size(); i += 2) values[i] = -values[i];
  const Histogram h = of(values);
  std::int64_t held = 0;
  double below = -std::numeric_limits<double>::infinity();
  for (const auto& [limit, count] : h.buckets()) {
    const double from = below;
    EXPECT_GT(limit, from);
    EXPECT_EQ(
        std::ranges::count_if(
            values, [&, end = limit](float v) { return double{v} >= from && double{v} < end; }),
        count);
    held += count;
    below = limit;
  }
  EXPECT_EQ(held, h.count());
  EXPECT_EQ(held, std::ssize(values) - h.not_finite());
}

TEST(EventHistogram, WhatIsNotFiniteIsCountedApart) {
  const float inf = std::numeric_limits<float>::infinity();
  const Histogram h = of({1, inf, -inf, std::nanf(""), 2});
  EXPECT_EQ(h.not_finite(), 3);
  EXPECT_EQ(h.count(), 2);
  EXPECT_EQ(h.sum(), 3);
  EXPECT_EQ(h.max(), 2);
}

TEST(EventHistogram, AddsUp) {
  Histogram twice = of({1, -5});
  twice.add(std::vector<float>{0, 2});
  const Histogram once = of({1, -5, 0, 2});
  EXPECT_EQ(twice.buckets(), once.buckets());
  EXPECT_EQ(twice.sum_squares(), once.sum_squares());
}

}  // namespace
}  // namespace joule::exchange
