// SPDX-License-Identifier: MIT
#include "joule/io/nearest.h"

#include "joule/core/error.h"

namespace joule {
namespace {

const std::vector<std::string> kNames{"constant", "step", "cosine", "one-cycle", "on", "off"};

TEST(Nearest, IsTheNameWithTheFewestEdits) {
  EXPECT_EQ(nearest("cosin", kNames), "cosine");
  EXPECT_EQ(nearest("consine", kNames), "cosine");
  EXPECT_EQ(nearest("cosnie", kNames), "cosine");
  EXPECT_EQ(nearest("Constant", kNames), "constant");
  EXPECT_EQ(nearest("one_cycle", kNames), "one-cycle");
  EXPECT_EQ(nearest("setp", kNames), "step") << "a swap of neighbours is one edit";
  EXPECT_EQ(nearest("onn", {"on", "one"}), "on") << "the first of equals";
  EXPECT_EQ(nearest("onf", {"on", "off"}), "on");
}

TEST(Nearest, IsNothingIfMoreThanAThirdIsWrong) {
  EXPECT_EQ(nearest("no", kNames), "");
  EXPECT_EQ(nearest("random", kNames), "");
  EXPECT_EQ(nearest("cosabc", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
  EXPECT_EQ(nearest("step", {}), "");
  EXPECT_EQ(nearest(std::string(101, 'a'), {std::string(101, 'a')}), "") << "no name is that long";
}

TEST(Nearest, EndsAMessage) {
  EXPECT_EQ(did_you_mean("cosin", kNames), "; did you mean 'cosine'?");
  EXPECT_EQ(did_you_mean("random", kNames), "");
  EXPECT_EQ(listed({"a", "b"}), "a, b");
  require_one_of("schedule", "step", kNames);
  try {
    require_one_of("schedule", "cosin", {"step", "cosine"});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const ArgumentError& error) {
    EXPECT_STREQ(error.what(),
                 "schedule: expected one of step, cosine, got 'cosin'; did you mean 'cosine'?");
  }
}

}  // namespace
}  // namespace joule
