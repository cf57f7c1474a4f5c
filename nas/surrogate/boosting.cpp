// SPDX-License-Identifier: MIT
#include "joule/nas/surrogate/boosting.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "joule/core/error.h"
#include "joule/core/random.h"

namespace joule::nas {
namespace {

constexpr std::size_t kMostBins = 256;

/// The columns as numbers of bins, column after column: what is in bin b is at most edges[b].
struct Bins {
  std::vector<std::vector<double>> edges;
  std::vector<std::vector<std::uint8_t>> of;
};

Bins binned(const Rows& rows) {
  Bins bins{.edges = std::vector<std::vector<double>>(rows.columns),
            .of = std::vector<std::vector<std::uint8_t>>(rows.columns)};
  for (std::size_t c = 0; c < rows.columns; ++c) {
    std::vector<double> sorted(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) sorted[i] = rows[i][c];
    std::ranges::sort(sorted);
    std::vector<double>& edges = bins.edges[c];
    const auto repeated = std::unique(sorted.begin(), sorted.end());
    sorted.erase(repeated, sorted.end());
    const std::size_t step = (sorted.size() + kMostBins - 1) / kMostBins;
    for (std::size_t i = 0; i < sorted.size(); i += step) {
      const std::size_t last = std::min(i + step, sorted.size()) - 1;
      const double next = last + 1 < sorted.size() ? sorted[last + 1] : sorted[last];
      edges.push_back(std::midpoint(sorted[last], next));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto bin = std::ranges::lower_bound(edges, rows[i][c]) - edges.begin();
      bins.of[c].push_back(static_cast<std::uint8_t>(
          std::min<std::ptrdiff_t>(bin, static_cast<std::ptrdiff_t>(edges.size()) - 1)));
    }
  }
  return bins;
}

struct Split {
  double gain = 0;
  std::size_t column = 0, bin = 0;
};

/// A leaf that may still be split.
struct Leaf {
  std::int32_t node;
  std::vector<std::uint32_t> rows;
  double sum = 0;
  Split best{};
};

/// One tree of clipped residuals.
class Grower {
 public:
  Grower(const Bins& bins, const std::vector<double>& residuals, const BoostingOptions& options,
         std::vector<std::size_t> columns)
      : bins_(bins), residuals_(residuals), options_(options), columns_(std::move(columns)) {}

  Tree grow(std::vector<std::uint32_t> rows) {
    tree_.push_back({});
    leaves_.push_back(leaf(0, std::move(rows)));
    while (static_cast<int>(leaves_.size()) < options_.leaves && split_best()) {
    }
    for (const Leaf& one : leaves_) {
      tree_[static_cast<std::size_t>(one.node)].value =
          options_.rate * one.sum / static_cast<double>(one.rows.size());
    }
    return std::move(tree_);
  }

 private:
  Leaf leaf(std::int32_t node, std::vector<std::uint32_t> rows) {
    Leaf made{.node = node, .rows = std::move(rows)};
    for (const std::uint32_t row : made.rows) made.sum += residuals_[row];
    for (const std::size_t column : columns_) look(column, made);
    return made;
  }

  /// The best split of one column: sum_l^2 / n_l + sum_r^2 / n_r - sum^2 / n is what the squared
  /// error falls by.
  void look(std::size_t column, Leaf& leaf) const {
    std::array<double, kMostBins> sums{};
    std::array<std::uint32_t, kMostBins> counts{};
    const std::vector<std::uint8_t>& bin_of = bins_.of[column];
    for (const std::uint32_t row : leaf.rows) {
      sums[bin_of[row]] += residuals_[row];
      ++counts[bin_of[row]];
    }
    const auto n = static_cast<double>(leaf.rows.size());
    const double before = leaf.sum * leaf.sum / n;
    double sum = 0, count = 0;
    for (std::size_t bin = 0; bin + 1 < bins_.edges[column].size(); ++bin) {
      sum += sums[bin];
      count += counts[bin];
      if (counts[bin] == 0 || count < options_.least || n - count < options_.least) continue;
      const double rest = leaf.sum - sum;
      const double gain = sum * sum / count + rest * rest / (n - count) - before;
      if (gain > leaf.best.gain) leaf.best = {.gain = gain, .column = column, .bin = bin};
    }
  }

  bool split_best() {
    const auto best =
        std::ranges::max_element(leaves_, {}, [](const Leaf& one) { return one.best.gain; });
    if (best->best.gain <= 0) return false;
    const Split split = best->best;
    const std::int32_t node = best->node;
    std::vector<std::uint32_t> left, right;
    for (const std::uint32_t row : best->rows) {
      (bins_.of[split.column][row] <= split.bin ? left : right).push_back(row);
    }
    const auto next = static_cast<std::int32_t>(tree_.size());
    tree_.resize(tree_.size() + 2);
    tree_[static_cast<std::size_t>(node)] = {.column = static_cast<std::int32_t>(split.column),
                                             .left = next,
                                             .right = next + 1,
                                             .threshold = bins_.edges[split.column][split.bin]};
    *best = leaf(next, std::move(left));
    leaves_.push_back(leaf(next + 1, std::move(right)));
    return true;
  }

  const Bins& bins_;
  const std::vector<double>& residuals_;
  const BoostingOptions& options_;
  std::vector<std::size_t> columns_;
  Tree tree_;
  std::vector<Leaf> leaves_;
};

double answer(const Tree& tree, std::span<const double> row) {
  const TreeNode* node = tree.data();
  while (node->column >= 0) {
    const bool left = row[static_cast<std::size_t>(node->column)] <= node->threshold;
    node = &tree[static_cast<std::size_t>(left ? node->left : node->right)];
  }
  return node->value;
}

double quantile(std::vector<double> values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + at);
  return values[static_cast<std::size_t>(at)];
}

void check(const Rows& rows, std::span<const double> y, const BoostingOptions& o) {
  require(rows.size() > 0 && rows.size() == y.size(), "boosting: ", rows.size(), " rows of ",
          y.size(), " numbers");
  const auto finite = [](double number) { return std::isfinite(number); };
  require(std::ranges::all_of(rows.values, finite) && std::ranges::all_of(y, finite),
          "boosting: a number is not finite");
  const auto share = [](double number) { return number > 0 && number <= 1; };
  require(o.rounds >= 1 && o.leaves >= 2 && o.least >= 1 && share(o.rate) && share(o.row_share) &&
              share(o.column_share) && share(o.clip),
          "boosting: an option is out of its range");
}

/// A random share of 0 .. n - 1, at least one.
std::vector<std::int64_t> drawn(std::size_t n, double share, Generator& random) {
  std::vector<std::int64_t> all = random.permutation(static_cast<std::int64_t>(n));
  all.resize(std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(n))));
  std::ranges::sort(all);
  return all;
}

}  // namespace

BoostedTrees::BoostedTrees(const Rows& rows, std::span<const double> y,
                           const BoostingOptions& options)
    : columns_(rows.columns) {
  check(rows, y, options);
  start_ = quantile({y.begin(), y.end()}, 0.5);
  const Bins bins = binned(rows);
  Generator random(options.seed);
  std::vector<double> residuals(y.begin(), y.end()), clipped(y.size()), sizes(y.size());
  for (double& residual : residuals) residual -= start_;
  for (int round = 0; round < options.rounds; ++round) {
    std::ranges::transform(residuals, sizes.begin(), [](double r) { return std::abs(r); });
    const double most = quantile(sizes, options.clip);
    std::ranges::transform(residuals, clipped.begin(),
                           [most](double r) { return std::clamp(r, -most, most); });
    const auto seen = drawn(rows.size(), options.row_share, random);
    const auto columns = drawn(rows.columns, options.column_share, random);
    Grower grower(bins, clipped, options, {columns.begin(), columns.end()});
    trees_.push_back(grower.grow({seen.begin(), seen.end()}));
    for (std::size_t i = 0; i < rows.size(); ++i) residuals[i] -= answer(trees_.back(), rows[i]);
  }
}

BoostedTrees::BoostedTrees(std::size_t columns, double start, std::vector<Tree> trees)
    : columns_(columns), start_(start), trees_(std::move(trees)) {
  for (const Tree& tree : trees_) {
    require(!tree.empty(), "boosting: a tree has no node");
    for (std::size_t i = 0; i < tree.size(); ++i) {
      const TreeNode& node = tree[i];
      const auto later = [&](std::int32_t to) {
        return to > static_cast<std::int32_t>(i) && to < static_cast<std::int32_t>(tree.size());
      };
      const bool leaf = node.column == -1;
      require(leaf || (node.column >= 0 && static_cast<std::size_t>(node.column) < columns &&
                       later(node.left) && later(node.right)),
              "boosting: a node has no column or no nodes after it");
    }
  }
}

double BoostedTrees::predict(std::span<const double> row) const {
  double sum = start_;
  for (const Tree& tree : trees_) sum += answer(tree, row);
  return sum;
}

}  // namespace joule::nas
