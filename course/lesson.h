// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// The lessons of docs/course, and what they ask.
namespace joule::course {

/// What a question is answered with: a whole number, which must be exact; a number, which may be
/// off by its question's tolerance; or letters, whose order does not matter.
using Value = std::variant<std::int64_t, double, std::string>;

struct Question {
  std::string_view key;   // "a"
  std::string_view text;  // as docs/course has it, word for word
  std::string_view unit;  // of the answer: "J"; empty: none
  /// Computes the right answer, as the lesson does.
  Value (*truth)();
  double tolerance = 0;       // of a number, relative
  std::string_view hint;      // for who was wrong
  std::string_view solution;  // how to get there, in one line
};

struct Lesson {
  int number = 0;
  std::string_view title, goal;
  std::string_view page;                   // in docs/course: "01-tensors.md"
  std::string_view program;                // in examples/course: "01_mac"
  std::vector<std::string_view> commands;  // what else is run
  /// None of the project: its answers are runs of the student's own (course/project.h).
  std::vector<Question> questions;
};

/// The ten lessons, in their order.
std::span<const Lesson> lessons();

/// Errors    ArgumentError unless 1 <= number <= 10.
const Lesson& lesson(std::int64_t number);

/// The number of the lesson whose questions are a project.
inline constexpr int kProject = 10;

}  // namespace joule::course
