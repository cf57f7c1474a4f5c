// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace joule {

/// Parses a number as people write it in an option, an environment variable, a size or a list:
/// decimal digits, optionally after '-'; a double may have a point and an exponent.  The whole text
/// must be the number, without spaces; leading zeros are ignored.  Never hexadecimal, octal,
/// infinite or NaN, and independent of the locale.
///
/// `name` is for the message: what the number is for.  T is int, int64_t, uint64_t or double.
///
/// Errors    ArgumentError (name, what was expected, text) if it is not such a number, or T cannot
///           hold it.
/// Numerics  A double is the one nearest to the decimal number.
template <class T>
T parse_number(std::string_view name, std::string_view text);

/// Removes the longest such number from the beginning of `text` and returns it.  If there is none,
/// or T cannot hold it, returns nothing and leaves `text` unchanged.
template <class T>
std::optional<T> take_number(std::string_view& text);

}  // namespace joule
