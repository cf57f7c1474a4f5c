// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "joule/core/state.h"

namespace joule {

/// The shortest text that reads back as exactly `value`; "true" or "false" for a flag.
std::string exact_text(double value);
std::string exact_text(std::int64_t value);
std::string exact_text(bool value);

/// The number under `key`, which `state` must have.  `owner` begins the error message.
///
/// Errors    ArgumentError if the text is not such a number.
double saved_double(std::string_view owner, const State& state, const std::string& key);
std::int64_t saved_integer(std::string_view owner, const State& state, const std::string& key);

/// Requires that `state` has the names, shapes and dtypes of `expected`, and under the names in
/// `fixed` the values given there.
///
/// Errors    ArgumentError that names the first difference; fixed values are compared first.
void require_state_like(std::string_view owner, const State& state, const State& expected,
                        const std::map<std::string, std::string>& fixed);

}  // namespace joule
