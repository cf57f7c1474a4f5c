// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "joule/core/error.h"
#include "joule/core/quality.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

using joule::name;
using joule::Quality;

/// A quantity (Joules, Watts, Seconds) that says what it is and how sure it is.  One that is not
/// available has no value to read.  There is no sum of figures: whether uncertainties add up
/// depends on where they come from, which only the source knows.
template <class Q>
class Figure {
 public:
  /// `uncertainty` is the half-width of the interval around the value; none if the source states
  /// none, which does not mean that the value is exact.
  ///
  /// Errors    ArgumentError if the value or its uncertainty is not finite or the latter negative.
  static Figure measured(Q value, std::optional<Q> uncertainty, std::string source) {
    return Figure(Quality::measured, value, uncertainty, std::move(source));
  }
  static Figure sampled(Q value, std::optional<Q> uncertainty, std::string source) {
    return Figure(Quality::sampled, value, uncertainty, std::move(source));
  }
  static Figure attributed(Q value, std::optional<Q> uncertainty, std::string source) {
    return Figure(Quality::attributed, value, uncertainty, std::move(source));
  }
  static Figure modelled(Q value, std::optional<Q> uncertainty, std::string source) {
    return Figure(Quality::modelled, value, uncertainty, std::move(source));
  }
  /// Modelled by constants of which the source states a range: between value - half and
  /// value + half.  It is no interval: nothing was sampled.
  static Figure in_range(Q value, Q half, std::string source) {
    Figure figure = modelled(value, half, std::move(source));
    figure.is_range_ = true;
    return figure;
  }
  static Figure unavailable(std::string source, std::string reason) {
    return Figure(std::move(source), std::move(reason));
  }

  bool available() const { return quality_ != Quality::unavailable; }
  Quality quality() const { return quality_; }
  const std::string& source() const { return source_; }  // the meter or the profile
  const std::string& reason() const { return reason_; }  // why there is no value; empty if there is

  /// Errors    ArgumentError with the reason if the figure is unavailable.
  Q value() const {
    require_available();
    return value_;
  }
  std::optional<Q> uncertainty() const {
    require_available();
    return uncertainty_;
  }

  /// Whether the uncertainty is a range of constants.
  bool is_range() const { return is_range_; }

  /// "12 J +- 15 mJ"; of a range "1.95 mJ, between 1.3 mJ and 2.6 mJ".
  ///
  /// Errors    as value().
  std::string amount(const char* plus_minus = " +- ") const {
    const std::string text = str(value());
    if (!uncertainty_) return text;
    if (!is_range_) return str(text, plus_minus, *uncertainty_);
    return str(text, ", between ", value_ - *uncertainty_, " and ", value_ + *uncertainty_);
  }

  /// "12 J +- 15 mJ (measured, rapl)", "unavailable (rapl: only root may read it)".
  friend std::ostream& operator<<(std::ostream& out, const Figure& f) {
    if (!f.available()) return out << "unavailable (" << f.source_ << ": " << f.reason_ << ")";
    return out << f.amount() << " (" << name(f.quality_) << ", " << f.source_ << ")";
  }

 private:
  Figure(Quality quality, Q value, std::optional<Q> uncertainty, std::string source)
      : quality_(quality), value_(value), uncertainty_(uncertainty), source_(std::move(source)) {
    const double width = uncertainty_.value_or(Q()).value();
    require(std::isfinite(value_.value()) && std::isfinite(width) && width >= 0, "the ",
            name(quality_), " figure of ", source_, " must be finite, got ", value_.value(), " +- ",
            width, " ", Q::kUnit);
  }
  Figure(std::string source, std::string reason)
      : quality_(Quality::unavailable), source_(std::move(source)), reason_(std::move(reason)) {}

  void require_available() const {
    require(available(), "the figure of ", source_, " is unavailable: ", reason_);
  }

  Quality quality_;
  Q value_{};
  std::optional<Q> uncertainty_;
  bool is_range_ = false;
  std::string source_;
  std::string reason_;
};

}  // namespace joule::energy
