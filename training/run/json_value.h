// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "joule/core/error.h"

namespace joule::training {

/// Reads a value that a T holds exactly: get_to() alone rounds 2.5 to 2, wraps -1 around, and takes
/// true for 1.
///
/// Errors    ArgumentError that shows the value; those of the library for another type.
template <class T>
void read_exactly(const nlohmann::ordered_json& json, T& value) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    // Compared as the library compares, -1 equals the largest number without a sign.
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
