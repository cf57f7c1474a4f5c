// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "joule/course/lesson.h"

// Answers of students: {"lesson": 1, "a": 97344, "b": null, "c": 31400}.
namespace joule::course {

/// What is right, wrong, or missing, of one question.
struct Verdict {
  enum class Result { right, wrong, missing };
  std::string key;
  Result result = Result::missing;
  std::string remark;  // why it is wrong, without the right answer
};

/// The answers in a file; null, or no such member, is a question that was not answered.  `path` is
/// for the messages.
///
/// Errors    DataError that starts with the path: not a JSON object; another lesson; a member that
///           the lesson does not ask for; a value of another type than its question's.
std::map<std::string, Value, std::less<>> parse_answers(std::string_view json,
                                                        const std::string& path,
                                                        const Lesson& lesson);

/// A verdict per question of the lesson, in their order.
///
/// Cost      what computing the right answers takes: layers of some thousand values.
std::vector<Verdict> check(const Lesson& lesson,
                           const std::map<std::string, Value, std::less<>>& answers);

/// The file with every answer missing, to be filled in.
std::string answer_sheet(const Lesson& lesson);

/// "a whole number", "a number (1 % off is right), in nJ", "letters".
std::string expectation(const Question& question);

/// The right answer as text: "97344", "0.1111", "ABD".
std::string text_of(const Value& value);

}  // namespace joule::course
