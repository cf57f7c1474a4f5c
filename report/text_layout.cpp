// SPDX-License-Identifier: MIT
#include "joule/report/text_layout.h"

#include <algorithm>
#include <utility>

#include "joule/core/error.h"

namespace joule::report {
namespace {

using Row = std::vector<std::string>;

std::vector<std::size_t> widths_of(const TextTable& table) {
  std::vector<std::size_t> widths;
  for (const std::string& cell : table.head) widths.push_back(cell.size());
  for (const Row& row : table.rows) {
    require(row.size() == widths.size(), "table: a row has ", row.size(), " cells, the head has ",
            widths.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  return widths;
}

/// The names and the columns [from, to).
std::string block(const TextTable& table, const std::vector<std::size_t>& widths, std::size_t from,
                  std::size_t to) {
  const auto line = [&](const Row& row) {
    std::string text;
    for (std::size_t i = 0; i < to; ++i) {
      const bool name = i < table.names;
      if (!name && i < from) continue;
      if (i > 0) text += table.gap;
      const std::string spaces(widths[i] - row[i].size(), ' ');
      text += name || i + table.texts >= row.size() ? row[i] + spaces : spaces + row[i];
    }
    text.resize(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  std::size_t width = 0;
  for (std::size_t i = 0; i < to; ++i) {
    if (i < table.names || i >= from) width += widths[i] + (i > 0 ? table.gap.size() : 0);
  }
  const std::string rule = table.rule ? std::string(width, '-') + "\n" : "";
  std::string text = line(table.head) + rule;
  for (const Row& row : table.rows) text += line(row);
  return text;
}

}  // namespace

TextTable text_table(std::vector<std::vector<std::string>> rows) {
  TextTable table{.head = std::move(rows.front())};
  rows.erase(rows.begin());
  table.rows = std::move(rows);
  return table;
}

std::string text_of(const TextTable& table, std::size_t width) {
  const std::vector<std::size_t> widths = widths_of(table);
  const std::size_t columns = widths.size(), names = std::min(table.names, columns);
  std::size_t named = 0;
  for (std::size_t i = 0; i < names; ++i) named += widths[i] + (i > 0 ? table.gap.size() : 0);
  std::string text;
  for (std::size_t from = names; text.empty() || from < columns;) {
    std::size_t to = from, taken = named;
    while (to < columns) {
      const std::size_t more = widths[to] + table.gap.size();
      if (to > from && (taken > width || more > width - taken)) break;
      taken += more;
      ++to;
    }
    if (!text.empty()) text += "\n";
    text += block(table, widths, from, to);
    from = to;
  }
  return text;
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t spaces = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t end = std::min(text.find(' ', spaces), text.size());
    const std::string_view word = text.substr(spaces, end - spaces);
    // Spaces at the beginning are the text's own indentation.
    if (column > 0 && column + spaces + word.size() > width && column > indent) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else {
      out.append(spaces, ' ');
      column += spaces;
    }
    out += word;
    column += word.size();
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace joule::report
