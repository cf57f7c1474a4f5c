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

// How pages show figures: alike in all of them, and what was not measured never as a number.
namespace joule::report {

/// "90 J ± 55 mJ"; "unavailable".
template <class Q>
std::string text(const energy::Figure<Q>& figure) {
  if (!figure.available()) return "unavailable";
  std::string value = str(figure.value());
  if (figure.uncertainty()) value += str(" ± ", *figure.uncertainty());
  return value;
}

/// With its quality as the badge, and its interval and source, or why there is none.
template <class Q>
Card card(std::string name, const energy::Figure<Q>& figure) {
  Card card{.name = std::move(name), .badge = std::string(energy::name(figure.quality()))};
  if (!figure.available()) {
    card.value = "—";
    card.note = figure.reason();
    return card;
  }
  card.value = str(figure.value());
  card.note = figure.uncertainty() ? str("± ", *figure.uncertainty(), "; ", figure.source())
                                   : figure.source();
  return card;
}

/// "1.234M"
std::string count(std::int64_t value);

/// "40 %"
std::string percent(double share);

/// The unit of an axis on which `largest` is a handy number, and what values are multiplied by.
struct Scale {
  double factor = 1;
  std::string unit;  // "mJ"
};
Scale scale_for(double largest, std::string_view unit);

/// A mean power, and when.
struct Stretch {
  double begin = 0, end = 0;  // on the chart's x axis
  double watts = 0, half_width = 0;
};
/// A level line for each, with its interval in the middle.  Where nothing is, there is no line.
Line stretches(std::string name, std::span<const Stretch> stretches);

using Pairs = std::vector<std::pair<std::string, std::string>>;
/// What there is, and what it is.
Table table_of(std::string caption, const Pairs& pairs);

/// Every source of energy, and why it cannot be read and what to do about it.
Table table_of(std::span<const energy::MeterInfo> sources);

/// Resolution, update period and systematic error of a meter.
Pairs facts(const energy::MeterInfo& meter);

}  // namespace joule::report
