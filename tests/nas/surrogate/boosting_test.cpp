// SPDX-License-Identifier: MIT
#include "joule/nas/surrogate/boosting.h"

#include <gtest/gtest.h>

#include <cmath>

#include "joule/core/error.h"

namespace joule::nas {
namespace {

/// One tree that sees everything and clips nothing.
constexpr BoostingOptions kWhole{
    .rounds = 1, .rate = 1, .leaves = 2, .least = 1, .row_share = 1, .column_share = 1, .clip = 1};

TEST(Boosting, ATreeSplitsWhereTheErrorFallsMost) {
  const Rows rows{.columns = 2, .values = {1, 7, 2, 7, 3, 8, 4, 8}};
  const std::vector<double> y{0, 0, 10, 12};
  const BoostedTrees trees(rows, y, kWhole);
  ASSERT_EQ(trees.trees().size(), 1U);
  const Tree& tree = trees.trees().front();
  ASSERT_EQ(tree.size(), 3U);
  EXPECT_EQ(tree[0].threshold, tree[0].column == 0 ? 2.5 : 7.5);
  EXPECT_DOUBLE_EQ(trees.predict(rows[0]), 0);
  EXPECT_DOUBLE_EQ(trees.predict(rows[3]), 11) << "the mean of the leaf";
}

TEST(Boosting, LeavesHaveTheirLeastRowsAndAreNoMoreThanAllowed) {
  Rows rows{.columns = 1};
  std::vector<double> y;
  for (int i = 0; i < 40; ++i) {
    rows.values.push_back(i);
    y.push_back(i == 0 ? 1000 : i % 7);
  }
  BoostingOptions options = kWhole;
  options.leaves = 5;
  options.least = 4;
  const BoostedTrees trees(rows, y, options);
  const Tree& tree = trees.trees().front();
  std::vector<int> in_leaf(tree.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::size_t at = 0;
    while (tree[at].column >= 0) {
      at = static_cast<std::size_t>(rows[i][0] <= tree[at].threshold ? tree[at].left
                                                                     : tree[at].right);
    }
    ++in_leaf[at];
  }
  EXPECT_EQ(tree.size(), 9U);
  for (std::size_t i = 0; i < tree.size(); ++i) {
    EXPECT_TRUE(tree[i].column >= 0 || in_leaf[i] >= 4) << in_leaf[i];
  }
}

TEST(Boosting, FitsASurface) {
  Rows rows{.columns = 2};
  std::vector<double> y;
  for (int i = 0; i < 30; ++i) {
    for (int k = 0; k < 30; ++k) {
      rows.values.insert(rows.values.end(), {i / 10.0, k / 10.0});
      y.push_back(std::sin(i / 10.0) * k);
    }
  }
  const BoostedTrees trees(rows, y, {.rounds = 400, .rate = 0.1, .column_share = 1});
  double worst = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    worst = std::max(worst, std::abs(trees.predict(rows[i]) - y[i]));
  }
  EXPECT_LT(worst, 1.5) << "of 30";
  const BoostedTrees again(trees.columns(), trees.start(), trees.trees());
  EXPECT_EQ(again.predict(rows[7]), trees.predict(rows[7]));
}

TEST(Boosting, ClippedResidualsFollowTheManyNotTheOutlier) {
  Rows rows{.columns = 1};
  std::vector<double> y;
  for (int i = 0; i < 100; ++i) {
    rows.values.push_back(1);
    y.push_back(i == 50 ? 1e6 : i % 2);
  }
  BoostingOptions options = kWhole;
  options.rounds = 20;
  options.rate = 0.1;
  options.clip = 0.9;
  const double clipped = BoostedTrees(rows, y, options).predict(rows[0]);
  EXPECT_LT(std::abs(clipped), 2);
  options.clip = 1;
  EXPECT_GT(BoostedTrees(rows, y, options).predict(rows[0]), 1000);
}

TEST(Boosting, TheSeedDecides) {
  Rows rows{.columns = 3};
  std::vector<double> y;
  for (int i = 0; i < 60; ++i) {
    rows.values.insert(rows.values.end(), {i * 1.0, i % 5 * 1.0, i % 3 * 1.0});
    y.push_back(i % 5 + i);
  }
  const auto predicted = [&](std::uint64_t seed) {
    return BoostedTrees(rows, y, {.rounds = 30, .seed = seed}).predict(rows[11]);
  };
  EXPECT_EQ(predicted(1), predicted(1));
  EXPECT_NE(predicted(1), predicted(2));
}

TEST(Boosting, RefusesWhatCannotBe) {
  const Rows rows{.columns = 1, .values = {1, 2}};
  const std::vector<double> y{1, 2}, short_y{1}, nan{1, std::nan("")};
  EXPECT_THROW(BoostedTrees(rows, short_y, {}), ArgumentError);
  EXPECT_THROW(BoostedTrees(rows, nan, {}), ArgumentError);
  EXPECT_THROW(BoostedTrees(rows, y, {.rate = 0}), ArgumentError);
  EXPECT_THROW(BoostedTrees(rows, y, {.leaves = 1}), ArgumentError);
  // A node that leads back would be walked for ever.
  EXPECT_THROW(BoostedTrees(1, 0, {{{.column = 0, .left = 0, .right = 1}, {}}}), ArgumentError);
  EXPECT_THROW(BoostedTrees(1, 0, {{{.column = 1, .left = 1, .right = 2}, {}, {}}}), ArgumentError);
  EXPECT_THROW(BoostedTrees(1, 0, {{}}), ArgumentError);
}

}  // namespace
}  // namespace joule::nas
