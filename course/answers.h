// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "joule/course/lesson.h"

// Answers of students: {"lesson": 1, "a": 97344, "b": null, "c": 31400}.
namespace joule::course {

/// What is right, wrong, unreadable or missing, of one question.
struct Verdict {
  enum class Result { right, wrong, unreadable, missing };
  std::string key;
  Result result = Result::missing;
  std::string remark;  // why it is wrong or cannot be read, without the right answer
};

/// By question, what was answered, and why an answer cannot be read.
struct Answers {
  std::map<std::string, Value, std::less<>> values;
  std::map<std::string, std::string, std::less<>> faults;
};

/// The answers in a file; null, or no such member, is a question that was not answered.  A value
/// of another type than its question's is a fault of that answer alone.  So is one that is not
/// JSON (1/9), as long as each line holds one member.  `path` is for the messages.
///
/// Errors    DataError that starts with the path: not a JSON object; another lesson; a member that
///           the lesson does not ask for.
Answers parse_answers(std::string_view json, const std::string& path, const Lesson& lesson);

/// What is wrong with a sheet that is no JSON: path, line, answer, and how to write it; else empty.
std::string fault_of_sheet(std::string_view text, const std::string& path);

/// A verdict per question of the lesson, in their order.
///
/// Cost      what computing the right answers takes: layers of some thousand values.
std::vector<Verdict> check(const Lesson& lesson, const Answers& answers);

/// The file with every answer missing, to be filled in.
std::string answer_sheet(const Lesson& lesson);

/// Whether it is a sheet, of any lesson, without an answer.
bool is_empty_sheet(std::string_view text);

/// "a whole number", "a number (1 % off is right), in nJ", "letters".
std::string expectation(const Question& question);

/// The right answer as text: "97344", "0.1111", "ABD".
std::string text_of(const Value& value);

}  // namespace joule::course
