// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The cells of NAS-Bench-101: small directed graphs, which a net repeats.
//
// Source    Ying et al. 2019, arXiv:1902.09635, section 2.
namespace joule::nas {

/// The operation of an interior vertex; the number is the authors' label.
enum class CellOp : std::uint8_t { conv3x3 = 0, conv1x1 = 1, maxpool3x3 = 2 };
inline constexpr int kCellOps = 3;

/// "conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3".
std::string_view name(CellOp op);
/// The inverse; also accepts the authors' labels "0", "1" and "2".
///
/// Errors    ArgumentError (the text, the names).
CellOp parse_cell_op(std::string_view text);

/// Limits on a cell of a space after pruning.
struct CellLimits {
  int vertices = 7;
  int edges = 9;
  friend bool operator==(const CellLimits&, const CellLimits&) = default;
};

/// A directed graph on the vertices 0 (the input) to vertices() - 1 (the output), whose edges lead
/// from lower to higher numbers, with an operation at each vertex in between.  Some vertices may
/// not lie on any path from input to output: see pruned().
class Cell {
 public:
  static constexpr int kLeastVertices = 2, kMostVertices = 7;

  /// Input and output, with an edge between them.
  Cell() = default;
  /// From an adjacency matrix of 0 and 1 and the operations of the interior vertices.
  ///
  /// Errors    ArgumentError that names what is wrong: not square, 1 or more than 7 vertices, an
  ///           entry that is not 0 or 1, an edge on or below the diagonal, another number of ops.
  Cell(const std::vector<std::vector<int>>& matrix, std::span<const CellOp> ops);
  /// From edge_bits(); ops as above.
  ///
  /// Errors    ArgumentError: vertices out of range, bits of impossible edges, another number
  ///           of ops.
  Cell(int vertices, std::uint32_t edge_bits, std::span<const CellOp> ops);

  int vertices() const { return vertices_; }
  int interior() const { return vertices_ - 2; }
  int edges() const;
  /// Needs from < to < vertices().
  bool edge(int from, int to) const { return (bits_ >> edge_bit(from, to) & 1U) != 0; }
  /// Bit w is set if an edge leads from w to `vertex`, or from `vertex` to w.
  unsigned predecessors(int vertex) const;
  unsigned successors(int vertex) const;
  /// Of an interior vertex, 1 to vertices() - 2.
  CellOp op(int vertex) const { return ops_[static_cast<std::size_t>(vertex - 1)]; }
  std::span<const CellOp> ops() const {
    return {ops_.data(), static_cast<std::size_t>(interior())};
  }

  /// All edges, each as bit edge_bit(from, to).  Numbered by columns, as by the authors, so the
  /// numbers do not depend on the number of vertices.
  std::uint32_t edge_bits() const { return bits_; }
  static constexpr int edge_bit(int from, int to) { return from + to * (to - 1) / 2; }
  static constexpr int possible_edges(int vertices) { return vertices * (vertices - 1) / 2; }

  std::vector<std::vector<int>> matrix() const;

  /// Compares vertices in order, edges and operations, so isomorphic cells may
  /// differ.
  friend auto operator<=>(const Cell&, const Cell&) = default;
  friend bool operator==(const Cell&, const Cell&) = default;

 private:
  std::uint8_t vertices_ = 2;
  std::uint32_t bits_ = 1;
  std::array<CellOp, kMostVertices - 2> ops_{};
};

/// The cell without the vertices that do not lie on a path from input to output.
///
/// Errors    ArgumentError if there is no path from input to output.
Cell pruned(const Cell& cell);

/// Why the cell, after pruning, is not in the space with those limits; empty if it is.  `whose`
/// names what has the limits: "the cell has 4 vertices, this table at most 3".
std::string fault_of(const Cell& cell, const CellLimits& limits = {},
                     std::string_view whose = "the space");

/// The pruned cell.
///
/// Errors    ArgumentError with fault_of().
Cell checked(const Cell& cell, const CellLimits& limits = {});

/// "0110/0010/0001/0000:maxpool3x3,maxpool3x3": the rows of the matrix, the interior operations.
std::string to_text(const Cell& cell);

/// Parses a cell as people and files write it: to_text(), also without the slashes and with "input"
/// and "output" (or -1 and -2) around the operations, as in NAS-Bench-101's records; or the JSON of
/// cell_json.h.
///
/// Errors    ArgumentError that says what is wrong with the text; as Cell().
Cell parse_cell(std::string_view text);

/// Operations by their names or labels, with or without the two ends around them, for a matrix with
/// `vertices` vertices.
///
/// Errors    ArgumentError: an unknown op, an end in the wrong place, another number.
std::vector<CellOp> parse_cell_ops(std::span<const std::string> names, int vertices);

}  // namespace joule::nas
