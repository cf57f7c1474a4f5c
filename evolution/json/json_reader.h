// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/error.h"

// Readers for the documents of this folder; private to it.
namespace joule::evolution {

/// A part of a document.  Every error is a DataError that begins with its position.
class JsonReader {
 public:
  using Json = nlohmann::ordered_json;

  /// Errors    DataError if the text is not JSON.
  static Json parsed(std::string_view text, const std::string& path);

  JsonReader(const Json& json, std::string place) : json_(json), place_(std::move(place)) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(str(place_, ": ", what));
  }
  /// Requires an object with the needed members and no others than the allowed ones.
  void require_members(std::vector<std::string> needed,
                       const std::vector<std::string>& allowed = {}) const;
  bool has(const char* name) const { return json_.contains(name); }
  JsonReader member(const char* name) const { return {json_[name], str(place_, ": ", name)}; }
  /// Of a list.
  std::vector<JsonReader> elements() const;
  /// Of an object.
  std::vector<std::pair<std::string, JsonReader>> members() const;

  std::string text() const;
  double number() const;
  std::int64_t integer() const;
  bool flag() const;
  std::vector<std::int64_t> integers() const;
  std::vector<double> numbers() const;
  bool is_null() const { return json_.is_null(); }
  const std::string& place() const { return place_; }

  /// Returns make(); its errors are reported as errors of the document.
  template <class Make>
  auto checked(const Make& make) const {
    try {
      return make();
    } catch (const ArgumentError& error) {
      fail(error.what());
    }
  }

 private:
  std::string start() const;  // of what may be long

  const Json& json_;
  std::string place_;
};

}  // namespace joule::evolution
