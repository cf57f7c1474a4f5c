// SPDX-License-Identifier: MIT
#include "joule/study/results/over.h"

#include <algorithm>

#include "joule/core/error.h"

namespace joule::study {

void add_value(std::vector<Over>& values, const Value& value, std::int64_t seed) {
  auto found = std::ranges::find_if(values, [&](const Over& over) {
    return over.name == value.name && over.quality == value.quality;
  });
  if (found == values.end()) {
    found = values.insert(found, {.name = value.name,
                                  .unit = value.unit,
                                  .quality = value.quality,
                                  .source = value.source,
                                  .reason = value.reason});
  }
  require(found->unit == value.unit, value.name, ": is in '", found->unit,
          "' in one trial and in '", value.unit, "' in another");
  if (!value.number) return;
  found->numbers.push_back(*value.number);
  found->seeds.push_back(seed);
}

const Over* find(const std::vector<Over>& values, std::string_view name) {
  const auto found = std::ranges::find_if(
      values, [&](const Over& over) { return over.name == name && !over.numbers.empty(); });
  return found == values.end() ? nullptr : &*found;
}

const Over* find(const std::vector<Over>& values, std::string_view name, Quality quality) {
  const auto found = std::ranges::find_if(values, [&](const Over& over) {
    return over.name == name && over.quality == quality && !over.numbers.empty();
  });
  return found == values.end() ? nullptr : &*found;
}

Change change(const Over& a, const Over& b) {
  std::vector<double> from, to, relative;
  for (std::size_t i = 0; i < a.seeds.size(); ++i) {
    const auto found = std::ranges::find(b.seeds, a.seeds[i]);
    if (found == b.seeds.end()) continue;
    const double base = b.numbers[static_cast<std::size_t>(found - b.seeds.begin())];
    require(base != 0, b.name, ": is 0 for seed ", a.seeds[i],
            ", there is no change relative to it");
    to.push_back(a.numbers[i]);
    from.push_back(base);
    relative.push_back(100 * (a.numbers[i] / base - 1));
  }
  return {.difference = search::paired_difference(to, from),
          .relative = search::mean_interval(relative)};
}

}  // namespace joule::study
