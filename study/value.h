// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "joule/core/quality.h"
#include "joule/energy/figure.h"

// A number that a trial gave, with what must be known of it.
namespace joule::study {

using joule::name;
using joule::Quality;

/// A named number of a trial.  A trial may have several values of one name, of different quality
/// (joules that a meter gave beside those that a profile models): they never share a column.
struct Value {
  std::string name;              // "energy", "test accuracy"
  std::optional<double> number;  // none if and only if the quality is unavailable
  std::string unit;              // "J", "s", "%"; empty: a pure number
  Quality quality = Quality::unavailable;
  std::optional<double> low{}, high{};  // the interval around it, both or none
  std::string source{};                 // the meter, the profile, the data that were counted
  std::string reason{};                 // why there is no number; empty if there is

  friend bool operator==(const Value&, const Value&) = default;
};

/// Errors    ArgumentError (name, what was expected) unless there is a name; number, low and high
///           are finite, with low <= number <= high; a number is there, or the quality is
///           unavailable and there is a reason; no text has a byte 0.
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

/// The same times `factor` (above 0), in another unit: joules over seconds as watts.
Value scaled(Value value, double factor, std::string unit);

/// What a trial has spent is its value (and that of its reports: so far) of this name, in J, gross:
/// measured, modelled, or both.  --energy-budget adds them up.
inline constexpr std::string_view kEnergy = "energy";

/// What it took to propose a trial's point, by a sampler that was asked: Trial::proposal.  Not in
/// kEnergy, and in no energy budget.
inline constexpr std::string_view kProposalTime = "proposal time";
inline constexpr std::string_view kProposalEnergy = "proposal energy";

}  // namespace joule::study
