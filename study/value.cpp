// SPDX-License-Identifier: MIT
#include "joule/study/value.h"

#include <array>
#include <cmath>

#include "joule/core/error.h"

namespace joule::study {
namespace {

constexpr std::array kQualities{Quality::measured, Quality::sampled, Quality::attributed,
                                Quality::modelled, Quality::counted, Quality::unavailable};

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

std::string_view name(Quality quality) {
  switch (quality) {
    case Quality::measured:
      return "measured";
    case Quality::sampled:
      return "sampled";
    case Quality::attributed:
      return "attributed";
    case Quality::modelled:
      return "modelled";
    case Quality::counted:
      return "counted";
    case Quality::unavailable:
      break;
  }
  return "unavailable";
}

Quality parse_quality(std::string_view text, const std::string& where) {
  for (const Quality quality : kQualities) {
    if (name(quality) == text) return quality;
  }
  throw DataError(str(where, ": '", text, "' is no quality of a value: expected measured, ",
                      "attributed, modelled, counted or unavailable"));
}

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

Quality detail::quality_of(energy::Quality quality) {
  switch (quality) {
    case energy::Quality::measured:
      return Quality::measured;
    case energy::Quality::sampled:
      return Quality::sampled;
    case energy::Quality::attributed:
      return Quality::attributed;
    case energy::Quality::modelled:
      return Quality::modelled;
    case energy::Quality::unavailable:
      break;
  }
  return Quality::unavailable;
}

}  // namespace joule::study
