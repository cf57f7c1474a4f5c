// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/energy/figure.h"
#include "joule/energy/meter.h"
#include "joule/report/page.h"

// How pages show figures: consistently, and never as a number if there is none.
namespace joule::report {

/// "90 J ± 55 mJ"; "90 J, between 60 J and 120 J"; "unavailable".
template <class Q>
std::string text(const energy::Figure<Q>& figure) {
  return figure.available() ? figure.amount(" ± ") : "unavailable";
}

/// With its quality as the badge, and its interval and source, or the reason for its absence.
template <class Q>
Card card(std::string name, const energy::Figure<Q>& figure) {
  Card card{.name = std::move(name), .badge = std::string(energy::name(figure.quality()))};
  if (!figure.available()) {
    card.value = "—";
    card.note = figure.reason();
    return card;
  }
  card.value = str(figure.value());
  card.note = figure.source();
  if (figure.uncertainty()) {
    // Without the value, which stands above it.
    const std::string amount = figure.amount(" ± ");
    const std::string open = amount.substr(card.value.size());
    card.note = open.substr(open.find_first_not_of(" ,")) + "; " + card.note;
  }
  return card;
}

/// "1.234M"
std::string count(std::int64_t value);

/// "40 %"
std::string percent(double share);

/// The unit of an axis on which `largest` is a convenient number, and the factor for the values.
struct Scale {
  double factor = 1;
  std::string unit;  // "mJ"
};
Scale scale_for(double largest, std::string_view unit);

/// A mean power over a period.
struct Stretch {
  double begin = 0, end = 0;  // on the chart's x axis
  double watts = 0, half_width = 0;
};
/// A horizontal line for each, with its interval in the middle.  Gaps have no line.
Line stretches(std::string name, std::span<const Stretch> stretches);

using Pairs = std::vector<std::pair<std::string, std::string>>;
/// A table of names and values.
Table table_of(std::string caption, const Pairs& pairs);

/// Whether there are sources, and none can be read: their table says all there is to say.
bool none_can_be_read(std::span<const energy::MeterInfo> sources);
/// What stands then, on a page with that table, where measured energy is unavailable.
inline constexpr const char* kSeeSources =
    "Measured energy is unavailable. The table of sources at the end of this page says why, and "
    "what to do.";
/// Every source of energy; if it cannot be read, why, and what to do about it.
Table table_of(std::span<const energy::MeterInfo> sources);

/// Resolution, update period and systematic error of a meter.
Pairs facts(const energy::MeterInfo& meter);

}  // namespace joule::report
