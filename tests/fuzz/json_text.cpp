// SPDX-License-Identifier: MIT
#include "joule/io/json_text.h"

#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/file_bytes.h"

namespace joule::fuzz {
namespace {

void read(std::string_view bytes) { fault_of_json(bytes); }

std::vector<std::string> seeds() {
  return {R"({"a":[1,-2.5e3,"x\u00e9",null,true],"b":{"a":{}}})", test::nested_json(70), "1e400"};
}

}  // namespace

const Reader kJsonText{.name = "json_text", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
