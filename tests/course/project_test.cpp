// SPDX-License-Identifier: MIT
#include "joule/course/project.h"

#include <gtest/gtest.h>

#include "joule/core/error.h"

namespace joule::course {
namespace {

using Result = Verdict::Result;

std::string message_of(const char* text) {
  try {
    parse_project(text, "f.json");
  } catch (const DataError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::vector<Result> results(const ProjectAnswers& answers, const ProjectResult& result) {
  std::vector<Result> all;
  for (const Verdict& verdict : check(answers, result)) all.push_back(verdict.result);
  return all;
}

TEST(Project, NeedsAccuracyBudgetAndTheRightRatio) {
  const ProjectAnswers answers{"a", "b", 0.45};
  const Judged standard{.accuracy = 0.9, .joules = 2e-3};
  constexpr Result kRight = Result::right, kWrong = Result::wrong;
  const auto of = [&](double accuracy, double joules) {
    return results(answers, {.standard = standard, .net = {accuracy, joules}, .images = 100});
  };
  EXPECT_EQ(of(0.8905, 0.9e-3), (std::vector{kRight, kRight, kRight}));
  EXPECT_EQ(of(0.8895, 0.9e-3), (std::vector{kWrong, kRight, kRight}));
  EXPECT_EQ(of(0.95, 1.01e-3), (std::vector{kRight, kWrong, kWrong}));
  EXPECT_EQ(of(0.9, 0.85e-3), (std::vector{kRight, kRight, kWrong}));
}

TEST(Project, AnswersAreRead) {
  const ProjectAnswers answers = parse_project(
      R"({"lesson": 10, "standard": "runs/s", "net": "a.safetensors", "ratio": 0.4})", "f.json");
  EXPECT_EQ(answers.standard, "runs/s");
  EXPECT_EQ(answers.net, "a.safetensors");
  EXPECT_EQ(answers.ratio, 0.4);
}

TEST(Project, WhatIsMalformedIsNamed) {
  EXPECT_EQ(message_of(R"({"lesson": 1})"), "f.json: expected an object with 'lesson' 10");
  EXPECT_EQ(message_of(project_sheet().c_str()),
            "f.json: 'standard' must be the folder of a run, or a model file, got null");
  EXPECT_EQ(message_of(R"({"lesson": 10, "standard": "s", "net": "n"})"),
            "f.json: 'ratio' must be a number, got none");
  EXPECT_EQ(message_of(R"({"lesson": 10, "a": 1})"),
            "f.json: lesson 10 does not ask for 'a'; it asks for standard, net, ratio");
  EXPECT_EQ(message_of("{").find("f.json:1: "), 0u);
}

}  // namespace
}  // namespace joule::course
