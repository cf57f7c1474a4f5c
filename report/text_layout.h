// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

// Tables and paragraphs as plain text, for a terminal of some width or a file of unlimited width.
namespace joule::report {

/// Lines are never broken.
inline constexpr std::size_t kAnyWidth = std::numeric_limits<std::size_t>::max();

struct TextTable {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows{};
  std::size_t names = 1;        // the first columns that name the row, left-aligned
  std::string_view gap = "  ";  // between columns
  bool rule = false;            // below the head
  std::size_t texts = 0;        // the last columns that are text, left-aligned as well
};

/// The first row is the head.
TextTable text_table(std::vector<std::vector<std::string>> rows);

/// Columns are as wide as their widest cell; no line ends in spaces.  If they take more than
/// `width`, the table is broken into blocks of columns below each other, each of which begins with
/// the names of the rows; only a block of one column may then be wider.
///
/// Errors    ArgumentError if a row does not have as many cells as the head.
std::string text_of(const TextTable& table, std::size_t width = kAnyWidth);

/// The text, broken at spaces into lines of at most `width`; all but the first begin with `indent`
/// spaces.  A word that is longer has a line of its own.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 0);

}  // namespace joule::report
