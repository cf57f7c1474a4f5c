// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "joule/study/study.h"

// A study's definition and results as JSON values, for use in other documents.
namespace joule::study {

nlohmann::ordered_json json_of(const StudyDefinition& definition);
nlohmann::ordered_json json_of(const Origin& origin);
nlohmann::ordered_json json_of(const Value& value);
nlohmann::ordered_json json_of(const Trial& trial);

/// [{"value": "energy", "direction": "minimise", "limit": 20}, ...]
std::string goals_json(const std::vector<Goal>& goals);
/// The inverse.  Errors    DataError that starts with `where`.
std::vector<Goal> parse_goals(std::string_view json, const std::string& where);

/// "none", or an object with its settings.
std::string pruner_json(const search::PrunerSettings& pruner);
/// The inverse; empty is none.  Errors    DataError that starts with `where`.
search::PrunerSettings parse_pruner(std::string_view json, const std::string& where);

/// [{"lr": 0.1}, ...]
std::string points_json(const std::vector<search::Point>& points);
/// The inverse.  Errors    DataError that starts with `where`.
std::vector<search::Point> parse_points(const search::Space& space, std::string_view json,
                                        const std::string& where);

}  // namespace joule::study
