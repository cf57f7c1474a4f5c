// SPDX-License-Identifier: MIT
#include "joule/cli/terminal/bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace joule::cli {
namespace {

std::string bar(double share, std::size_t width) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(width));
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

}  // namespace

std::string duration(double seconds) {
  const auto total = static_cast<std::int64_t>(std::ceil(seconds));
  const std::int64_t h = total / 3600, m = total / 60 % 60, s = total % 60;
  return h > 0 ? fmt::format("{}:{:02}:{:02}", h, m, s) : fmt::format("{}:{:02}", m, s);
}

std::string fitted(const std::string& begin, double share, const std::vector<std::string>& parts,
                   std::size_t width) {
  constexpr std::size_t kWidest = 24, kNarrowest = 8, kBrackets = 3;  // and a space before it
  std::string line = begin, rest;
  for (const std::string& part : parts) {
    const std::size_t taken = line.size() + kBrackets + kNarrowest + rest.size() + 2 + part.size();
    if (taken > width) break;
    rest += "  " + part;
  }
  const std::size_t taken = line.size() + kBrackets + rest.size();
  if (taken + kNarrowest <= width) {
    line += " " + bar(share, std::min(kWidest, width - taken));
  }
  return (line + rest).substr(0, width);
}

}  // namespace joule::cli
