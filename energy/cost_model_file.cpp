// SPDX-License-Identifier: MIT
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/error.h"
#include "energy/cost_model.h"

namespace joule::energy {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBytes = 1 << 20;

/// Reads the members of an object by name and in the end objects to those nobody asked for.
class Members {
 public:
  Members(const json& object, std::string place) : object_(object), place_(std::move(place)) {
    if (!object.is_object()) {
      throw DataError(str(place_, ": expected an object, got ", object.type_name()));
    }
  }
  const json& at(const std::string& key) {
    known_.insert(key);
    const auto found = object_.find(key);
    if (found == object_.end()) throw DataError(str(place_, ": '", key, "' is missing"));
    return *found;
  }
  std::string text(const std::string& key) {
    const json& value = at(key);
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
      throw DataError(str(place_, ": '", key, "' must be a text that is not empty"));
    }
    return value;
  }
  double picojoules(const std::string& key) {
    const json& value = at(key);
    if (!value.is_number() || value.get<double>() < 0) {
      throw DataError(str(place_, ": '", key, "' must be a number of picojoules >= 0, got ",
                          value.is_number() ? value.dump() : value.type_name()));
    }
    return value;
  }
  void reject_others() const {
    for (const auto& member : object_.items()) {
      if (!known_.contains(member.key())) {
        throw DataError(str(place_, ": unknown member '", member.key(), "'"));
      }
    }
  }

 private:
  const json& object_;
  std::string place_;
  std::set<std::string> known_;
};

Constant constant(Members& profile, const std::string& key, const std::string& path) {
  if (!profile.at(key).is_object()) return {picojoules(profile.picojoules(key)), {}};
  const std::string place = str(path, ": '", key, "'");
  Members range(profile.at(key), place);
  const double low = range.picojoules("low");
  const double high = range.picojoules("high");
  range.reject_others();
  if (low > high) throw DataError(str(place, ": low ", low, " is above high ", high));
  return {picojoules(low + (high - low) / 2), picojoules((high - low) / 2)};
}

json parse(std::string_view text, const std::string& path) {
  // The library keeps the last of two members of the same name; a profile with two is a mistake.
  std::vector<std::set<std::string>> open;
  const auto check = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(parsed).second) {
      throw DataError(str(path, ": the member ", parsed.dump(), " is there twice"));
    }
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::parse_error& error) {
    throw DataError(str(path, ": not JSON at byte ", error.byte));
  } catch (const json::out_of_range&) {
    throw DataError(str(path, ": a number is out of the range of a double"));
  }
}

}  // namespace

CostModel parse_cost_model(std::string_view text, const std::string& path) {
  const json document = parse(text, path);
  Members profile(document, path);
  CostModel model{.name = profile.text("name"),
                  .source = profile.text("source"),
                  .per_mac = constant(profile, "picojoules_per_mac", path),
                  .per_byte = constant(profile, "picojoules_per_byte", path)};
  profile.reject_others();
  for (const CostModel& built_in : built_in_cost_models()) {
    if (model.name == built_in.name) {
      throw DataError(str(path, ": '", model.name, "' is the name of a built-in profile"));
    }
  }
  return model;
}

CostModel load_cost_model(const std::string& name_or_path) {
  std::string names;
  for (const CostModel& model : built_in_cost_models()) {
    if (model.name == name_or_path) return model;
    names += (names.empty() ? "" : ", ") + model.name;
  }
  std::ifstream file(name_or_path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  if (!file) {
    throw DataError(str(name_or_path, ": neither a profile (", names, ") nor a readable file"));
  }
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw DataError(str(name_or_path, ": cannot be read"));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxBytes) {
    throw DataError(str(name_or_path, ": a profile has at most ", kMaxBytes, " bytes"));
  }
  return parse_cost_model(text, name_or_path);
}

}  // namespace joule::energy
