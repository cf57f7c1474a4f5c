// SPDX-License-Identifier: MIT
#include "joule/study/value.h"

#include <cmath>

#include "joule/core/error.h"

namespace joule::study {
namespace {

void require_text(const Value& value, const char* what, const std::string& text) {
  require(text.find('\0') == std::string::npos, "the ", what, " of the value ", value.name,
          " has a byte 0");
}

Value with(Quality quality, std::string name, double number, std::string unit, std::string source) {
  return {.name = std::move(name),
          .number = number,
          .unit = std::move(unit),
          .quality = quality,
          .source = std::move(source)};
}

}  // namespace

void check(const Value& value) {
  require(!value.name.empty(), "a value of a trial has no name");
  require_text(value, "name", value.name);
  require_text(value, "unit", value.unit);
  require_text(value, "source", value.source);
  require_text(value, "reason", value.reason);
  require(value.low.has_value() == value.high.has_value(), "the value ", value.name,
          " has one end of an interval; expected both or none");
  if (value.quality == Quality::unavailable) {
    require(!value.number && !value.low, "the value ", value.name,
            " is unavailable and has a number");
    require(!value.reason.empty(), "the value ", value.name,
            " is unavailable; expected the reason");
    return;
  }
  require(value.number.has_value(), "the ", name(value.quality), " value ", value.name,
          " has no number; what has none is unavailable, for a reason");
  require(std::isfinite(*value.number), "the ", name(value.quality), " value ", value.name, " is ",
          *value.number, "; expected a finite number");
  require(value.reason.empty(), "the value ", value.name,
          " has a number and a reason why it has none: ", value.reason);
  if (!value.low) return;
  require(std::isfinite(*value.low) && std::isfinite(*value.high) && *value.low <= *value.number &&
              *value.number <= *value.high,
          "the value ", value.name, " is ", *value.number, " and its interval ", *value.low, " to ",
          *value.high, "; expected finite ends around it");
}

Value measured(std::string name, double number, std::string unit, std::string source) {
  return with(Quality::measured, std::move(name), number, std::move(unit), std::move(source));
}
Value modelled(std::string name, double number, std::string unit, std::string source) {
  return with(Quality::modelled, std::move(name), number, std::move(unit), std::move(source));
}
Value counted(std::string name, double number, std::string unit, std::string source) {
  return with(Quality::counted, std::move(name), number, std::move(unit), std::move(source));
}

Value unavailable(std::string name, std::string unit, std::string source, std::string reason) {
  return {.name = std::move(name),
          .unit = std::move(unit),
          .source = std::move(source),
          .reason = std::move(reason)};
}

Value scaled(Value value, double factor, std::string unit) {
  for (std::optional<double>* const number : {&value.number, &value.low, &value.high}) {
    if (*number) **number *= factor;
  }
  value.unit = std::move(unit);
  return value;
}

}  // namespace joule::study
