// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace joule {

/// The text of a value, on one line or with so many spaces for each level.  Bytes of a text that
/// are not UTF-8 become U+FFFD, so that no name that came from outside stops a report.
std::string dumped(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace joule
