// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/nas/cell/cell.h"
#include "joule/nas/cell/cell_json.h"

namespace joule::nas {
namespace {

using nlohmann::ordered_json;

constexpr const char* kForm =
    "expected a cell such as 0110/0010/0001/0000:conv3x3-bn-relu,maxpool3x3";

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// The rows of a matrix from digits, which strokes may divide.
std::vector<std::vector<int>> rows_of(std::string_view digits) {
  std::vector<std::string> rows = split(digits, '/');
  if (rows.size() == 1) {  // without strokes: n * n digits
    std::size_t n = 1;
    while (n * n < digits.size()) ++n;
    require(n * n == digits.size(), "cell: the matrix is not square: ", digits.size(),
            " digits are not n * n");
    rows.clear();
    for (std::size_t row = 0; row < n; ++row) rows.emplace_back(digits.substr(row * n, n));
  }
  std::vector<std::vector<int>> matrix;
  for (const std::string& row : rows) {
    std::vector<int>& entries = matrix.emplace_back();
    for (const char c : row) {
      require(c == '0' || c == '1', "cell: ", kForm, ", got '", c, "' in the matrix");
      entries.push_back(c - '0');
    }
  }
  return matrix;
}

const ordered_json& member(const ordered_json& cell, const char* name, const char* authors) {
  if (const auto found = cell.find(name); found != cell.end()) return *found;
  const auto found = cell.find(authors);
  require(found != cell.end(), "cell: there is no '", name, "' (or '", authors, "')");
  return *found;
}

std::vector<std::vector<int>> matrix_of(const ordered_json& value) {
  const auto refuse = [&] {
    throw ArgumentError(str("cell: expected a matrix of 0 and 1, got ", dumped(value)));
  };
  if (value.is_string()) return rows_of(value.get<std::string>());
  if (!value.is_array()) refuse();
  std::vector<std::vector<int>> matrix;
  for (const ordered_json& row : value) {
    if (!row.is_array()) refuse();
    std::vector<int>& entries = matrix.emplace_back();
    for (const ordered_json& entry : row) {
      if (entry != 0 && entry != 1 && entry != true && entry != false) refuse();
      entries.push_back(entry == 1 || entry == true ? 1 : 0);
    }
  }
  return matrix;
}

std::vector<std::string> op_names(const ordered_json& value) {
  std::vector<std::string> names;
  const auto refuse = [&] {
    throw ArgumentError(str("cell: expected a list of operations, got ", dumped(value)));
  };
  if (value.is_string()) return split(value.get<std::string>(), ',');
  if (!value.is_array()) refuse();
  for (const ordered_json& op : value) {
    if (!op.is_string() && !op.is_number_integer()) refuse();
    names.push_back(op.is_string() ? op.get<std::string>() : dumped(op));
  }
  return names;
}

}  // namespace

std::vector<CellOp> parse_cell_ops(std::span<const std::string> names, int vertices) {
  std::span<const std::string> interior = names;
  if (!names.empty() && (names.front() == "input" || names.front() == "-1")) {
    require(names.size() >= 2 && (names.back() == "output" || names.back() == "-2"),
            "cell: the operations begin with ", names.front(),
            ", so they must end with output, got '", names.back(), "'");
    interior = names.subspan(1, names.size() - 2);
  }
  require(interior.size() + 2 == static_cast<std::size_t>(vertices), "cell: ", vertices,
          " vertices have ", vertices - 2, " interior operations, got ", interior.size());
  std::vector<CellOp> ops;
  for (const std::string& each : interior) ops.push_back(parse_cell_op(each));
  return ops;
}

std::string to_text(const Cell& cell) {
  std::string text;
  for (const std::vector<int>& row : cell.matrix()) {
    if (!text.empty()) text += '/';
    for (const int entry : row) text += static_cast<char>('0' + entry);
  }
  for (int v = 1; v <= cell.interior(); ++v) {
    text += v == 1 ? ':' : ',';
    text += name(cell.op(v));
  }
  return text;
}

Cell parse_cell(std::string_view text) {
  if (text.starts_with('{')) {
    const std::string fault = fault_of_json(text);
    require(fault.empty(), "cell: ", fault);
    return cell_of_json(ordered_json::parse(text));
  }
  const std::size_t colon = text.find(':');
  require(!text.empty(), "cell: ", kForm, ", got nothing");
  const std::vector<std::vector<int>> matrix = rows_of(text.substr(0, colon));
  std::vector<std::string> names;
  if (colon != std::string_view::npos && colon + 1 < text.size()) {
    names = split(text.substr(colon + 1), ',');
  }
  // What is wrong with the matrix is said before its operations are counted.
  const std::vector<CellOp> any(matrix.size() < 2 ? 0 : matrix.size() - 2);
  const Cell shape(matrix, any);
  return {matrix, parse_cell_ops(names, shape.vertices())};
}

ordered_json json_of(const Cell& cell) {
  ordered_json ops{"input"};
  for (const CellOp op : cell.ops()) ops.push_back(std::string(name(op)));
  ops.push_back("output");
  return {{"matrix", cell.matrix()}, {"ops", std::move(ops)}};
}

Cell cell_of_json(const ordered_json& value) {
  require(value.is_object(), "cell: expected an object with matrix and ops, got ", dumped(value));
  const std::vector<std::vector<int>> matrix =
      matrix_of(member(value, "matrix", "module_adjacency"));
  const std::vector<std::string> names = op_names(member(value, "ops", "module_operations"));
  const std::vector<CellOp> any(matrix.size() < 2 ? 0 : matrix.size() - 2);
  const Cell shape(matrix, any);
  return {matrix, parse_cell_ops(names, shape.vertices())};
}

}  // namespace joule::nas
