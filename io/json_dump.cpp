// SPDX-License-Identifier: MIT
#include "joule/io/json_dump.h"

#include <nlohmann/json.hpp>

namespace joule {

std::string dumped(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace joule
