// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace joule {

/// The number that `text` is, as a person writes it in an option, a variable of the environment, a
/// size or a list: decimal digits, before them '-' for less than nothing; a double may have a point
/// and an exponent.  The whole text, without spaces; leading zeros mean nothing; never hexadecimal,
/// octal, infinite, no number, or by the locale.
///
/// `name` is what is given the number, for the message.  T is int, int64_t, uint64_t or double.
///
/// Errors    ArgumentError (name, what was expected, text): not such a number, or one that T cannot
///           hold.
/// Numerics  A double is the one nearest to the decimal number.
template <class T>
T parse_number(std::string_view name, std::string_view text);

/// The longest such number that `text` begins with, which is then taken from it; none, and `text`
/// as it was, if it begins with none or with one that T cannot hold.
template <class T>
std::optional<T> take_number(std::string_view& text);

}  // namespace joule
