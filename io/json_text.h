// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace joule {

/// No file that Joule reads is nested more deeply.  The library that builds the values of a JSON
/// text copies, prints and destroys them by recursion: a text that is deep enough exhausts the
/// stack.
inline constexpr int kMaxJsonDepth = 64;

/// What is wrong with a JSON text from outside, before anything is built of it; empty if nothing
/// is: not JSON (nor UTF-8), nested too deeply, a number out of the range of a double, a member
/// that is there twice (of which the library would keep one).
///
/// Cost      one pass; memory for the names of the objects that are open.
std::string fault_of_json(std::string_view text, int max_depth = kMaxJsonDepth);

}  // namespace joule
