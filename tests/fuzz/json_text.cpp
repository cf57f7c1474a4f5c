// SPDX-License-Identifier: MIT
#include "core/json_text.h"

#include "tests/file_bytes.h"
#include "tests/fuzz/reader.h"

namespace joule::fuzz {
namespace {

void read(std::string_view bytes) { fault_of_json(bytes); }

std::vector<std::string> seeds() {
  return {R"({"a":[1,-2.5e3,"x\u00e9",null,true],"b":{"a":{}}})", test::nested_json(70), "1e400"};
}

}  // namespace

const Reader kJsonText{.name = "json_text", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
