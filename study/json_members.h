// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/io/nearest.h"

namespace joule::study {

/// The members of a JSON object that must have exactly the members that are asked for.
///
/// Errors    DataError that starts with `path`: not JSON, not an object, a member missing, of
///           another type, or not asked for.
class JsonMembers {
 public:
  JsonMembers(std::string_view json, std::string path) : path_(std::move(path)) {
    if (const std::string fault = fault_of_json(json); !fault.empty()) {
      throw DataError(str(path_, ": ", fault));
    }
    object_ = nlohmann::ordered_json::parse(json);
    if (!object_.is_object()) throw DataError(str(path_, ": expected an object"));
  }

  template <class T>
  void read(const char* name, T& value) {
    names_.emplace_back(name);
    const auto found = object_.find(name);
    if (found == object_.end()) throw DataError(str(path_, ": there is no '", name, "'"));
    try {
      value = found->template get<T>();
    } catch (const nlohmann::ordered_json::exception&) {
      throw DataError(str(path_, ": '", name, "' is ", dumped(*found), ", of another type"));
    }
  }

  void require_no_other() const {
    for (const auto& [name, value] : object_.items()) {
      if (std::ranges::count(names_, name) == 0) {
        throw DataError(
            str(path_, ": there is no member '", name, "'", did_you_mean(name, names_)));
      }
    }
  }

 private:
  std::string path_;
  nlohmann::ordered_json object_;
  std::vector<std::string> names_;
};

}  // namespace joule::study
