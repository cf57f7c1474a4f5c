// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace joule {

/// The text of a value, on one line or indented by `indent` spaces per level.  Bytes that are not
/// valid UTF-8 become U+FFFD, so that a name from outside cannot make a report fail.
std::string dumped(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace joule
