// SPDX-License-Identifier: MIT
#include "joule/nas/surrogate/measured_cells.h"

#include <set>
#include <sstream>

#include "joule/core/error.h"
#include "joule/io/gzip_reader.h"
#include "joule/io/input_file.h"
#include "joule/io/parse_number.h"
#include "joule/nas/network/network.h"

namespace joule::nas {
namespace {

constexpr std::string_view kHeader = "upper_triangle_28,node_codes_7,parameters,energy_kwh";
constexpr double kJoulesOfKwh = 3.6e6;

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream text(line);
  for (std::string field; std::getline(text, field, ',');) fields.push_back(field);
  return fields;
}

std::vector<CellOp> ops_of(const std::string& codes) {
  constexpr auto kSize = static_cast<std::size_t>(Cell::kMostVertices);
  require(codes.size() == kSize && codes[0] == '1',
          "expected 7 codes of vertices that begin with 1, "
          "got '",
          codes, "'");
  std::vector<CellOp> ops;
  std::size_t at = 1;
  for (; at < kSize && codes[at] != '5'; ++at) {
    const char code = codes[at];
    require(code >= '2' && code <= '4', "expected the codes 2, 3, 4 between 1 and 5, got '", codes,
            "'");
    ops.push_back(code == '2'   ? CellOp::conv1x1
                  : code == '3' ? CellOp::conv3x3
                                : CellOp::maxpool3x3);
  }
  require(at < kSize && codes.find_first_not_of('0', at + 1) == std::string::npos,
          "expected the code 5 and then 0 alone, got '", codes, "'");
  return ops;
}

Cell cell_of(const std::string& triangle, const std::string& codes) {
  const std::vector<CellOp> ops = ops_of(codes);
  const std::size_t n = ops.size() + 2;
  require(triangle.size() == 28, "expected 28 digits of the upper triangle, got ", triangle.size());
  std::vector<std::vector<int>> matrix(n, std::vector<int>(n, 0));
  std::size_t at = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Cell::kMostVertices); ++i) {
    for (std::size_t k = i; k < static_cast<std::size_t>(Cell::kMostVertices); ++k, ++at) {
      const char digit = triangle[at];
      require(digit == '0' || digit == '1', "expected digits 0 and 1, got '", triangle, "'");
      require(digit == '0' || (i != k && k < n), "an edge from ", i, " to ", k, ", of ", n,
              " vertices");
      if (digit == '1') matrix[i][k] = 1;
    }
  }
  return {matrix, ops};
}

MeasuredCell measured_of(const std::string& line) {
  const std::vector<std::string> fields = fields_of(line);
  require(fields.size() == 4, "expected 4 fields, got ", fields.size());
  MeasuredCell of{.cell = cell_of(fields[0], fields[1]),
                  .parameters = parse_number<double>("parameters", fields[2]),
                  .joules = parse_number<double>("energy_kwh", fields[3]) * kJoulesOfKwh};
  const std::string fault = fault_of(of.cell);
  require(fault.empty(), fault);
  const std::int64_t own = counts_of(of.cell, {}).parameters;
  require(of.parameters == static_cast<double>(own), "parameters ", fields[2],
          ", the net of its cell ", to_text(of.cell), " has ", own);
  require(of.joules > 0, "energy_kwh: expected more than 0, got ", fields[3]);
  return of;
}

}  // namespace

std::vector<MeasuredCell> read_measured_cells(const std::string& path) {
  GzipReader file(path);
  const std::vector<std::uint8_t> bytes = file.read_at_most(kMaxTextBytes);
  std::istringstream text(std::string(bytes.begin(), bytes.end()));
  std::string line;
  const auto next = [&] {
    const bool there = static_cast<bool>(std::getline(text, line));
    if (there && line.ends_with('\r')) line.pop_back();
    return there;
  };
  if (!next() || line != kHeader) {
    throw DataError(str(path, ": line 1: expected '", kHeader, "'"));
  }
  std::vector<MeasuredCell> all;
  std::set<Cell> seen;
  for (std::size_t number = 2; next(); ++number) {
    if (line.empty()) continue;
    try {
      all.push_back(measured_of(line));
      require(seen.insert(all.back().cell).second, "the cell is there twice");
    } catch (const ArgumentError& error) {
      throw DataError(str(path, ": line ", number, ": ", error.what()));
    }
  }
  if (all.empty()) throw DataError(path + ": has no cell");
  return all;
}

}  // namespace joule::nas
