// SPDX-License-Identifier: MIT
#include "joule/report/svg/axis.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "joule/core/error.h"

namespace joule::report::svg {
namespace {

/// digit * 10^exponent.
struct Step {
  int digit = 1, exponent = 0;
  double value() const { return digit * std::pow(10.0, exponent); }
};

/// The smallest that is at least `least`.
Step step_of(double least) {
  Step step{1, static_cast<int>(std::floor(std::log10(least)))};
  constexpr double kRounding = 1 - 1e-9;  // of 3 * 0.1, which is not 0.3
  for (const int digit : {1, 2, 5}) {
    step.digit = digit;
    if (step.value() >= kRounding * least) return step;
  }
  return {1, step.exponent + 1};
}

/// Multiples of the step, up to `largest` in size.
std::string label(double value, const Step& step, double largest) {
  if (step.exponent >= -4 && largest < 1e7) {
    return fmt::format("{:.{}f}", value, std::max(0, -step.exponent));
  }
  const int digits = static_cast<int>(std::floor(std::log10(largest))) - step.exponent + 1;
  return fmt::format("{:.{}g}", value, std::clamp(digits, 1, 17));
}

std::vector<Tick> multiples(double first, double last, const Step& step) {
  std::vector<Tick> ticks;
  const double size = step.value(), largest = std::max(std::abs(first), std::abs(last)) * size;
  for (double n = first; n <= last; ++n) {
    // 3 * 0.1 is not 0.3, 3 / 10 is; and -0 is written as "-0".
    const double value =
        step.exponent < 0 ? n * step.digit / std::pow(10.0, -step.exponent) : n * size;
    ticks.emplace_back(value + 0.0, label(value + 0.0, step, largest));
  }
  return ticks;
}

std::string power_label(int digit, int exponent) {
  const double value = digit * std::pow(10.0, exponent);
  if (exponent >= -4 && exponent < 6) return fmt::format("{:.{}f}", value, std::max(0, -exponent));
  return fmt::format("{}e{}", digit, exponent);
}

/// The given digits of each `every`-th power of ten within the range.
std::vector<Tick> powers(double low, double high, const std::vector<int>& digits, int every) {
  std::vector<Tick> ticks;
  const int from = static_cast<int>(std::floor(std::log10(low)));
  const int to = static_cast<int>(std::ceil(std::log10(high)));
  for (int exponent = from; exponent <= to; ++exponent) {
    if (exponent % every != 0) continue;
    for (const int digit : digits) {
      const double value = digit * std::pow(10.0, exponent);
      if (value < low || value > high) continue;
      ticks.emplace_back(value, power_label(digit, exponent));
    }
  }
  return ticks;
}

}  // namespace

Ticks linear_ticks(double low, double high, std::size_t most, const std::string& title) {
  require(std::isfinite(high - low), "chart '", title, "': no axis goes from ", low, " to ", high);
  const double size = std::max(std::abs(low), std::abs(high));
  constexpr double kNothing = 1e-250;  // what is smaller is 0 on paper, and has no steps in doubles
  if (size < kNothing) {
    low = 0;
    high = 1;
  } else if (high - low <= 1e-12 * size) {
    low -= size / 10;
    high += size / 10;
  }
  const auto n = static_cast<double>(most - 1);
  Step step = step_of((high - low) / n);
  constexpr double kRounding = 1e-9;
  for (;;) {
    const double first = std::floor(low / step.value() + kRounding);
    const double last = std::ceil(high / step.value() - kRounding);
    if (last - first <= n) {
      const std::vector<Tick> ticks = multiples(first, last, step);
      return {.low = std::min(low, ticks.front().first),
              .high = std::max(high, ticks.back().first),
              .ticks = ticks};
    }
    step = step_of(1.5 * step.value());
  }
}

Ticks log_ticks(double low, double high, std::size_t most, const std::string& title) {
  Ticks axis{.low = 0.9 * low,
             .high = std::min(1.1 * high, std::numeric_limits<double>::max()),
             .logarithmic = true};
  axis.ticks = powers(axis.low, axis.high, {1, 2, 5}, 1);
  for (int every = 1; axis.ticks.size() > most; ++every) {
    axis.ticks = powers(axis.low, axis.high, {1}, every);
  }
  if (axis.ticks.size() >= 3) return axis;
  const std::vector<Tick> linear = linear_ticks(axis.low, axis.high, most, title).ticks;
  std::vector<Tick> within;
  std::ranges::copy_if(linear, std::back_inserter(within), [&](const Tick& tick) {
    return tick.first >= axis.low && tick.first <= axis.high;
  });
  if (within.size() >= axis.ticks.size()) axis.ticks = within;
  return axis;
}

Ticks given_ticks(const std::vector<Tick>& ticks, double low, double high, bool logarithmic) {
  Ticks axis{.low = low, .high = high, .logarithmic = logarithmic, .ticks = ticks};
  std::ranges::stable_sort(axis.ticks, {}, &Tick::first);
  axis.low = std::min(axis.low, axis.ticks.front().first);
  axis.high = std::max(axis.high, axis.ticks.back().first);
  if (axis.low == axis.high) {  // an axis without length shows nothing
    axis.low = logarithmic ? axis.low / 2 : axis.low - 0.5;
    axis.high = logarithmic ? axis.high * 2 : axis.high + 0.5;
  }
  return axis;
}

double Axis::operator()(double value) const {
  const auto along = [&](double v) { return ticks.logarithmic ? std::log10(v) : v; };
  const double low = along(ticks.low), high = along(ticks.high);
  return from + (to - from) * (along(value) - low) / (high - low);
}

}  // namespace joule::report::svg
