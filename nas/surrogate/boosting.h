// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace joule::nas {

/// Rows of numbers, stored contiguously.
struct Rows {
  std::size_t columns = 0;
  std::vector<double> values{};

  std::size_t size() const { return columns > 0 ? values.size() / columns : 0; }
  std::span<const double> operator[](std::size_t i) const {
    return std::span(values).subspan(i * columns, columns);
  }
};

struct BoostingOptions {
  int rounds = 1200;          // trees
  double rate = 0.03;         // the factor of each tree's prediction, in (0, 1]
  int leaves = 12;            // of a tree, at most
  int least = 6;              // rows in a leaf, at least
  double row_share = 0.6;     // of the rows that a tree sees, in (0, 1]
  double column_share = 0.4;  // of the columns that a tree may split, in (0, 1]
  double clip = 0.9;          // residuals are clipped to this quantile, in (0, 1]
  std::uint64_t seed = 1;
};

/// A decision: left if the column is at most the threshold; a leaf has no column.
struct TreeNode {
  std::int32_t column = -1, left = -1, right = -1;
  double threshold = 0, value = 0;
};
using Tree = std::vector<TreeNode>;  // the first node is the root

/// A sum of regression trees:
///   f_0 = median y,   f_m = f_{m-1} + rate * tree_m(clipped residuals y - f_{m-1})
/// Each tree uses a random fraction of the rows and columns, repeatedly splits the leaf whose split
/// lowers the squared error most until it has its leaves, and predicts the mean of the rows in a
/// leaf.  Clipped residuals are the gradients of Huber's loss, which is more robust to outliers.
///
/// Source    Friedman 2001, "Greedy Function Approximation: A Gradient Boosting Machine"; 2002,
///           "Stochastic Gradient Boosting".
class BoostedTrees {
 public:
  BoostedTrees() = default;
  /// Cost      rounds * columns * rows * log2(leaves) additions: 3000 rows of 60 columns take two
  ///           seconds.
  /// Errors    ArgumentError: no rows, a number that is not finite, an option out of its range.
  BoostedTrees(const Rows& rows, std::span<const double> y, const BoostingOptions& options);
  /// From the values of the members below.
  ///
  /// Errors    ArgumentError unless each node has a column below `columns` and two nodes after it,
  ///           or neither.
  BoostedTrees(std::size_t columns, double start, std::vector<Tree> trees);

  double predict(std::span<const double> row) const;

  std::size_t columns() const { return columns_; }
  double start() const { return start_; }
  const std::vector<Tree>& trees() const { return trees_; }

 private:
  std::size_t columns_ = 0;
  double start_ = 0;
  std::vector<Tree> trees_;
};

}  // namespace joule::nas
