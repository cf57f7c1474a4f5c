// SPDX-License-Identifier: MIT
#include "joule/nas/cell/cell.h"

#include <algorithm>
#include <bit>

#include "joule/core/error.h"

namespace joule::nas {
namespace {

constexpr std::array<std::string_view, kCellOps> kOpNames{"conv3x3-bn-relu", "conv1x1-bn-relu",
                                                          "maxpool3x3"};

void require_vertices(std::size_t vertices) {
  require(vertices >= Cell::kLeastVertices && vertices <= Cell::kMostVertices, "cell: expected ",
          Cell::kLeastVertices, " to ", Cell::kMostVertices, " vertices, got ", vertices);
}

void require_ops(std::size_t ops, int vertices) {
  require(ops == static_cast<std::size_t>(vertices - 2), "cell: ", vertices, " vertices have ",
          vertices - 2, " interior operations, got ", ops);
}

/// The vertices that can be reached from `vertex`, itself among them, by steps to next(vertex).
template <class Next>
unsigned reached(int vertex, const Next& next) {
  unsigned all = 1U << vertex, unvisited = all;
  while (unvisited != 0) {
    const int at = std::countr_zero(unvisited);
    unvisited &= unvisited - 1;
    const unsigned more = next(at) & ~all;
    all |= more;
    unvisited |= more;
  }
  return all;
}

/// The vertices on a way from input to output; 0 if there is none.
unsigned on_a_way(const Cell& cell) {
  const unsigned down = reached(0, [&](int v) { return cell.successors(v); });
  const unsigned up = reached(cell.vertices() - 1, [&](int v) { return cell.predecessors(v); });
  return (down >> (cell.vertices() - 1) & 1U) != 0 ? down & up : 0;
}

constexpr const char* kDisconnected = "no way leads from the cell's input to its output";

}  // namespace

std::string_view name(CellOp op) { return kOpNames[static_cast<std::size_t>(op)]; }

CellOp parse_cell_op(std::string_view text) {
  for (int i = 0; i < kCellOps; ++i) {
    if (text == kOpNames[static_cast<std::size_t>(i)] || text == std::to_string(i)) {
      return static_cast<CellOp>(i);
    }
  }
  throw ArgumentError(str("cell: there is no operation '", text,
                          "'; there are conv3x3-bn-relu (0), conv1x1-bn-relu (1), maxpool3x3 (2)"));
}

Cell::Cell(const std::vector<std::vector<int>>& matrix, std::span<const CellOp> ops) {
  require_vertices(matrix.size());
  vertices_ = static_cast<std::uint8_t>(matrix.size());
  bits_ = 0;
  for (int from = 0; from < vertices_; ++from) {
    const std::vector<int>& row = matrix[static_cast<std::size_t>(from)];
    require(row.size() == matrix.size(), "cell: the matrix is not square: row ", from, " of ",
            matrix.size(), " has ", row.size(), " entries");
    for (int to = 0; to < vertices_; ++to) {
      const int entry = row[static_cast<std::size_t>(to)];
      require(entry == 0 || entry == 1, "cell: expected entries 0 and 1, row ", from, ", column ",
              to, " is ", entry);
      require(entry == 0 || from < to, "cell: the matrix is not upper triangular: row ", from,
              ", column ", to, " is 1");
      if (entry == 1) bits_ |= 1U << edge_bit(from, to);
    }
  }
  require_ops(ops.size(), vertices_);
  std::ranges::copy(ops, ops_.begin());
}

Cell::Cell(int vertices, std::uint32_t edge_bits, std::span<const CellOp> ops) {
  require_vertices(static_cast<std::size_t>(std::max(vertices, 0)));
  require(edge_bits >> possible_edges(vertices) == 0, "cell: ", vertices, " vertices have ",
          possible_edges(vertices), " possible edges, got the bits ", edge_bits);
  require_ops(ops.size(), vertices);
  vertices_ = static_cast<std::uint8_t>(vertices);
  bits_ = edge_bits;
  std::ranges::copy(ops, ops_.begin());
}

int Cell::edges() const { return std::popcount(bits_); }

unsigned Cell::predecessors(int vertex) const {
  return bits_ >> edge_bit(0, vertex) & ((1U << vertex) - 1);  // a column lies together
}

unsigned Cell::successors(int vertex) const {
  unsigned to = 0;
  for (int w = vertex + 1; w < vertices_; ++w) to |= static_cast<unsigned>(edge(vertex, w)) << w;
  return to;
}

std::vector<std::vector<int>> Cell::matrix() const {
  const auto n = static_cast<std::size_t>(vertices_);
  std::vector<std::vector<int>> matrix(n, std::vector<int>(n, 0));
  for (int to = 1; to < vertices_; ++to) {
    for (int from = 0; from < to; ++from) {
      matrix[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)] = edge(from, to) ? 1 : 0;
    }
  }
  return matrix;
}

Cell pruned(const Cell& cell) {
  const unsigned kept = on_a_way(cell);
  require(kept != 0, "cell ", to_text(cell), ": ", kDisconnected);
  std::array<int, Cell::kMostVertices> old{};
  std::array<CellOp, Cell::kMostVertices> ops{};
  int n = 0;
  for (int v = 0; v < cell.vertices(); ++v) {
    if ((kept >> v & 1U) == 0) continue;
    if (v > 0 && v < cell.vertices() - 1) ops[static_cast<std::size_t>(n - 1)] = cell.op(v);
    old[static_cast<std::size_t>(n++)] = v;
  }
  std::uint32_t bits = 0;
  for (int to = 1; to < n; ++to) {
    for (int from = 0; from < to; ++from) {
      if (cell.edge(old[static_cast<std::size_t>(from)], old[static_cast<std::size_t>(to)])) {
        bits |= 1U << Cell::edge_bit(from, to);
      }
    }
  }
  return {n, bits, std::span(ops).first(static_cast<std::size_t>(n - 2))};
}

std::string fault_of(const Cell& cell, const CellLimits& limits, std::string_view whose) {
  if (on_a_way(cell) == 0) return kDisconnected;
  const Cell left = pruned(cell);
  const char* const of = left == cell ? "" : " after pruning";
  if (left.vertices() > limits.vertices) {
    return str("the cell has ", left.vertices(), " vertices", of, ", ", whose, " at most ",
               limits.vertices);
  }
  if (left.edges() > limits.edges) {
    return str("the cell has ", left.edges(), " edges", of, ", ", whose, " at most ", limits.edges);
  }
  return {};
}

Cell checked(const Cell& cell, const CellLimits& limits) {
  if (const std::string fault = fault_of(cell, limits); !fault.empty()) {
    throw ArgumentError(str("cell ", to_text(cell), ": ", fault));
  }
  return pruned(cell);
}

}  // namespace joule::nas
