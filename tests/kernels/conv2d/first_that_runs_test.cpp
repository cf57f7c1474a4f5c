// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/first_that_runs.h"

#include <gtest/gtest.h>

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

struct Candidate {
  int number;
  const char* refused = nullptr;  // by whoever chooses
  const char* failure = nullptr;  // of its run
};

struct Outcome {
  Found<Candidate> found;
  std::vector<int> tried;
};

Outcome search(const std::vector<Candidate>& ranked) {
  Outcome outcome;
  outcome.found = first_that_runs<Candidate>(
      ranked, [](const Candidate& c) { return c.refused; },
      [&](const Candidate& c) {
        outcome.tried.push_back(c.number);
        if (c.failure) throw DeviceError(c.failure);
      });
  return outcome;
}

TEST(FirstThatRuns, TakesTheFirstThatMayBeTakenAndDidNotFail) {
  const auto [found, tried] =
      search({{1, "adds in any order"}, {2, nullptr, "no memory"}, {3}, {4}});
  ASSERT_TRUE(found.candidate.has_value());
  EXPECT_EQ(found.candidate->number, 3);
  EXPECT_EQ(found.why_not, "");
  EXPECT_EQ(tried, (std::vector<int>{2, 3})) << "none that may not be taken, none after it";
}

TEST(FirstThatRuns, SaysWhyThereIsNone) {
  const auto [found, tried] =
      search({{1, "adds in any order"}, {2, nullptr, "f failed"}, {3, "adds in any order"}});
  EXPECT_FALSE(found.candidate.has_value());
  EXPECT_EQ(found.why_not, "adds in any order; f failed");
  EXPECT_EQ(tried, std::vector<int>{2});
  EXPECT_EQ(search({}).found.why_not, "it has no algorithm for this");
}

TEST(FirstThatRuns, PassesOnWhatIsNotTheDevices) {
  const std::vector<Candidate> one{{1}};
  const auto wrong = [](const Candidate&) { throw ArgumentError("a bug"); };
  const auto any = [](const Candidate&) -> const char* { return nullptr; };
  EXPECT_EQ(test::error_of<ArgumentError>([&] { first_that_runs<Candidate>(one, any, wrong); }),
            "a bug");
}

}  // namespace
}  // namespace joule
