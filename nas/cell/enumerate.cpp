// SPDX-License-Identifier: MIT
#include "joule/nas/cell/enumerate.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>
#include <unordered_set>

#include "joule/core/error.h"
#include "joule/core/threads.h"

namespace joule::nas {
namespace {

using Order = std::array<int, Cell::kMostVertices>;  // where each vertex goes
using Ops = std::array<CellOp, Cell::kMostVertices - 2>;
constexpr int kMostEdges = Cell::possible_edges(Cell::kMostVertices);

/// The orders of so many vertices that leave the first and the last in place.
std::vector<Order> orders_of(int vertices) {
  Order order{};
  std::iota(order.begin(), order.end(), 0);
  std::vector<Order> all;
  do {
    all.push_back(order);
  } while (std::next_permutation(order.begin() + 1, order.begin() + vertices - 1));
  return all;
}

const std::vector<Order>& orders(int vertices) {
  static const std::array<std::vector<Order>, Cell::kMostVertices + 1> all = [] {
    std::array<std::vector<Order>, Cell::kMostVertices + 1> made;
    for (int v = Cell::kLeastVertices; v <= Cell::kMostVertices; ++v) {
      made[static_cast<std::size_t>(v)] = orders_of(v);
    }
    return made;
  }();
  return all[static_cast<std::size_t>(vertices)];
}

struct Edge {
  int from, to;
};

constexpr std::array<Edge, kMostEdges> kEdges = [] {
  std::array<Edge, kMostEdges> edges{};
  for (int to = 1; to < Cell::kMostVertices; ++to) {
    for (int from = 0; from < to; ++from) {
      edges[static_cast<std::size_t>(Cell::edge_bit(from, to))] = {from, to};
    }
  }
  return edges;
}();

/// The edges in another order of the vertices; none if one of them leads downward there.
std::optional<std::uint32_t> reordered(std::uint32_t bits, const Order& order) {
  std::uint32_t moved = 0;
  for (; bits != 0; bits &= bits - 1) {
    const Edge edge = kEdges[static_cast<std::size_t>(std::countr_zero(bits))];
    const int from = order[static_cast<std::size_t>(edge.from)];
    const int to = order[static_cast<std::size_t>(edge.to)];
    if (from > to) return std::nullopt;
    moved |= 1U << Cell::edge_bit(from, to);
  }
  return moved;
}

Ops reordered(const Ops& ops, const Order& order, int vertices) {
  Ops moved{};
  for (int v = 1; v < vertices - 1; ++v) {
    moved[static_cast<std::size_t>(order[static_cast<std::size_t>(v)] - 1)] =
        ops[static_cast<std::size_t>(v - 1)];
  }
  return moved;
}

/// Every vertex but the output leads somewhere, every one but the input is led to.
bool is_full(int vertices, std::uint32_t bits) {
  unsigned leads = 1U << (vertices - 1);
  for (int to = 1; to < vertices; ++to) {
    const unsigned from = bits >> Cell::edge_bit(0, to) & ((1U << to) - 1);
    if (from == 0) return false;
    leads |= from;
  }
  return leads == (1U << vertices) - 1;
}

/// The orders that leave the edges as they are; none if an order makes smaller bits of them.
std::vector<const Order*> automorphisms_of_smallest(int vertices, std::uint32_t bits) {
  std::vector<const Order*> same;
  for (const Order& order : orders(vertices)) {
    const auto moved = reordered(bits, order);
    if (!moved) continue;
    if (*moved < bits) return {};
    if (*moved == bits) same.push_back(&order);
  }
  return same;
}

/// Appends the cells with those edges, of each set of isomorphic ones the smallest.
void add_labelled(int vertices, std::uint32_t bits, std::vector<Cell>& cells) {
  const std::vector<const Order*> same = automorphisms_of_smallest(vertices, bits);
  if (same.empty()) return;
  const auto interior = static_cast<std::size_t>(vertices - 2);
  int labellings = 1;
  for (std::size_t v = 0; v < interior; ++v) labellings *= kCellOps;
  for (int number = 0; number < labellings; ++number) {
    Ops ops{};
    for (std::size_t v = interior, rest = static_cast<std::size_t>(number); v-- > 0;) {
      ops[v] = static_cast<CellOp>(rest % kCellOps);
      rest /= kCellOps;
    }
    if (std::ranges::none_of(
            same, [&](const Order* order) { return reordered(ops, *order, vertices) < ops; })) {
      cells.emplace_back(vertices, bits, std::span(ops).first(interior));
    }
  }
}

void check(const CellLimits& limits) {
  require(limits.vertices >= Cell::kLeastVertices && limits.vertices <= Cell::kMostVertices,
          "vertices: expected ", Cell::kLeastVertices, " to ", Cell::kMostVertices, ", got ",
          limits.vertices);
  require(limits.edges >= 1 && limits.edges <= kMostEdges, "edges: expected 1 to ", kMostEdges,
          ", got ", limits.edges);
}

constexpr std::int64_t kFingerprintsWorthAThread = 256;

}  // namespace

Cell canonical(const Cell& cell) {
  const Cell left = pruned(cell);
  const int n = left.vertices();
  Ops ops{};
  std::ranges::copy(left.ops(), ops.begin());
  std::pair<std::uint32_t, Ops> best{left.edge_bits(), ops};
  for (const Order& order : orders(n)) {
    const auto bits = reordered(left.edge_bits(), order);
    if (bits && *bits <= best.first) best = std::min(best, {*bits, reordered(ops, order, n)});
  }
  return {n, best.first, std::span(best.second).first(static_cast<std::size_t>(n - 2))};
}

std::vector<Cell> canonical_cells(const CellLimits& limits) {
  check(limits);
  std::vector<Cell> cells;
  for (int vertices = Cell::kLeastVertices; vertices <= limits.vertices; ++vertices) {
    const std::uint32_t end = 1U << Cell::possible_edges(vertices);
    for (std::uint32_t bits = 1; bits < end; ++bits) {
      if (std::popcount(bits) <= limits.edges && is_full(vertices, bits)) {
        add_labelled(vertices, bits, cells);
      }
    }
  }
  return cells;
}

std::vector<NamedCell> enumerate(const CellLimits& limits) {
  const std::vector<Cell> cells = canonical_cells(limits);
  std::vector<NamedCell> named(cells.size());
  parallel_for(static_cast<std::int64_t>(cells.size()), kFingerprintsWorthAThread,
               [&](std::int64_t begin, std::int64_t end) {
                 for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end);
                      ++i) {
                   named[i] = {cells[i], fingerprint(cells[i])};
                 }
               });
  std::unordered_set<Fingerprint> seen;
  seen.reserve(named.size());
  std::erase_if(named,
                [&](const NamedCell& cell) { return !seen.insert(cell.fingerprint).second; });
  return named;
}

Cell random_cell(const CellLimits& limits, Generator& random) {
  check(limits);
  while (true) {
    const auto bits = static_cast<std::uint32_t>(
        random.below(std::uint64_t{1} << Cell::possible_edges(limits.vertices)));
    Ops ops{};
    const auto interior = static_cast<std::size_t>(limits.vertices - 2);
    for (std::size_t v = 0; v < interior; ++v) ops[v] = static_cast<CellOp>(random.below(kCellOps));
    const Cell cell(limits.vertices, bits, std::span(ops).first(interior));
    if (fault_of(cell, limits).empty()) return pruned(cell);
  }
}

}  // namespace joule::nas
