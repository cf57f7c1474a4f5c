// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "joule/core/error.h"
#include "joule/nas/import/decode.h"

namespace joule::nas {
namespace {

TEST(Base64, IsThatOfRfc4648) {
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("Zg=="), "f");
  EXPECT_EQ(from_base64("Zm8="), "fo");
  EXPECT_EQ(from_base64("Zm9v"), "foo");
  EXPECT_EQ(from_base64("Zm9v\nYmFy\n"), "foobar");
  EXPECT_EQ(from_base64("+/+/"), "\xfb\xff\xbf");
  for (const char* const text :
       {"Z", "Zg", "Zg=", "=", "Zm9v=", "Z===", "Zg==Zg==", "Zm 9v", "Zm9*"}) {
    EXPECT_THROW(from_base64(text), ArgumentError) << text;
  }
}

}  // namespace
}  // namespace joule::nas
