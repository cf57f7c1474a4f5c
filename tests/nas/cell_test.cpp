// SPDX-License-Identifier: MIT
#include "joule/nas/cell/cell.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/nas/cell/cell_json.h"
#include "joule/nas/cell/fingerprint.h"

namespace joule::nas {
namespace {

using enum CellOp;
using Matrix = std::vector<std::vector<int>>;

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

std::string fault_of_text(std::string_view text) {
  return message_of([&] { parse_cell(text); });
}

TEST(Cell, IsItsMatrixAndOperations) {
  const Matrix matrix{{0, 1, 1, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {0, 0, 0, 0}};
  const std::vector<CellOp> ops{conv1x1, maxpool3x3};
  const Cell cell(matrix, ops);
  EXPECT_EQ(cell.vertices(), 4);
  EXPECT_EQ(cell.edges(), 4);
  EXPECT_EQ(cell.matrix(), matrix);
  EXPECT_EQ(cell.op(1), conv1x1);
  EXPECT_EQ(cell.op(2), maxpool3x3);
  EXPECT_TRUE(cell.edge(1, 2));
  EXPECT_FALSE(cell.edge(0, 3));
  EXPECT_EQ(cell.predecessors(2), 0b0011U);
  EXPECT_EQ(cell.successors(0), 0b0110U);
  EXPECT_EQ(cell.successors(3), 0U);
  EXPECT_EQ(Cell(4, cell.edge_bits(), ops), cell);
  EXPECT_EQ(Cell(), Cell(Matrix{{0, 1}, {0, 0}}, {}));
}

TEST(Cell, IsWrittenAndReadAgain) {
  const Cell cell = parse_cell("0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3");
  EXPECT_EQ(to_text(cell), "0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3");
  EXPECT_EQ(parse_cell("0110001000010000:input,conv3x3-bn-relu,maxpool3x3,output"), cell);
  EXPECT_EQ(parse_cell("0110/0010/0001/0000:-1,0,2,-2"), cell);
  EXPECT_EQ(parse_cell("0110/0010/0001/0000:0,2"), cell);
  EXPECT_EQ(to_text(parse_cell("01/00")), "01/00");
  EXPECT_EQ(parse_cell("0100:input,output"), Cell());
}

TEST(Cell, HasAJsonForm) {
  const Cell cell = parse_cell("011/001/000:conv1x1-bn-relu");
  EXPECT_EQ(json_of(cell).dump(), R"({"matrix":[[0,1,1],[0,0,1],[0,0,0]],)"
                                  R"("ops":["input","conv1x1-bn-relu","output"]})");
  EXPECT_EQ(parse_cell(json_of(cell).dump()), cell);
  EXPECT_EQ(parse_cell(R"({"hash": "x", "module_adjacency": [[0,true,1],[0,0,1],[0,0,0]],
                           "module_operations": [-1, 1, -2]})"),
            cell);
  EXPECT_EQ(parse_cell(R"({"matrix": "011001000", "ops": "conv1x1-bn-relu"})"), cell);
  EXPECT_EQ(fault_of_text("{"), "cell: not JSON at byte 2");
  EXPECT_EQ(fault_of_text(R"({"ops": []})"), "cell: there is no 'matrix' (or 'module_adjacency')");
  EXPECT_EQ(fault_of_text(R"({"matrix": [[0, 2], [0, 0]], "ops": []})"),
            "cell: expected a matrix of 0 and 1, got [[0,2],[0,0]]");
  EXPECT_EQ(fault_of_text(R"({"matrix": [[0, 1], [0, 0]], "ops": {}})"),
            "cell: expected a list of operations, got {}");
  EXPECT_EQ(fault_of_text(R"({"matrix": [[0, 1], [0, 0]], "ops": [0.5]})"),
            "cell: expected a list of operations, got [0.5]");
}

TEST(Cell, RefusesWhatIsNone) {
  EXPECT_EQ(fault_of_text(""),
            "cell: expected a cell such as 0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3, got "
            "nothing");
  EXPECT_EQ(fault_of_text("01x/001/000:0"),
            "cell: expected a cell such as 0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3, got 'x' "
            "in the matrix");
  EXPECT_EQ(fault_of_text("01100"), "cell: the matrix is not square: 5 digits are not n * n");
  EXPECT_EQ(fault_of_text("011/001/00:0"),
            "cell: the matrix is not square: row 2 of 3 has 2 entries");
  EXPECT_EQ(fault_of_text("011/101/000:0"),
            "cell: the matrix is not upper triangular: row 1, column 0 is 1");
  EXPECT_EQ(fault_of_text("010/011/000:0"),
            "cell: the matrix is not upper triangular: row 1, column 1 is 1");
  EXPECT_EQ(fault_of_text("0"), "cell: expected 2 to 7 vertices, got 1");
  EXPECT_EQ(fault_of_text(str(std::string(64, '0'), ":0,0,0,0,0,0")),
            "cell: expected 2 to 7 vertices, got 8");
  EXPECT_EQ(fault_of_text("011/001/000:conv5x5"),
            "cell: there is no operation 'conv5x5'; there are conv3x3-bn-relu (0), conv1x1-bn-relu "
            "(1), maxpool3x3 (2)");
  EXPECT_EQ(fault_of_text("011/001/000"), "cell: 3 vertices have 1 interior operations, got 0");
  EXPECT_EQ(fault_of_text("011/001/000:0,1"), "cell: 3 vertices have 1 interior operations, got 2");
  EXPECT_EQ(fault_of_text("011/001/000:input,0,1"),
            "cell: the operations begin with input, so they must end with output, got '1'");
  EXPECT_EQ(message_of([] {
              Cell(Matrix{{0, 3}, {0, 0}}, {});
            }),
            "cell: expected entries 0 and 1, row 0, column 1 is 3");
  EXPECT_EQ(message_of([] { Cell(3, 8, std::vector{conv1x1}); }),
            "cell: 3 vertices have 3 possible edges, got the bits 8");
}

TEST(CellPruning, DropsWhatLiesOnNoWay) {
  // Vertex 1 leads nowhere, nothing leads to vertex 2.
  const Cell cell = parse_cell("01010/00000/00010/00001/00000:0,1,2");
  EXPECT_EQ(to_text(pruned(cell)), "010/001/000:maxpool3x3");
  EXPECT_EQ(checked(cell, {.vertices = 3}), pruned(cell));
  EXPECT_EQ(fault_of(cell, {.vertices = 3, .edges = 2}), "");
  EXPECT_EQ(fault_of(cell, {.vertices = 2}),
            "the cell has 3 vertices after pruning, the space at most 2");
  EXPECT_EQ(fault_of(cell, {.edges = 1}),
            "the cell has 2 edges after pruning, the space at most 1");
  EXPECT_EQ(fault_of(parse_cell("011/001/000:0"), {.edges = 2}),
            "the cell has 3 edges, the space at most 2");
}

TEST(CellPruning, RefusesTheDisconnected) {
  const Cell cell = parse_cell("0110/0010/0000/0000:0,1");
  EXPECT_EQ(fault_of(cell), "no way leads from the cell's input to its output");
  const std::string fault =
      "cell 0110/0010/0000/0000:conv3x3-bn-relu,conv1x1-bn-relu: no way leads from the cell's "
      "input "
      "to its output";
  EXPECT_EQ(message_of([&] { checked(cell); }), fault);
  EXPECT_EQ(message_of([&] { pruned(cell); }), fault);
  EXPECT_EQ(message_of([&] { fingerprint(cell); }), fault);
}

// The expected values are those of a program that was written by the authors' definition in Python:
// tests/cli/nas/cli_nas_cells_test.py has it.
TEST(CellFingerprint, IsThatOfTheTables) {
  const std::pair<const char*, const char*> kCases[]{
      {"01/00", "043721b9c7fe8c5fad811d47d83132ec"},
      {"011/001/000:1", "09fc2d10bdd6225e167a6f81a22a3f06"},
      {"0110/0010/0001/0000:2,2", "001a6fcc8b38cbc515be788a86bdc804"},
      {"01111/00100/00010/00001/00000:0,1,2", "d494811e0bee5aaa9f6f08226acc0dbf"},
      {"0110100/0001000/0000101/0000010/0000010/0000001/0000000:0,1,2,0,1",
       "4f190d6f96b6bb4f57767ea21474dfe6"},
  };
  for (const auto& [cell, expected] : kCases) {
    EXPECT_EQ(to_text(fingerprint(parse_cell(cell))), expected) << cell;
  }
}

TEST(CellFingerprint, IsOfThePrunedCell) {
  EXPECT_EQ(fingerprint(parse_cell("01010/00000/00010/00001/00000:0,1,2")),
            fingerprint(parse_cell("010/001/000:2")));
}

TEST(CellFingerprint, DoesNotDependOnTheOrderOfVertices) {
  const Fingerprint one = fingerprint(parse_cell("01100/00010/00010/00001/00000:0,2,1"));
  EXPECT_EQ(fingerprint(parse_cell("01100/00010/00010/00001/00000:2,0,1")), one);
  EXPECT_NE(fingerprint(parse_cell("01100/00010/00010/00001/00000:2,1,0")), one);
}

TEST(CellFingerprint, IsWrittenAndReadAgain) {
  const Fingerprint one = fingerprint(Cell());
  EXPECT_EQ(parse_fingerprint(to_text(one)), one);
  EXPECT_EQ(to_text(parse_fingerprint("00FF00ff000000000000000000000abC")),
            "00ff00ff000000000000000000000abc");
  EXPECT_FALSE(is_fingerprint("00ff"));
  EXPECT_EQ(message_of([] { parse_fingerprint("00gf00ff000000000000000000000abc"); }),
            "fingerprint: expected 32 hexadecimal digits, got '00gf00ff000000000000000000000abc'");
}

}  // namespace
}  // namespace joule::nas
