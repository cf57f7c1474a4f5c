// SPDX-License-Identifier: MIT
#include "joule/bench/text_table.h"

#include <fmt/core.h>

#include <algorithm>

#include "joule/core/error.h"

namespace joule::bench {

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return {};
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    require(row.size() == widths.size(), "table: a row has ", row.size(), " cells, the head has ",
            widths.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = fmt::format("{:<{}}", row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i)
      line += fmt::format("   {:>{}}", row[i], widths[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    if (&row == &rows[0]) text += std::string(line.size(), '-') + "\n";
  }
  return text;
}

}  // namespace joule::bench
