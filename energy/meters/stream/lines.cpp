// SPDX-License-Identifier: MIT
#include "joule/energy/meters/stream/lines.h"

#include <cmath>

#include "joule/core/error.h"
#include "joule/io/parse_number.h"

namespace joule::energy {
namespace {

constexpr std::size_t kLongestLine = 200;
constexpr double kMostWatts = 1e6, kMostJoules = 9e12;  // the latter in microjoules fits 64 bits
constexpr std::string_view kSpace = " \t\r";

/// The next word, which is then taken from the text; empty at its end.
std::string_view take_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  const std::size_t end = std::min(text.find_first_of(kSpace), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

/// Also "nan" and "1e999", which are no number: none.
std::optional<double> number_of(std::string_view word) {
  const auto number = take_number<double>(word);
  if (!number || !word.empty() || !std::isfinite(*number)) return {};
  return number;
}

std::string quoted(std::string_view line) {
  return str("'", line.substr(0, 60), line.size() > 60 ? "...'" : "'");
}

}  // namespace

std::vector<StreamLines::Sample> StreamLines::take(std::string_view bytes) {
  std::vector<Sample> samples;
  rest_ += bytes;
  std::string_view text = rest_;
  for (std::size_t end; problem_.empty() && (end = text.find('\n')) != std::string_view::npos;) {
    ++line_;
    if (end > kLongestLine) {
      fail(str("is longer than ", kLongestLine, " bytes"));
    } else {
      parse(text.substr(0, end), samples);
    }
    text.remove_prefix(end + 1);
  }
  rest_ = std::string(text);
  if (problem_.empty() && rest_.size() > kLongestLine) {
    ++line_;
    fail(str("is longer than ", kLongestLine, " bytes"));
  }
  return samples;
}

void StreamLines::parse(std::string_view line, std::vector<Sample>& samples) {
  std::string_view rest = line;
  const std::string_view first = take_word(rest), second = take_word(rest), third = take_word(rest);
  if (first.empty() || first.starts_with('#')) return;
  if (first == "seconds" && third.empty()) return check_unit(second);
  const auto seconds = number_of(first), value = number_of(second);
  const char* const unit = joules_ ? "joules" : "watts";
  if (!seconds || !value || !take_word(rest).empty()) {
    return fail(str("expected seconds and ", unit, ", got ", quoted(line)));
  }
  if (!third.empty()) check_unit(third);
  if (!problem_.empty()) return;
  const double most = joules_ ? kMostJoules : limit_ ? limit_->value() : kMostWatts;
  if (*value < 0) return fail(str(*value, " ", unit, " is less than nothing"));
  if (*value > most) {
    return fail(str(*value, " ", unit, " is more than ",
                    !joules_ && limit_ ? "the stated limit of " : "any machine's ", most));
  }
  if (last_ && *seconds < last_->seconds) {
    return fail(str("time goes back, from ", last_->seconds, " to ", *seconds, " s"));
  }
  if (last_ && *seconds == last_->seconds) {
    if (*value == last_->value) return;  // the same line again
    return fail(
        str("two values, ", last_->value, " and ", *value, " ", unit, ", at ", *seconds, " s"));
  }
  last_ = Sample{*seconds, *value};
  samples.push_back(*last_);
}

void StreamLines::check_unit(std::string_view unit) {
  const bool joules = unit == "joules" || unit == "J";
  if (!joules && unit != "watts" && unit != "W") {
    return fail(str("the unit is ", quoted(unit), ", expected watts or joules"));
  }
  if (joules != joules_) {
    fail(str("the unit is ", joules ? "joules" : "watts", ", and ", joules_ ? "joules" : "watts",
             " were asked for"));
  }
}

void StreamLines::fail(const std::string& what) { problem_ = str("line ", line_, ": ", what); }

}  // namespace joule::energy
