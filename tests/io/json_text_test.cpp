// SPDX-License-Identifier: MIT
#include "joule/io/json_text.h"

#include <gtest/gtest.h>

#include "joule/tests/support/files.h"

namespace joule {
namespace {

using test::nested_json;

TEST(FaultOfJson, AcceptsWhatJsonIs) {
  for (const char* const text :
       {"null", "-1.5e3", R"("text")", "[]", R"({"a":[{"a":1},{"a":2}],"b":{"a":3}})",
        "18446744073709551615", "1e308", "\"\xc3\xa9\""}) {
    EXPECT_EQ(fault_of_json(text), "") << text;
  }
}

TEST(FaultOfJson, SaysWhatIsWrong) {
  EXPECT_EQ(fault_of_json(""), "not JSON at byte 1");
  EXPECT_EQ(fault_of_json("{\"a\":1} 2"), "not JSON at byte 9");
  EXPECT_EQ(fault_of_json("NaN"), "not JSON at byte 1");
  EXPECT_EQ(fault_of_json("\"\xff\""), "not JSON at byte 2");
  EXPECT_EQ(fault_of_json("[1e400]"), "a number is out of the range of a double");
  EXPECT_EQ(fault_of_json("-1" + std::string(400, '0')),
            "a number is out of the range of a double");
  EXPECT_EQ(fault_of_json(R"([{"a":{"b":1},"a":2}])"), "the member \"a\" is there twice");
}

TEST(FaultOfJson, DepthIsBounded) {
  EXPECT_EQ(fault_of_json(nested_json(64)), "");
  EXPECT_EQ(fault_of_json(nested_json(65)), "nested more than 64 deep");
  EXPECT_EQ(fault_of_json(nested_json(75000)), "nested more than 64 deep");
  EXPECT_EQ(fault_of_json(R"({"a":{"a":[1]}})", 3), "");
  EXPECT_EQ(fault_of_json(R"({"a":{"a":[1]}})", 2), "nested more than 2 deep");
}

}  // namespace
}  // namespace joule
