// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "joule/core/quality.h"
#include "joule/energy/figure.h"

// A number of a trial, with its provenance.
namespace joule::study {

using joule::name;
using joule::Quality;

/// A named number of a trial.  A trial may have several values of one name with different qualities
/// (joules from a meter and from a profile, say); they never share a column.
struct Value {
  std::string name;              // "energy", "test accuracy"
  std::optional<double> number;  // empty if and only if the quality is unavailable
  std::string unit;              // "J", "s", "%"; empty: a pure number
  Quality quality = Quality::unavailable;
  std::optional<double> low{}, high{};  // the interval around it; both or neither
  std::string source{};                 // the meter, the profile, or the data counted
  std::string reason{};                 // why there is no number; empty if there is one

  friend bool operator==(const Value&, const Value&) = default;
};

/// Errors    ArgumentError (name, what was expected) unless there is a name; number, low and high
///           are finite, with low <= number <= high; there is a number, or the quality is
///           unavailable and there is a reason; no text has a zero byte.
void check(const Value& value);

Value measured(std::string name, double number, std::string unit, std::string source);
Value modelled(std::string name, double number, std::string unit, std::string source);
Value counted(std::string name, double number, std::string unit, std::string source);
Value unavailable(std::string name, std::string unit, std::string source, std::string reason);

/// A figure with its provenance; its uncertainty is the interval's half-width.
template <class Q>
Value value_of(std::string name, const energy::Figure<Q>& figure) {
  Value value{.name = std::move(name),
              .unit = std::string(Q::kUnit),
              .quality = figure.quality(),
              .source = figure.source(),
              .reason = figure.reason()};
  if (!figure.available()) return value;
  value.number = figure.value().value();
  if (const auto width = figure.uncertainty()) {
    value.low = *value.number - width->value();
    value.high = *value.number + width->value();
  }
  return value;
}

/// The same multiplied by `factor` (above 0), in another unit: joules over seconds as watts.
Value scaled(Value value, double factor, std::string unit);

/// The name of the value (in reports: so far) for what a trial has spent, in J, gross: measured,
/// modelled, or both.  --energy-budget adds it up.
inline constexpr std::string_view kEnergy = "energy";

/// The cost of proposing a trial's point, if a sampler was asked: Trial::proposal.  Not part of
/// kEnergy or of any energy budget.
inline constexpr std::string_view kProposalTime = "proposal time";
inline constexpr std::string_view kProposalEnergy = "proposal energy";

}  // namespace joule::study
