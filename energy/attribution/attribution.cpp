// SPDX-License-Identifier: MIT
#include "joule/energy/attribution/attribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "joule/core/error.h"
#include "joule/energy/attribution/attribution_parts.h"

namespace joule::energy {
namespace {

using Wide = __int128;  // a product of ticks and a weight

/// In units of 2^-52 of the largest, so that sums do not depend on their order.
std::vector<std::int64_t> integers(std::span<const double> weights) {
  double largest = 0;
  for (const double weight : weights) {
    require(std::isfinite(weight) && weight >= 0, "apportion: expected weights >= 0, got ", weight);
    largest = std::max(largest, weight);
  }
  std::vector<std::int64_t> whole(weights.size());
  if (largest == 0) return whole;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    whole[i] = std::llround(std::ldexp(weights[i] / largest, 52));
  }
  return whole;
}

Joules energy(const MeterInfo& meter, std::int64_t ticks) {
  return static_cast<double>(ticks) * meter.unit;
}

/// Half the width of the dynamic energy's interval, in proportion to `ticks`.
std::optional<Joules> proportional_width(const Attribution& a, const MeterInfo& meter,
                                         std::int64_t ticks) {
  const auto width = a.whole.dynamic.uncertainty();
  if (!width) return {};
  return *width * std::abs(energy(meter, ticks) / a.whole.dynamic.value());
}

/// `outside` is the weight of what no line is charged with.
Attribution attribute_by_weights(Rule rule, const MeterInfo& meter, const Interval& window,
                                 const IdlePower& idle_power, std::vector<double> weights,
                                 double outside) {
  const std::size_t n = weights.size();
  Attribution a = nothing_attributed(rule, meter, window, idle_power, n,
                                     str("no line has a weight by ", name(rule)));
  const bool weightless = std::ranges::all_of(weights, [](double w) { return w == 0; });
  if (!a.whole.dynamic.available() || weightless) return a;
  weights.push_back(outside);
  const std::vector<std::int64_t> shares = apportion(a.ticks->unattributed, weights);
  for (std::size_t i = 0; i < n; ++i) {
    give(a, meter, i, shares[i], proportional_width(a, meter, shares[i]));
  }
  settle(a, meter);
  return a;
}

}  // namespace

std::string_view name(Rule rule) {
  return rule == Rule::time ? "time" : rule == Rule::model ? "model" : "regression";
}

std::string_view assumption(Rule rule) {
  switch (rule) {
    case Rule::time:
      return "time: assumes that every operation draws the same power";
    case Rule::model:
      return "model: assumes that energies are in the ratios of the modelled ones";
    case Rule::regression:
      break;
  }
  return "regression: assumes that a call takes the same energy in every window";
}

std::string source(const MeterInfo& meter, Rule rule) {
  return str(source(meter), ", shared out by ", name(rule));
}

std::optional<Joules> Attribution::width_of(std::span<const std::size_t> of) const {
  std::vector<std::size_t> left(of.begin(), of.end());
  std::ranges::sort(left);
  Joules width;
  for (const Together& group : together) {
    const auto is_there = [&](std::size_t i) { return std::ranges::binary_search(left, i); };
    if (!std::ranges::all_of(group.lines, is_there)) continue;
    width += group.width;
    std::erase_if(left, [&](std::size_t i) { return std::ranges::count(group.lines, i) > 0; });
  }
  for (const std::size_t i : left) {
    const auto own = lines[i].uncertainty();
    if (!own) return {};
    width += *own;
  }
  return width;
}

Attribution nothing_attributed(Rule rule, const MeterInfo& meter, const Interval& window,
                               const IdlePower& idle_power, std::size_t lines,
                               const std::string& why) {
  const std::string from = source(meter, rule);
  const Measurement whole = measure(meter, window, idle_power);
  const std::string reason = whole.dynamic.available() ? why : whole.dynamic.reason();
  const auto none = Figure<Joules>::unavailable(from, reason);
  Attribution a{.rule = rule, .whole = whole, .lines = {lines, none}, .unattributed = none};
  if (!whole.gross.available()) return a;
  Split split{.gross = window.ticks(), .lines = std::vector<std::int64_t>(lines)};
  if (whole.idle.available()) split.idle = std::llround(whole.idle.value() / meter.unit);
  split.unattributed = split.gross - split.idle;
  a.ticks = split;
  if (whole.dynamic.available()) {
    settle(a, meter);
  } else if (!whole.idle.available()) {
    a.unattributed =
        Figure<Joules>::attributed(whole.gross.value(), whole.gross.uncertainty(), from);
  }
  return a;
}

void give(Attribution& a, const MeterInfo& meter, std::size_t at, std::int64_t ticks,
          std::optional<Joules> width) {
  a.ticks->lines[at] = ticks;
  a.ticks->unattributed -= ticks;
  if (width) *width += meter.unit;
  a.lines[at] = Figure<Joules>::attributed(energy(meter, ticks), width, source(meter, a.rule));
}

void settle(Attribution& a, const MeterInfo& meter) {
  const std::int64_t ticks = a.ticks->unattributed;
  std::optional<Joules> width = proportional_width(a, meter, ticks);
  if (width) *width += static_cast<double>(a.lines.size() + 1) * meter.unit;
  a.unattributed = Figure<Joules>::attributed(energy(meter, ticks), width, source(meter, a.rule));
}

std::vector<std::int64_t> apportion(std::int64_t ticks, std::span<const double> weights) {
  require(ticks >= 0, "apportion: expected ticks >= 0, got ", ticks);
  const std::vector<std::int64_t> whole = integers(weights);
  Wide sum = 0;
  for (const std::int64_t weight : whole) sum += weight;
  std::vector<std::int64_t> shares(whole.size());
  if (sum == 0) return shares;
  std::vector<Wide> remainders(whole.size());
  std::int64_t left = ticks;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const Wide product = Wide{ticks} * whole[i];
    shares[i] = static_cast<std::int64_t>(product / sum);
    remainders[i] = product % sum;
    left -= shares[i];
  }
  std::vector<Wide> ranked = remainders;
  std::ranges::sort(ranked, std::greater());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    // A remainder gets a tick if all that are at least as large do.
    const auto as_large = std::ranges::upper_bound(ranked, remainders[i], std::greater());
    if (as_large - ranked.begin() <= left) ++shares[i];
  }
  return shares;
}

Attribution attribute_by_time(const MeterInfo& meter, const Interval& window,
                              const IdlePower& idle_power, std::span<const Ledger::Line> lines) {
  std::vector<double> weights;
  std::int64_t inside = 0;
  for (const Ledger::Line& line : lines) {
    weights.push_back(static_cast<double>(line.tally.nanoseconds));
    inside += line.tally.nanoseconds;
  }
  const std::int64_t duration = window.end.monotonic_ns - window.begin.monotonic_ns;
  const auto outside = static_cast<double>(std::max<std::int64_t>(0, duration - inside));
  return attribute_by_weights(Rule::time, meter, window, idle_power, weights, outside);
}

Attribution attribute_by_model(const MeterInfo& meter, const Interval& window,
                               const IdlePower& idle_power, std::span<const Ledger::Line> lines,
                               const CostModel& model) {
  std::vector<double> weights;
  for (const Ledger::Line& line : lines) {
    weights.push_back(model.energy(line, Skipping::executed).value().value());
  }
  return attribute_by_weights(Rule::model, meter, window, idle_power, weights, 0);
}

}  // namespace joule::energy
