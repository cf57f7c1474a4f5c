// SPDX-License-Identifier: MIT
#include "joule/io/parse_number.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <system_error>
#include <type_traits>

#include "joule/core/error.h"

namespace joule {
namespace {

/// How far the number reaches that `text` begins with, and why there is none.
template <class T>
std::from_chars_result scan(std::string_view text, T& value) {
  const auto scanned = std::from_chars(text.data(), text.data() + text.size(), value);
  if constexpr (std::is_floating_point_v<T>) {
    // The words "inf" and "nan" count as numbers there.
    if (scanned.ec == std::errc() && !std::isfinite(value)) {
      return {text.data(), std::errc::invalid_argument};
    }
  }
  return scanned;
}

/// Digits and nothing else but a sign: a whole number, be it too large.
bool is_whole(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

template <class T>
std::string expected(std::string_view text) {
  if constexpr (std::is_floating_point_v<T>) {
    return "a decimal number";
  } else {
    if (!is_whole(text)) return "a whole decimal number";
    using Limits = std::numeric_limits<T>;
    return str("a whole number from ", Limits::min(), " to ", Limits::max());
  }
}

}  // namespace

template <class T>
T parse_number(std::string_view name, std::string_view text) {
  T value{};
  const auto [end, error] = scan(text, value);
  const bool whole = end == text.data() + text.size();
  if constexpr (std::is_floating_point_v<T>) {
    require(error != std::errc::result_out_of_range || !whole, name,
            ": expected a number whose size is between ", std::numeric_limits<T>::min(), " and ",
            std::numeric_limits<T>::max(), ", or 0, got '", text, "'");
  }
  require(error == std::errc() && whole, name, ": expected ", expected<T>(text), ", got '", text,
          "'");
  return value;
}

template <class T>
std::optional<T> take_number(std::string_view& text) {
  T value{};
  const auto [end, error] = scan(text, value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

template int parse_number(std::string_view, std::string_view);
template std::int64_t parse_number(std::string_view, std::string_view);
template std::uint64_t parse_number(std::string_view, std::string_view);
template double parse_number(std::string_view, std::string_view);
template std::optional<int> take_number(std::string_view&);
template std::optional<std::int64_t> take_number(std::string_view&);
template std::optional<std::uint64_t> take_number(std::string_view&);
template std::optional<double> take_number(std::string_view&);

}  // namespace joule
