// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "joule/core/error.h"

namespace joule::training {

/// Reads a value only if T holds it exactly: get_to() alone rounds 2.5 to 2, wraps -1 around, and
/// accepts true as 1.
///
/// Errors    ArgumentError that shows the value; the library's own for another type.
template <class T>
void read_exactly(const nlohmann::ordered_json& json, T& value) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    // With the library's comparison, -1 would equal the largest unsigned number.
    const bool fits = json.is_number_unsigned()  ? std::in_range<T>(json.get<std::uint64_t>())
                      : json.is_number_integer() ? std::in_range<T>(json.get<std::int64_t>())
                                                 : !json.is_number() && !json.is_boolean();
    require(fits, "cannot be ", json.dump());
  }
  json.get_to(value);
  require(nlohmann::ordered_json(value) == json, "cannot be ", json.dump());
}

template <class T>
T exact_value(const nlohmann::ordered_json& json) {
  T value{};
  read_exactly(json, value);
  return value;
}

}  // namespace joule::training
