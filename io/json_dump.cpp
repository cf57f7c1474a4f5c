// SPDX-License-Identifier: MIT
#include "joule/io/json_dump.h"

#include <nlohmann/json.hpp>

namespace joule {

std::string dumped(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

nlohmann::ordered_json with_schema(std::string_view name, int version,
                                   const nlohmann::ordered_json& body) {
  nlohmann::ordered_json document{{"schema", {{"name", name}, {"version", version}}}};
  document.update(body);
  return document;
}

}  // namespace joule
