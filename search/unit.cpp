// SPDX-License-Identifier: MIT
#include "joule/search/unit.h"

#include <algorithm>
#include <cmath>

namespace joule::search {

UnitCell unit_cell(const Dimension& d, const PointValue& value) {
  if (d.kind == Kind::categorical) {
    const auto at = static_cast<double>(choice_of(d, value));
    const auto count = static_cast<double>(d.choices.size());
    return {at / count, (at + 1) / count, (at + 0.5) / count};
  }
  const auto scaled = [](double x, double low, double high) { return (x - low) / (high - low); };
  if (const double* const real = std::get_if<double>(&value)) {
    const double u = d.log ? scaled(std::log(*real), std::log(d.low), std::log(d.high))
                           : scaled(*real, d.low, d.high);
    return {u, u, u};
  }
  const auto x = static_cast<double>(std::get<std::int64_t>(value));
  const double half = static_cast<double>(d.step) / 2;
  const double low = d.low - half, high = d.high + half;
  if (!d.log) {
    return {scaled(x - half, low, high), scaled(x + half, low, high), scaled(x, low, high)};
  }
  const auto in_log = [&](double y) { return scaled(std::log(y), std::log(low), std::log(high)); };
  return {in_log(x - half), in_log(x + half), in_log(x)};
}

std::size_t choice_of(const Dimension& d, const PointValue& value) {
  const auto found = std::ranges::find(d.choices, std::get<std::string>(value));
  return static_cast<std::size_t>(found - d.choices.begin());
}

bool constant(const Dimension& d) {
  return d.kind == Kind::categorical ? d.choices.size() == 1 : d.low == d.high;
}

}  // namespace joule::search
