// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/error.h"
#include "joule/io/parse_number.h"

namespace joule::cli {

namespace detail {

template <class T>
concept Number = std::integral<T> && !std::same_as<T, bool> || std::floating_point<T>;

template <class T>
struct Optional {
  using type = T;
};
template <class T>
struct Optional<std::optional<T>> {
  using type = T;
};

template <Number T>
std::string text_of(T number) {  // 17 digits tell any double from its neighbours
  return std::integral<T> ? fmt::format("{}", number)
                          : fmt::format("{:.17g}", static_cast<double>(number));
}

}  // namespace detail

/// As command.add_option(), through which CLI11 would read numbers as C does: here a number, or one
/// that may be missing, is what parse_number() says, and a text is not empty.
///
/// Errors    While the command line is read: ArgumentError (option, what was expected, text).
template <class T>
CLI::Option* add_option(CLI::App& command, const std::string& name, T& value,
                        const std::string& help = "") {
  using Value = typename detail::Optional<T>::type;
  CLI::Option* const option = command.add_option(name, value, help);
  if constexpr (detail::Number<Value>) {
    option->transform(CLI::Validator(
        [name](std::string& text) {
          text = detail::text_of(parse_number<Value>(name, text));  // CLI11 reads the same
          return std::string();
        },
        ""));
  } else if constexpr (std::same_as<Value, std::string>) {
    option->check([name](const std::string& text) {
      require(!text.empty(), name, ": expected a value, got ''");
      return std::string();
    });
  }
  return option;
}

/// The name that the option `now` had before: it still counts, and a line on standard error says
/// so.
template <class T>
CLI::Option* add_old_name(CLI::App& command, const std::string& old, CLI::Option* now, T& value) {
  const std::string name = now->get_name(), help = "Deprecated: the old name of " + name;
  const auto tell = [old, name] {
    fmt::print(stderr, "joule: {} is deprecated: write {}\n", old, name);
  };
  if constexpr (std::same_as<T, bool>) {
    return command.add_flag_function(
        old, [&value, tell](std::int64_t) { tell(), value = true; }, help);
  } else {
    return add_option(command, old, value, help)
        ->each([tell](const std::string&) { tell(); })
        ->excludes(now);
  }
}

/// Numbers, separated by commas, each as above.
template <detail::Number T>
CLI::Option* add_option(CLI::App& command, const std::string& name, std::vector<T>& values,
                        const std::string& help = "") {
  const auto read = [name, &values](const CLI::results_t& texts) {
    values.clear();
    std::string_view rest = texts.back();
    for (;;) {
      const std::size_t comma = rest.find(',');
      values.push_back(parse_number<T>(name, rest.substr(0, comma)));
      if (comma == std::string_view::npos) return true;
      rest.remove_prefix(comma + 1);
    }
  };
  CLI::Option* const option = command.add_option(name, read, help, false, [&values] {
    std::string text;
    for (const T value : values) text += fmt::format("{}{}", text.empty() ? "" : ",", value);
    return text;
  });
  return option->type_name(std::integral<T> ? "INT,..." : "FLOAT,...");
}

}  // namespace joule::cli
