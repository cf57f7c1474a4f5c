// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

// Comma-separated values as RFC 4180 defines them.
namespace joule {

/// The cell, quoted if it contains a comma, a quote or a line end.
inline std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? "\"\"" : std::string(1, c);
  return cell + '"';
}

/// A row, ended by CR LF.
inline std::string csv_row(std::span<const std::string> cells) {
  std::string row;
  for (std::size_t i = 0; i < cells.size(); ++i) row += (i > 0 ? "," : "") + csv_cell(cells[i]);
  return row + "\r\n";
}

}  // namespace joule
