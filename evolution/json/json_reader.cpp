// SPDX-License-Identifier: MIT
#include "joule/evolution/json/json_reader.h"

#include <algorithm>

#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/io/nearest.h"

namespace joule::evolution {

JsonReader::Json JsonReader::parsed(std::string_view text, const std::string& path) {
  if (const std::string fault = fault_of_json(text); !fault.empty()) {
    throw DataError(str(path, ": ", fault));
  }
  return Json::parse(text);
}

void JsonReader::require_members(std::vector<std::string> needed,
                                 const std::vector<std::string>& allowed) const {
  if (!json_.is_object()) fail(str("expected a JSON object, got ", start()));
  for (const std::string& name : needed) {
    if (!json_.contains(name)) fail(str("'", name, "' is missing"));
  }
  needed.insert(needed.end(), allowed.begin(), allowed.end());
  for (const auto& [name, value] : json_.items()) {
    if (!std::ranges::count(needed, name)) {
      fail(str("there is no '", name, "'", did_you_mean(name, needed)));
    }
  }
}

std::vector<JsonReader> JsonReader::elements() const {
  if (!json_.is_array()) fail(str("expected a list, got ", start()));
  std::vector<JsonReader> all;
  for (std::size_t i = 0; i < json_.size(); ++i)
    all.push_back({json_[i], str(place_, "[", i, "]")});
  return all;
}

std::vector<std::pair<std::string, JsonReader>> JsonReader::members() const {
  if (!json_.is_object()) fail(str("expected a JSON object, got ", start()));
  std::vector<std::pair<std::string, JsonReader>> all;
  for (const auto& [name, value] : json_.items()) {
    all.emplace_back(name, JsonReader(value, str(place_, ": ", name)));
  }
  return all;
}

std::string JsonReader::text() const {
  if (!json_.is_string()) fail(str("expected a text, got ", start()));
  return json_.get<std::string>();
}

double JsonReader::number() const {
  if (!json_.is_number()) fail(str("expected a number, got ", start()));
  return json_.get<double>();
}

std::int64_t JsonReader::integer() const {
  const bool large = json_.is_number_unsigned() && json_.get<std::uint64_t>() > INT64_MAX;
  if (!json_.is_number_integer() || large) fail(str("expected a whole number, got ", start()));
  return json_.get<std::int64_t>();
}

bool JsonReader::flag() const {
  if (!json_.is_boolean()) fail(str("expected true or false, got ", start()));
  return json_.get<bool>();
}

std::vector<std::int64_t> JsonReader::integers() const {
  std::vector<std::int64_t> all;
  for (const JsonReader& each : elements()) all.push_back(each.integer());
  return all;
}

std::vector<double> JsonReader::numbers() const {
  std::vector<double> all;
  for (const JsonReader& each : elements()) all.push_back(each.number());
  return all;
}

std::string JsonReader::start() const {
  constexpr std::size_t kMost = 60;
  const std::string text = dumped(json_);
  return text.size() <= kMost ? text : text.substr(0, kMost) + "...";
}

}  // namespace joule::evolution
