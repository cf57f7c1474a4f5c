// SPDX-License-Identifier: MIT
#include "joule/bench/gate/collected.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"

namespace joule::bench {

Collected::Entry& Collected::entry(const What& what, bool exact) {
  const auto found =
      std::ranges::find_if(entries_, [&](const Entry& e) { return e.what.name == what.name; });
  if (found == entries_.end()) return entries_.emplace_back(Entry{.what = what, .exact = exact});
  if (found->what.problem.empty()) found->what.problem = what.problem;
  return *found;
}

void Collected::add(std::size_t set, const What& what, double value) {
  Entry& to = entry(what, false);
  to.values.at(set).push_back(value);
  if (to.what.problem.empty() && !(std::isfinite(value) && value > 0)) {
    to.what.problem = str("a value is ", value);
  }
}

void Collected::add_exact(std::size_t set, const What& what, const std::string& key, Exact value) {
  Entry& to = entry(what, true);
  const auto [at, is_new] = to.exactly.at(set).emplace(key, value);
  if (is_new || at->second == value || !to.what.problem.empty()) return;
  to.what.problem = str("the ", set == 0 ? "base" : "new", " ones contradict each other",
                        key.empty() ? "" : " for " + key, ": ", static_cast<double>(at->second),
                        " and ", static_cast<double>(value));
}

GateFigure Collected::figure_of(const Entry& entry) {
  GateFigure figure{.name = entry.what.name,
                    .kind = entry.what.kind,
                    .unit = entry.what.unit,
                    .more_is_better = entry.what.more_is_better,
                    .base = entry.values[0],
                    .fresh = entry.values[1],
                    .problem = entry.what.problem};
  const auto there = [&](std::size_t set) {
    return entry.exact ? !entry.exactly[set].empty() : !entry.values[set].empty();
  };
  if (!there(0) || !there(1)) {
    figure.problem = str("only the ", there(0) ? "base has" : "new ones have", " it");
  }
  if (!entry.exact) return figure;
  std::pair<Exact, Exact> sums{0, 0};
  bool common = false;
  for (const auto& [key, value] : entry.exactly[0]) {
    const auto other = entry.exactly[1].find(key);
    if (other == entry.exactly[1].end()) continue;
    common = true;
    sums.first += value;
    sums.second += other->second;
  }
  if (common) figure.exact = sums;
  if (!common && figure.problem.empty()) figure.problem = "the two sets have no seed in common";
  return figure;
}

std::vector<GateFigure> Collected::figures() const {
  std::vector<GateFigure> all;
  for (const Entry& entry : entries_) all.push_back(figure_of(entry));
  return all;
}

}  // namespace joule::bench
