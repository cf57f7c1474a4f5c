// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

namespace joule::energy {

/// Reads the members of a JSON object by name, and in the end objects to those nobody asked for.
/// Every error is a DataError that starts with `place`.
class Members {
 public:
  Members(const nlohmann::json& object, std::string place);

  bool has(const std::string& key) const { return object_.contains(key); }
  const nlohmann::json& at(const std::string& key);
  /// Not empty.
  std::string text(const std::string& key);
  /// Finite, as JSON's numbers are, and not negative; `what` is for the message: "a number of
  /// watts".
  double not_negative(const std::string& key, std::string_view what = "a number");
  std::int64_t count(const std::string& key);
  void reject_others() const;

 private:
  const nlohmann::json& object_;
  std::string place_;
  std::set<std::string> known_;
};

/// Errors    DataError that starts with `path`: what fault_of_json() finds.
nlohmann::json parse_json(std::string_view text, const std::string& path);

}  // namespace joule::energy
