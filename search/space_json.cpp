// SPDX-License-Identifier: MIT
#include "joule/search/space_json.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/io/nearest.h"

namespace joule::search {
namespace {

using nlohmann::ordered_json;

ordered_json json_of(const PointValue& value) {
  return std::visit([](const auto& held) { return ordered_json(held); }, value);
}

ordered_json json_of(const Dimension& d) {
  const Dimension preset;
  ordered_json json{{"name", d.name}, {"kind", name(d.kind)}};
  if (d.kind == Kind::real) json.update({{"low", d.low}, {"high", d.high}});
  if (d.kind == Kind::integer) {
    json["low"] = static_cast<std::int64_t>(d.low);
    json["high"] = static_cast<std::int64_t>(d.high);
  }
  if (d.log) json["log"] = true;
  if (d.step != preset.step) json["step"] = d.step;
  if (d.levels != preset.levels) json["levels"] = d.levels;
  if (d.kind == Kind::categorical) json["choices"] = d.choices;
  if (d.active_if) {
    ordered_json values = ordered_json::array();
    for (const PointValue& value : d.active_if->values) values.push_back(json_of(value));
    json["active_if"] = {{"dimension", d.active_if->dimension}, {"values", std::move(values)}};
  }
  return json;
}

/// Reads a part of a document.  Every error is a DataError that starts with the path and the part.
class Reader {
 public:
  explicit Reader(std::string place) : place_(std::move(place)) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(str(place_, ": ", what));
  }

  /// An object with the needed members, and beyond them none but the allowed.
  void require_members(const ordered_json& json, std::vector<std::string> needed,
                       const std::vector<std::string>& allowed) const {
    if (!json.is_object()) fail(str("expected a JSON object, got ", start_of(json)));
    for (const std::string& name : needed) {
      if (!json.contains(name)) fail(str("'", name, "' is missing"));
    }
    needed.insert(needed.end(), allowed.begin(), allowed.end());
    for (const auto& [name, value] : json.items()) {
      if (!std::ranges::count(needed, name)) {
        fail(str("there is no '", name, "'", did_you_mean(name, needed)));
      }
    }
  }

  std::string text(const ordered_json& json, const char* name) const {
    if (!json[name].is_string())
      fail(str("'", name, "' must be a text, got ", start_of(json[name])));
    return json[name].get<std::string>();
  }
  double number(const ordered_json& json, const char* name) const {
    if (!json[name].is_number()) {
      fail(str("'", name, "' must be a number, got ", start_of(json[name])));
    }
    return json[name].get<double>();
  }
  std::int64_t integer(const ordered_json& json, const char* name) const {
    if (!is_int64(json[name])) {
      fail(str("'", name, "' must be a whole number, got ", start_of(json[name])));
    }
    return json[name].get<std::int64_t>();
  }
  const ordered_json& list(const ordered_json& json, const char* name) const {
    if (!json[name].is_array()) {
      fail(str("'", name, "' must be a list, got ", start_of(json[name])));
    }
    return json[name];
  }

  PointValue value(const ordered_json& json) const {
    if (json.is_string()) return json.get<std::string>();
    if (is_int64(json)) return json.get<std::int64_t>();
    if (!json.is_number_float()) fail(str("expected a number or a text, got ", start_of(json)));
    return json.get<double>();
  }

  /// What `make` makes; what it finds wrong is the document's fault.
  template <class Make>
  auto checked(const Make& make) const {
    try {
      return make();
    } catch (const ArgumentError& error) {
      fail(error.what());
    }
  }

  /// Of what may be long.
  static std::string start_of(const ordered_json& json) {
    constexpr std::size_t kMost = 60;
    const std::string text = dumped(json);
    return text.size() <= kMost ? text : text.substr(0, kMost) + "...";
  }

 private:
  static bool is_int64(const ordered_json& json) {
    const bool large = json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX;
    return json.is_number_integer() && !large;
  }

  std::string place_;
};

Condition condition_of_json(const ordered_json& json, const std::string& place) {
  const Reader reader(str(place, ": active_if"));
  reader.require_members(json, {"dimension", "values"}, {});
  Condition condition{.dimension = reader.text(json, "dimension")};
  for (const ordered_json& value : reader.list(json, "values")) {
    condition.values.push_back(reader.value(value));
  }
  return condition;
}

Kind parse_kind(const std::string& text) {
  for (const Kind kind : {Kind::real, Kind::integer, Kind::categorical, Kind::text}) {
    if (text == name(kind)) return kind;
  }
  require_one_of("kind", text, {"real", "integer", "categorical", "text"});
  return {};
}

Dimension dimension_of_json(const ordered_json& json, std::size_t index, const std::string& path) {
  const bool named = json.is_object() && json.contains("name") && json["name"].is_string();
  const std::string place = named ? str(path, ": dimension '", json["name"].get<std::string>(), "'")
                                  : str(path, ": dimension ", index);
  const Reader reader(place);
  if (!json.is_object() || !json.contains("kind")) {
    reader.require_members(json, {"name", "kind"}, {});
  }
  Dimension d;
  d.kind = reader.checked([&] { return parse_kind(reader.text(json, "kind")); });
  std::vector<std::string> needed{"name", "kind"}, allowed{"active_if"};
  if (d.kind == Kind::categorical) {
    needed.push_back("choices");
  } else if (d.kind != Kind::text) {
    needed.insert(needed.end(), {"low", "high"});
    allowed.insert(allowed.end(), {"log", d.kind == Kind::real ? "levels" : "step"});
  }
  reader.require_members(json, needed, allowed);
  d.name = reader.text(json, "name");
  if (d.kind == Kind::categorical) {
    for (const ordered_json& choice : reader.list(json, "choices")) {
      if (!choice.is_string()) {
        reader.fail(str("a choice must be a text, got ", Reader::start_of(choice)));
      }
      d.choices.push_back(choice.get<std::string>());
    }
  } else if (d.kind != Kind::text) {
    d.low = reader.number(json, "low");
    d.high = reader.number(json, "high");
  }
  if (json.contains("log")) {
    if (!json["log"].is_boolean()) {
      reader.fail(str("'log' must be true or false, got ", Reader::start_of(json["log"])));
    }
    d.log = json["log"].get<bool>();
  }
  if (json.contains("step")) d.step = reader.integer(json, "step");
  if (json.contains("levels")) d.levels = reader.integer(json, "levels");
  if (json.contains("active_if")) d.active_if = condition_of_json(json["active_if"], place);
  return d;
}

ordered_json parsed(std::string_view text, const std::string& path) {
  const std::string fault = fault_of_json(text);
  if (!fault.empty()) throw DataError(str(path, ": ", fault));
  return ordered_json::parse(text);
}

}  // namespace

ordered_json json_of(const Space& space) {
  ordered_json dimensions = ordered_json::array();
  for (const Dimension& dimension : space.dimensions()) dimensions.push_back(json_of(dimension));
  return {{"dimensions", std::move(dimensions)}};
}

ordered_json json_of(const Point& point) {
  ordered_json json = ordered_json::object();
  for (const auto& [name, value] : point.entries()) json[name] = json_of(value);
  return json;
}

Space space_of_json(const ordered_json& json, const std::string& path) {
  const Reader reader(path);
  reader.require_members(json, {"dimensions"}, {});
  std::vector<Dimension> dimensions;
  for (const ordered_json& dimension : reader.list(json, "dimensions")) {
    dimensions.push_back(dimension_of_json(dimension, dimensions.size(), path));
  }
  return reader.checked([&] { return Space(std::move(dimensions)); });
}

Point point_of_json(const Space& space, const ordered_json& json, const std::string& path) {
  const Reader reader(path);
  if (!json.is_object()) {
    reader.fail(str("expected a JSON object, got ", Reader::start_of(json)));
  }
  Point point;
  const auto set = [&](const std::string& name, bool real) {
    const Reader of_value(str(path, ": dimension '", name, "'"));
    const ordered_json& value = json[name];
    point.set(name,
              real && value.is_number() ? PointValue(value.get<double>()) : of_value.value(value));
  };
  for (const Dimension& d : space.dimensions()) {
    if (json.contains(d.name)) set(d.name, d.kind == Kind::real);
  }
  for (const auto& [name, value] : json.items()) {
    if (!point.contains(name)) set(name, false);
  }
  return reader.checked([&] {
    space.check(point);
    return point;
  });
}

std::string to_json(const Space& space) { return dumped(json_of(space), 2) + "\n"; }
std::string to_json(const Point& point) { return dumped(json_of(point)); }

Space parse_space(std::string_view json, const std::string& path) {
  return space_of_json(parsed(json, path), path);
}
Point parse_point(const Space& space, std::string_view json, const std::string& path) {
  return point_of_json(space, parsed(json, path), path);
}

}  // namespace joule::search
