// SPDX-License-Identifier: MIT
#include "joule/io/nearest.h"

#include <algorithm>
#include <cctype>

#include "joule/core/error.h"

namespace joule {
namespace {

bool same(char a, char b) {
  const auto small = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return small(a) == small(b);
}

/// Source    Damerau 1964; the "optimal string alignment", which edits no substring twice.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1)});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest =
      100;  // no name is that long, and the distance takes their product
  if (name.size() > kLongest) return {};
  const std::string* best = nullptr;
  std::size_t least = name.size() / 3 + 1;
  for (const std::string& candidate : known) {
    if (const std::size_t distance = edit_distance(name, candidate); distance < least) {
      least = distance;
      best = &candidate;
    }
  }
  return best ? *best : std::string();
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const std::string meant = nearest(name, known);
  return meant.empty() ? "" : str("; did you mean '", meant, "'?");
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += str(list.empty() ? "" : ", ", name);
  return list;
}

void require_one_of(std::string_view what, std::string_view value,
                    const std::vector<std::string>& choices) {
  if (std::ranges::find(choices, value) != choices.end()) return;
  throw ArgumentError(str(what, ": expected one of ", listed(choices), ", got '", value, "'",
                          did_you_mean(value, choices)));
}

}  // namespace joule
