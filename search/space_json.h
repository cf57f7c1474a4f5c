// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "joule/search/space.h"

// The documents of space.h as JSON values, for use in other documents.
namespace joule::search {

nlohmann::ordered_json json_of(const Space& space);
nlohmann::ordered_json json_of(const Point& point);

/// Errors    as parse_space() and parse_point(); `path` may say where in the file ("study.json:
///           space").
Space space_of_json(const nlohmann::ordered_json& json, const std::string& path);
Point point_of_json(const Space& space, const nlohmann::ordered_json& json,
                    const std::string& path);

}  // namespace joule::search
