// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <compare>
#include <cstdint>
#include <ostream>
#include <sstream>
#include <string_view>

namespace joule::energy {

/// A number of one unit.  Quantities of different units neither convert into each other nor into
/// double, and add only to their own kind; `value()` is the way out.
template <class Unit>
class Quantity {
 public:
  static constexpr std::string_view kUnit = Unit::kSymbol;

  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}
  constexpr double value() const { return value_; }  // in the unit itself: joules, not picojoules

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  constexpr Quantity operator-() const { return Quantity(-value_); }
  constexpr Quantity& operator+=(Quantity o) { return *this = *this + o; }
  constexpr Quantity& operator-=(Quantity o) { return *this = *this - o; }
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity(a.value_ + b.value_);
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity(a.value_ - b.value_);
  }
  friend constexpr Quantity operator*(Quantity a, double by) { return Quantity(a.value_ * by); }
  friend constexpr Quantity operator*(double by, Quantity a) { return a * by; }
  friend constexpr Quantity operator/(Quantity a, double by) { return Quantity(a.value_ / by); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }

  /// Four digits and a prefix: "1.95 nJ".
  friend std::ostream& operator<<(std::ostream& out, Quantity q) {
    static constexpr std::array kPrefixes = {"p", "n", "u", "m", "", "k", "M", "G", "T"};
    double scaled = q.value_ * 1e12;
    std::size_t prefix = 0;
    if (scaled == 0) prefix = 4;
    for (; std::abs(scaled) >= 1000 && prefix + 1 < kPrefixes.size(); ++prefix) scaled /= 1000;
    std::ostringstream text;  // the caller's stream may have its own precision
    text.precision(4);
    text << scaled << ' ' << kPrefixes[prefix] << kUnit;
    return out << text.str();
  }

 private:
  double value_ = 0;
};

namespace unit {
struct Joule {
  static constexpr std::string_view kSymbol = "J";
};
struct Watt {
  static constexpr std::string_view kSymbol = "W";
};
struct Second {
  static constexpr std::string_view kSymbol = "s";
};
}  // namespace unit

using Joules = Quantity<unit::Joule>;
using Watts = Quantity<unit::Watt>;
using Seconds = Quantity<unit::Second>;

constexpr Joules operator*(Watts power, Seconds time) {
  return Joules(power.value() * time.value());
}
constexpr Joules operator*(Seconds time, Watts power) { return power * time; }
constexpr Watts operator/(Joules energy, Seconds time) {
  return Watts(energy.value() / time.value());
}
constexpr Seconds operator/(Joules energy, Watts power) {
  return Seconds(energy.value() / power.value());
}

constexpr Joules picojoules(double n) { return Joules(n * 1e-12); }
constexpr Seconds nanoseconds(std::int64_t n) { return Seconds(1e-9 * static_cast<double>(n)); }

}  // namespace joule::energy
