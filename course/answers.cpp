// SPDX-License-Identifier: MIT
#include "joule/course/answers.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "joule/core/error.h"
#include "joule/io/json_text.h"

namespace joule::course {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// "bytes", or nothing.
std::string in_unit(const Question& question) {
  return question.unit.empty() ? "" : str(", in ", question.unit);
}

/// The answer to a question whose truth is of the type of `expected`.
Value parse_value(const json& given, const Question& question, const Value& expected,
                  const std::string& path) {
  if (std::holds_alternative<std::string>(expected)) {
    if (given.is_string() && !given.get_ref<const std::string&>().empty()) {
      return given.get<std::string>();
    }
  } else if (std::holds_alternative<double>(expected)) {
    if (given.is_number()) return given.get<double>();
  } else if (given.is_number_integer() &&
             (!given.is_number_unsigned() || given.get<std::uint64_t>() <= INT64_MAX)) {
    return given.get<std::int64_t>();
  }
  throw DataError(
      str(path, ": '", question.key, "' must be ", expectation(question), ", got ", given.dump()));
}

/// The letters of a text, large and in their order: "d, a" is "AD".
std::string letters_of(const std::string& text) {
  std::string letters;
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      letters += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  std::ranges::sort(letters);
  return letters;
}

bool is_near(double answer, double truth, double tolerance) {
  return std::abs(answer - truth) <= tolerance * std::abs(truth);
}

bool is_right(const Value& answer, const Value& truth, double tolerance) {
  if (const auto* const text = std::get_if<std::string>(&answer)) {
    return letters_of(*text) == letters_of(std::get<std::string>(truth));
  }
  if (const auto* const number = std::get_if<double>(&answer)) {
    return is_near(*number, std::get<double>(truth), tolerance);
  }
  return answer == truth;
}

/// The number in it; none of letters.
std::optional<double> number_of(const Value& value) {
  if (const auto* const count = std::get_if<std::int64_t>(&value)) {
    return static_cast<double>(*count);
  }
  if (const auto* const number = std::get_if<double>(&value)) return *number;
  return std::nullopt;
}

/// What a wrong answer looks like, without saying the right one.
std::string likely_mistake(const Value& answer, const Value& truth) {
  const std::optional<double> given = number_of(answer), right = number_of(truth);
  if (!given || !right || *given == 0 || *right == 0) return {};
  const double factor = *given / *right;
  if (is_near(factor, -1, 0.01)) return "the size is right, the sign is not";
  const double power = std::round(std::log10(std::abs(factor)));
  if (power != 0 && factor > 0 && is_near(factor, std::pow(10, power), 0.01)) {
    return "the digits are right, the power of ten is not";
  }
  return {};
}

}  // namespace

std::string expectation(const Question& question) {
  const Value truth = question.truth();
  if (std::holds_alternative<std::int64_t>(truth)) return "a whole number" + in_unit(question);
  if (std::holds_alternative<std::string>(truth)) return "letters in quotes, such as \"AC\"";
  return str("a number (up to ", 100 * question.tolerance, " % off is right)", in_unit(question));
}

std::string text_of(const Value& value) {
  return std::visit([](const auto& v) { return str(v); }, value);
}

std::map<std::string, Value, std::less<>> parse_answers(std::string_view text,
                                                        const std::string& path,
                                                        const Lesson& lesson) {
  if (const std::string fault = fault_of_json(text); !fault.empty()) {
    throw DataError(str(path, ": ", fault));
  }
  const json file = json::parse(text);
  if (!file.is_object()) {
    throw DataError(str(path, ": expected an object such as ", R"({"lesson": )", lesson.number,
                        R"(, "a": 1}, got )", file.type_name()));
  }
  if (!file.contains("lesson") || file["lesson"] != lesson.number) {
    throw DataError(str(path, ": 'lesson' must be ", lesson.number, ", got ",
                        file.contains("lesson") ? file["lesson"].dump() : "none"));
  }
  std::map<std::string, Value, std::less<>> answers;
  for (const auto& [key, value] : file.items()) {
    if (key == "lesson") continue;
    const auto question = std::ranges::find(lesson.questions, key, &Question::key);
    if (question == lesson.questions.end()) {
      std::string known;
      for (const Question& q : lesson.questions) known += str(known.empty() ? "" : ", ", q.key);
      throw DataError(str(path, ": lesson ", lesson.number, " does not ask for '", key,
                          "'; it asks for ", known));
    }
    if (!value.is_null()) answers[key] = parse_value(value, *question, question->truth(), path);
  }
  return answers;
}

std::vector<Verdict> check(const Lesson& lesson,
                           const std::map<std::string, Value, std::less<>>& answers) {
  std::vector<Verdict> verdicts;
  for (const Question& question : lesson.questions) {
    Verdict verdict{.key = std::string(question.key)};
    if (const auto answer = answers.find(question.key); answer != answers.end()) {
      const Value truth = question.truth();
      if (is_right(answer->second, truth, question.tolerance)) {
        verdict.result = Verdict::Result::right;
      } else {
        verdict.result = Verdict::Result::wrong;
        const std::string mistake = likely_mistake(answer->second, truth);
        verdict.remark =
            str(text_of(answer->second),
                " is not it: ", mistake.empty() ? question.hint : std::string_view(mistake));
      }
    }
    verdicts.push_back(verdict);
  }
  return verdicts;
}

std::string answer_sheet(const Lesson& lesson) {
  ordered_json sheet{{"lesson", lesson.number}};
  for (const Question& question : lesson.questions) sheet[std::string(question.key)] = nullptr;
  return sheet.dump(2) + "\n";
}

}  // namespace joule::course
