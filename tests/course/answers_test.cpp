// SPDX-License-Identifier: MIT
#include "joule/course/answers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "joule/core/error.h"

namespace joule::course {
namespace {

using Result = Verdict::Result;

template <class Body>
std::string message_of(Body&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Lessons, AreTenInTheirOrderWithThreeQuestionsEach) {
  ASSERT_EQ(lessons().size(), 10u);
  for (int number = 1; number <= 10; ++number) {
    const Lesson& one = lesson(number);
    EXPECT_EQ(one.number, number);
    std::set<std::string_view> keys;
    for (const Question& question : one.questions) {
      keys.insert(question.key);
      EXPECT_FALSE(question.hint.empty() || question.solution.empty()) << question.text;
      const bool number_asked = std::holds_alternative<double>(question.truth());
      EXPECT_EQ(number_asked, question.tolerance > 0) << question.text;
    }
    EXPECT_EQ(keys.size(), number == kProject ? 0u : 3u) << one.title;
  }
}

TEST(Lessons, ANumberOutOfRangeIsNamed) {
  EXPECT_EQ(message_of([] { lesson(11); }), "lesson: expected 1 to 10, got 11");
  EXPECT_EQ(message_of([] { lesson(0); }), "lesson: expected 1 to 10, got 0");
}

// What a teacher works out with pencil and paper, from the solutions that the lessons state.
TEST(Lessons, TruthsAreWhatPencilAndPaperGive) {
  const std::map<std::pair<int, std::string>, Value> expected{
      {{1, "a"}, std::int64_t{26 * 26 * 9 * 16}},
      {{1, "b"}, std::int64_t{82 * 82 * 16}},
      {{1, "c"}, std::int64_t{31'400}},
      {{2, "a"}, -18.0},
      {{2, "b"}, 1.9},
      {{2, "c"}, 1.0 / 9},
      {{3, "a"}, std::log(10.0)},
      {{3, "b"}, std::int64_t{43}},
      {{3, "c"}, 2.2131},
      {{4, "a"}, 40.0 * 40 * 16 * 32 / (4 * (3136 + 4608 + 32 + 6272))},
      {{4, "b"}, 5.0},
      {{4, "c"}, 243.75 / 4.6},
      {{5, "a"}, std::int64_t{64'000}},
      {{5, "b"}, 75.72},
      {{5, "c"}, std::int64_t{0}},
      {{6, "a"}, 0.5 + 0.01 / 0.0101 + 1 / 1.0001},
      {{6, "b"}, 50.0},
      {{6, "c"}, std::string("ABD")},
      {{7, "a"}, 2187.7},
      {{7, "b"}, 100 * 3.7 / 2187.7},
      {{7, "c"}, 147'456.0 * 64 / (46 * 46 * 64)},
      {{8, "a"}, 10.0},
      {{8, "b"}, 0.8},
      {{8, "c"}, 6553.6},
      {{9, "a"}, std::int64_t{300'000}},
      {{9, "b"}, 31.25},
      {{9, "c"}, std::int64_t{59}}};
  std::size_t compared = 0;
  for (const Lesson& one : lessons()) {
    for (const Question& question : one.questions) {
      const Value truth = question.truth();
      const Value& right = expected.at({one.number, std::string(question.key)});
      ASSERT_EQ(truth.index(), right.index()) << question.text;
      if (const auto* const number = std::get_if<double>(&right)) {
        EXPECT_NEAR(std::get<double>(truth), *number, 1e-4 * std::abs(*number)) << question.text;
      } else {
        EXPECT_EQ(truth, right) << question.text;
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, expected.size());
}

TEST(Answers, TheRightOnesAreRightAndWhatIsBesideThemIsWrong) {
  for (const Lesson& one : lessons()) {
    Answers right, beside;
    for (const Question& question : one.questions) {
      const std::string key(question.key);
      const Value truth = question.truth();
      right.values[key] = truth;
      if (const auto* const count = std::get_if<std::int64_t>(&truth))
        beside.values[key] = *count + 1;
      if (const auto* const number = std::get_if<double>(&truth)) {
        right.values[key] = *number * (1 + 0.9 * question.tolerance);
        beside.values[key] = *number * (1 - 1.1 * question.tolerance);
      }
      if (const auto* const text = std::get_if<std::string>(&truth)) {
        right.values[key] = "  d, b,A";  // in any order, large or small
        beside.values[key] = *text + "E";
      }
    }
    for (const Verdict& verdict : check(one, right)) {
      EXPECT_EQ(verdict.result, Result::right) << one.number << verdict.key << verdict.remark;
    }
    for (const Verdict& verdict : check(one, beside)) {
      EXPECT_EQ(verdict.result, Result::wrong) << one.number << verdict.key;
      EXPECT_NE(verdict.remark.find(" is not it: "), std::string::npos) << verdict.remark;
    }
    for (const Verdict& verdict : check(one, {})) EXPECT_EQ(verdict.result, Result::missing);
  }
}

TEST(Answers, AWrongSignAndAWrongPowerOfTenAreSaid) {
  const auto remark = [](int number, const std::string& key, const Value& answer) {
    for (const Verdict& verdict : check(lesson(number), {.values = {{key, answer}}})) {
      if (verdict.key == key) return verdict.remark;
    }
    return std::string();
  };
  EXPECT_EQ(remark(2, "a", 18.0), "18 is not it: the size is right, the sign is not");
  EXPECT_EQ(remark(7, "a", 2.1877),
            "2.1877 is not it: the digits are right, the power of ten is not");
  EXPECT_EQ(remark(5, "c", std::int64_t{192'000}),
            "192000 is not it: what is multiplied by zero is still multiplied");
}

TEST(Answers, AreReadFromTheirSheet) {
  const Lesson& first = lesson(1);
  EXPECT_TRUE(parse_answers(answer_sheet(first), "sheet.json", first).values.empty());
  EXPECT_TRUE(is_empty_sheet(answer_sheet(first)));
  const Answers answers = parse_answers(R"({"lesson": 1, "a": 97344, "b": null})", "f", first);
  EXPECT_EQ(answers.values, (decltype(answers.values){{"a", std::int64_t{97'344}}}));
  EXPECT_TRUE(answers.faults.empty());
  for (const char* text :
       {"", "[]", "{}", R"({"lesson": 1, "a": 1})", R"({"lesson": 1, "a": 1/9})"}) {
    EXPECT_FALSE(is_empty_sheet(text)) << text;
  }
}

TEST(Answers, WhatIsMalformedIsNamed) {
  const auto error = [](const char* text, int number) {
    return message_of([&] { parse_answers(text, "f.json", lesson(number)); });
  };
  EXPECT_EQ(error(R"({"lesson": 2})", 1), "f.json: 'lesson' must be 1, got 2");
  EXPECT_EQ(error(R"({"a": 2})", 1), "f.json: 'lesson' must be 1, got none");
  EXPECT_EQ(error("[1]", 1),
            R"(f.json: expected an object such as {"lesson": 1, "a": 1}, got array)");
  EXPECT_EQ(error(R"({"lesson": 1, "d": 2})", 1),
            "f.json: lesson 1 does not ask for 'd'; it asks for a, b, c");
  EXPECT_EQ(error(R"({"lesson": 1, "a": 1, "a": 2})", 1).find("f.json: "), 0u);
  EXPECT_EQ(error("", 1).find("f.json:1: "), 0u);
  EXPECT_EQ(
      error("{\"lesson\": 1,\n \"a\": 1/9, \"b\": 2}", 1)
          .find("f.json:2: not JSON in or behind the answer of 'a': write a number such as 0.11"),
      0u);
}

TEST(Answers, AFaultOfOneLeavesTheOthers) {
  const auto fault = [](const char* text, int number, const char* key) {
    return parse_answers(text, "f.json", lesson(number)).faults.at(key);
  };
  EXPECT_EQ(fault(R"({"lesson": 1, "c": "31400"})", 1, "c"),
            "must be a whole number, in bytes, got \"31400\"");
  EXPECT_EQ(fault(R"({"lesson": 1, "c": 31400.5})", 1, "c"),
            "must be a whole number, in bytes, got 31400.5");
  EXPECT_EQ(fault(R"({"lesson": 1, "a": 18446744073709551615})", 1, "a"),
            "must be a whole number, got 18446744073709551615");
  EXPECT_EQ(fault(R"({"lesson": 3, "c": true})", 3, "c"),
            "must be a number (up to 3 % off is right), in points, got true");
  EXPECT_EQ(fault(R"({"lesson": 6, "c": ""})", 6, "c"),
            "must be letters in quotes, such as \"AC\", got \"\"");

  const Answers answers =
      parse_answers("{\n  \"lesson\": 5,\n  \"a\": 64,000,\n  \"c\": 0\n}\n", "f.json", lesson(5));
  EXPECT_EQ(answers.faults.at("a").find("line 3: '64,000' is not JSON: write a number"), 0u);
  EXPECT_EQ(answers.values.at("c"), Value(std::int64_t{0}));
  const std::vector<Verdict> verdicts = check(lesson(5), answers);
  EXPECT_EQ(verdicts[0].result, Result::unreadable);
  EXPECT_EQ(verdicts[0].remark, answers.faults.at("a"));
  EXPECT_EQ(verdicts[1].result, Result::missing);
  EXPECT_EQ(verdicts[2].result, Result::right);
}

}  // namespace
}  // namespace joule::course
