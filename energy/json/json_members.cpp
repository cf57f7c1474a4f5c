// SPDX-License-Identifier: MIT
#include "joule/energy/json/json_members.h"

#include "joule/core/error.h"
#include "joule/io/json_text.h"

namespace joule::energy {

using nlohmann::json;

namespace {

/// What a message shows of a value: a number itself, otherwise its type.
std::string shown(const json& value) {
  return value.is_number() ? value.dump() : value.type_name();
}

}  // namespace

Members::Members(const json& object, std::string place)
    : object_(object), place_(std::move(place)) {
  if (!object.is_object()) {
    throw DataError(str(place_, ": expected an object, got ", object.type_name()));
  }
}

const json& Members::at(const std::string& key) {
  known_.insert(key);
  const auto found = object_.find(key);
  if (found == object_.end()) throw DataError(str(place_, ": '", key, "' is missing"));
  return *found;
}

std::string Members::text(const std::string& key) {
  const json& value = at(key);
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
    throw DataError(str(place_, ": '", key, "' must be a text that is not empty"));
  }
  return value;
}

double Members::not_negative(const std::string& key, std::string_view what) {
  const json& value = at(key);
  if (!value.is_number() || value.get<double>() < 0) {
    throw DataError(str(place_, ": '", key, "' must be ", what, " >= 0, got ", shown(value)));
  }
  return value;
}

std::int64_t Members::count(const std::string& key) {
  const json& value = at(key);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > INT64_MAX) {
    throw DataError(str(place_, ": '", key, "' must be a whole number >= 0, got ", shown(value)));
  }
  return value;
}

void Members::reject_others() const {
  for (const auto& member : object_.items()) {
    if (!known_.contains(member.key())) {
      throw DataError(str(place_, ": unknown member '", member.key(), "'"));
    }
  }
}

json parse_json(std::string_view text, const std::string& path) {
  if (const std::string fault = fault_of_json(text); !fault.empty()) {
    throw DataError(str(path, ": ", fault));
  }
  return json::parse(text);
}

}  // namespace joule::energy
