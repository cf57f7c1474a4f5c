// SPDX-License-Identifier: MIT
#include "joule/io/json_dump.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace joule {
namespace {

TEST(WithSchema, SaysFirstWhatTheDocumentIs) {
  EXPECT_EQ(dumped(with_schema("joule.example", 3, {{"b", 1}, {"a", {2}}})),
            R"({"schema":{"name":"joule.example","version":3},"b":1,"a":[2]})");
}

}  // namespace
}  // namespace joule
