// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace joule {

/// The text of a value, on one line or indented by `indent` spaces per level.  Bytes that are not
/// valid UTF-8 become U+FFFD, so that a name from outside cannot make a report fail.
std::string dumped(const nlohmann::ordered_json& value, int indent = -1);

/// A document: {"schema": {"name", "version"}} and then the members of the object `body`.  The
/// version increases when a key changes its meaning or is removed; docs/schemas/NAME.json describes
/// what users read.
nlohmann::ordered_json with_schema(std::string_view name, int version,
                                   const nlohmann::ordered_json& body);

}  // namespace joule
