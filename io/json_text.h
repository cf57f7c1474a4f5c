// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace joule {

/// The deepest nesting that Joule reads.  The JSON library copies, prints and destroys values by
/// recursion, so a text that is nested deeply enough would exhaust the
/// stack.
inline constexpr int kMaxJsonDepth = 64;

/// What is wrong with a JSON text from outside, checked before any value is built; empty if nothing
/// is.  Checks: JSON syntax (and UTF-8), nesting, numbers out of the range of a double, and
/// duplicate members (of which the library would keep one).
///
/// Cost      one pass; memory for the names in the open objects.
std::string fault_of_json(std::string_view text, int max_depth = kMaxJsonDepth);

}  // namespace joule
