// SPDX-License-Identifier: MIT
#include "joule/training/config.h"

#include "joule/core/error.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/file_bytes.h"

namespace joule::fuzz {
namespace {

void read(std::string_view bytes) {
  training::Config config;
  try {
    config = training::parse_config(bytes, "config.json");
  } catch (const DataError&) {
    return;
  }
  require(training::parse_config(to_json(config), "config.json") == config, "another config");
}

std::vector<std::string> seeds() {
  const std::string text = to_json(training::Config{});
  std::string nested = text;
  nested.replace(nested.find("128"), 3, test::nested_json(80));
  return {text, nested};
}

}  // namespace

const Reader kConfig{.name = "config", .read = read, .seeds = seeds};

}  // namespace joule::fuzz
