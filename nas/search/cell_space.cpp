// SPDX-License-Identifier: MIT
#include "joule/nas/search/cell_space.h"

#include <algorithm>

#include "joule/core/error.h"

namespace joule::nas {
namespace {

constexpr const char* kEpochsDimension = "epochs";

}  // namespace

CellSpace::CellSpace(int vertices, std::span<const std::int64_t> budgets)
    : vertices_(vertices), budgets_(budgets.begin(), budgets.end()) {
  require(vertices >= 3 && vertices <= Cell::kMostVertices,
          "a space of cells: expected 3 to 7 vertices, got ", vertices);
  require(!budgets_.empty(), "a space of cells: expected a budget, got none");
  std::vector<search::Dimension> dimensions;
  for (int i = 0; i < vertices; ++i) {
    for (int j = i + 1; j < vertices; ++j) {
      edges_.push_back(str("edge_", i, "_", j));
      dimensions.push_back(
          {.name = edges_.back(), .kind = search::Kind::integer, .low = 0, .high = 1});
    }
  }
  for (int i = 1; i <= vertices - 2; ++i) {
    search::Dimension op{.name = str("op_", i), .kind = search::Kind::categorical};
    for (int k = 0; k < kCellOps; ++k) op.choices.emplace_back(name(static_cast<CellOp>(k)));
    ops_.push_back(op.name);
    dimensions.push_back(std::move(op));
  }
  search::Dimension epochs{.name = kEpochsDimension, .kind = search::Kind::categorical};
  for (std::size_t i = 0; i < budgets_.size(); ++i) {
    require(budgets_[i] > (i > 0 ? budgets_[i - 1] : 0),
            "a space of cells: expected budgets above 0, ascending, got ", budgets_[i]);
    epochs.choices.push_back(str(budgets_[i]));
  }
  if (budgets_.size() > 1) dimensions.push_back(std::move(epochs));
  space_ = search::Space(std::move(dimensions));
}

Cell CellSpace::cell(const search::Point& point) const {
  std::uint32_t bits = 0;
  std::size_t edge = 0;
  for (int i = 0; i < vertices_; ++i) {
    for (int j = i + 1; j < vertices_; ++j) {
      if (point.get<std::int64_t>(edges_[edge++]) == 1) {
        bits |= std::uint32_t{1} << Cell::edge_bit(i, j);
      }
    }
  }
  std::vector<CellOp> ops;
  for (const std::string& name : ops_) ops.push_back(parse_cell_op(point.get<std::string>(name)));
  return Cell(vertices_, bits, ops);
}

std::int64_t CellSpace::epochs(const search::Point& point) const {
  if (budgets_.size() == 1) return budgets_[0];
  const std::string& text = point.get<std::string>(kEpochsDimension);
  return *std::ranges::find_if(budgets_, [&](std::int64_t budget) { return str(budget) == text; });
}

search::Point CellSpace::point(const Cell& cell, std::int64_t epochs) const {
  require(cell.vertices() <= vertices_, "a space of cells of ", vertices_,
          " vertices: the cell has ", cell.vertices());
  require(std::ranges::count(budgets_, epochs) > 0, "a space of cells has no budget of ", epochs,
          " epochs");
  // Where a vertex of the space is in the cell; -1: it is not.
  const auto of_cell = [&](int vertex) {
    if (vertex == vertices_ - 1) return cell.vertices() - 1;
    return vertex < cell.vertices() - 1 ? vertex : -1;
  };
  search::Point point;
  std::size_t edge = 0;
  for (int i = 0; i < vertices_; ++i) {
    for (int j = i + 1; j < vertices_; ++j) {
      const int from = of_cell(i), to = of_cell(j);
      const bool there = from >= 0 && to >= 0 && cell.edge(from, to);
      point.set(edges_[edge++], std::int64_t{there});
    }
  }
  for (int i = 1; i <= vertices_ - 2; ++i) {
    const bool there = i <= cell.interior();
    point.set(ops_[static_cast<std::size_t>(i - 1)],
              std::string(name(there ? cell.op(i) : CellOp::conv3x3)));
  }
  if (budgets_.size() > 1) point.set(kEpochsDimension, str(epochs));
  return point;
}

}  // namespace joule::nas
