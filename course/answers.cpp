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

/// The answer to a question whose truth is of the type of `expected`; none of another type.
std::optional<Value> value_of(const json& given, const Value& expected) {
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
  return std::nullopt;
}

constexpr const char* kHowToWrite =
    "write a number such as 0.11 or 64000, not 1/9, 0,11 or 64,000, and letters in quotes";

std::string_view trimmed(std::string_view text, const char* of) {
  const std::size_t first = text.find_first_not_of(of);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(of) - first + 1);
}

/// The first characters of what a student wrote, fit for a line of a terminal.
std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string line(text.substr(0, kLongest));
  std::ranges::replace_if(
      line, [](char c) { return !std::isprint(static_cast<unsigned char>(c)); }, '?');
  return str("'", line, text.size() > kLongest ? "...'" : "'");
}

/// A member of a sheet that is not JSON.
struct SheetCell {
  std::string key;
  std::string_view value;
  int line = 0;
};

/// The members, if each has a line of its own; else none.
std::vector<SheetCell> sheet_cells(std::string_view text) {
  std::vector<SheetCell> cells;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end), " \t\r{},");
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::size_t quote = line.find('"', 1), colon = line.find(':');
    const bool is_member = line.front() == '"' && quote < colon && colon != line.npos &&
                           trimmed(line.substr(quote + 1, colon - quote - 1), " \t").empty() &&
                           line.find("\":", colon) == line.npos;  // else there are several
    if (!is_member) return {};
    const std::string key(line.substr(1, quote - 1));
    if (std::ranges::find(cells, key, &SheetCell::key) != cells.end()) return {};
    cells.push_back({key, trimmed(line.substr(colon + 1), " \t"), number});
  }
  return cells;
}

/// Of a sheet that is not JSON the members that are, and why the others are not.
json parse_cells(std::string_view text, const std::string& path, Answers& answers) {
  json file = json::object();
  for (const SheetCell& cell : sheet_cells(text)) {
    if (fault_of_json(cell.value).empty()) {
      file[cell.key] = json::parse(cell.value);
    } else {
      answers.faults[cell.key] =
          str("line ", cell.line, ": ", quoted(cell.value), " is not JSON: ", kHowToWrite);
    }
  }
  if (!file.contains("lesson")) throw DataError(fault_of_sheet(text, path));
  return file;
}

/// Errors    DataError if the lesson has no question of that name.
const Question& asked(const Lesson& lesson, const std::string& key, const std::string& path) {
  const auto question = std::ranges::find(lesson.questions, key, &Question::key);
  if (question != lesson.questions.end()) return *question;
  std::string known;
  for (const Question& q : lesson.questions) known += str(known.empty() ? "" : ", ", q.key);
  throw DataError(
      str(path, ": lesson ", lesson.number, " does not ask for '", key, "'; it asks for ", known));
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

std::string fault_of_sheet(std::string_view text, const std::string& path) {
  constexpr std::string_view kNotJson = "not JSON at byte ";
  const std::string fault = fault_of_json(text);
  if (!fault.starts_with(kNotJson)) return fault.empty() ? "" : str(path, ": ", fault);
  const std::size_t byte = std::stoull(fault.substr(kNotJson.size()));
  const std::string_view read = text.substr(0, std::min(byte, text.size()));
  std::string key;
  if (const std::size_t colon = read.rfind("\":"); colon != read.npos && colon > 0) {
    const std::size_t quote = read.rfind('"', colon - 1);
    if (quote != read.npos) key = str(" of ", quoted(read.substr(quote + 1, colon - quote - 1)));
  }
  const auto line =
      1 + std::ranges::count(read.substr(0, read.empty() ? 0 : read.size() - 1), '\n');
  return str(path, ":", line, ": not JSON in or behind the answer", key, ": ", kHowToWrite);
}

Answers parse_answers(std::string_view text, const std::string& path, const Lesson& lesson) {
  Answers answers;
  const json file =
      fault_of_json(text).empty() ? json::parse(text) : parse_cells(text, path, answers);
  if (!file.is_object()) {
    throw DataError(str(path, ": expected an object such as ", R"({"lesson": )", lesson.number,
                        R"(, "a": 1}, got )", file.type_name()));
  }
  if (!file.contains("lesson") || file["lesson"] != lesson.number) {
    throw DataError(str(path, ": 'lesson' must be ", lesson.number, ", got ",
                        file.contains("lesson") ? file["lesson"].dump() : "none"));
  }
  for (const auto& [key, fault] : answers.faults) asked(lesson, key, path);
  for (const auto& [key, given] : file.items()) {
    if (key == "lesson") continue;
    const Question& question = asked(lesson, key, path);
    if (given.is_null()) continue;
    if (const std::optional<Value> value = value_of(given, question.truth())) {
      answers.values[key] = *value;
    } else {
      answers.faults[key] = str("must be ", expectation(question), ", got ", given.dump());
    }
  }
  return answers;
}

std::vector<Verdict> check(const Lesson& lesson, const Answers& answers) {
  std::vector<Verdict> verdicts;
  for (const Question& question : lesson.questions) {
    Verdict verdict{.key = std::string(question.key)};
    if (const auto fault = answers.faults.find(question.key); fault != answers.faults.end()) {
      verdict.result = Verdict::Result::unreadable;
      verdict.remark = fault->second;
    } else if (const auto answer = answers.values.find(question.key);
               answer != answers.values.end()) {
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

bool is_empty_sheet(std::string_view text) {
  if (!fault_of_json(text).empty()) return false;
  const json sheet = json::parse(text);
  if (!sheet.is_object() || !sheet.contains("lesson")) return false;
  return std::ranges::all_of(sheet.items(), [](const auto& member) {
    return member.key() == "lesson" || member.value().is_null();
  });
}

}  // namespace joule::course
