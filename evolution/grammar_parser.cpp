// SPDX-License-Identifier: MIT
//
// Reads the text form of grammars.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "joule/core/error.h"
#include "joule/evolution/grammar.h"
#include "joule/io/nearest.h"
#include "joule/io/parse_number.h"

namespace joule::evolution {
namespace {

constexpr double kMostWhole = 0x1p53;  // beyond it a double is no whole number of its own
constexpr double kMostPower = 62;
constexpr std::int64_t kMostNumbers = 64;
constexpr std::size_t kMostProductions = 1000;  // which may each lead to the next
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

struct Place {
  std::size_t line = 1, column = 1;
};

class GrammarParser {
 public:
  GrammarParser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  Grammar parse() {
    if (text_.size() > kMostBytes) {
      fail(place_, str("expected at most ", kMostBytes, " bytes, got ", text_.size()));
    }
    while (skip_empty_lines()) production();
    if (grammar_.productions.empty()) fail(place_, "the grammar has no production");
    check_uses();
    std::vector<Visit> visits(grammar_.productions.size());
    for (std::size_t i = 0; i < visits.size(); ++i) check_recursion(i, visits);
    return std::move(grammar_);
  }

 private:
  struct Use {
    std::string name;
    Place place;
  };

  [[noreturn]] void fail(Place at, const std::string& what) const {
    throw DataError(str(path_, ":", at.line, ":", at.column, ": ", what));
  }

  bool ended() const { return at_ == text_.size(); }
  bool line_ended() const { return ended() || text_[at_] == '\n'; }
  char peek() const { return ended() ? '\0' : text_[at_]; }
  bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  void advance(std::size_t count = 1) {
    for (; count > 0; --count, ++at_) {
      place_ =
          text_[at_] == '\n' ? Place{place_.line + 1, 1} : Place{place_.line, place_.column + 1};
    }
  }
  void skip_spaces() {
    while (!ended() && (peek() == ' ' || peek() == '\t' || peek() == '\r')) advance();
  }
  /// To the next line that has something; whether there is one.
  bool skip_empty_lines() {
    while (!ended() && std::isspace(static_cast<unsigned char>(peek()))) advance();
    return !ended();
  }
  /// What comes, for a message.
  std::string seen() const {
    if (ended()) return "the end of the file";
    if (line_ended()) return "the end of the line";
    const std::size_t end = text_.find_first_of(" \t\r\n", at_ + 1);
    return str("'", text_.substr(at_, std::min<std::size_t>(end - at_, 40)), "'");
  }

  static bool is_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  }
  std::string name(const char* what) {
    const std::size_t begin = at_;
    while (is_name(peek())) advance();
    if (at_ == begin) fail(place_, str("expected ", what, ", got ", seen()));
    return std::string(text_.substr(begin, at_ - begin));
  }
  void expect(std::string_view token, const char* where) {
    if (!sees(token)) fail(place_, str("expected '", token, "' ", where, ", got ", seen()));
    advance(token.size());
  }

  std::string non_terminal() {
    expect("<", "before a name");
    std::string read = name("the name of a production");
    expect(">", "after the name");
    return read;
  }

  void production() {
    const Place begin = place_;
    Production read{.name = non_terminal(), .alternatives = {}};
    if (!numbers_.try_emplace(read.name, places_.size()).second) {
      fail(begin, str("<", read.name, "> is there twice"));
    }
    if (places_.size() == kMostProductions) {
      fail(begin, str("expected at most ", kMostProductions, " productions"));
    }
    skip_spaces();
    expect("::=", "after the name of a production");
    for (bool more = true; more;) {
      read.alternatives.push_back(alternative(read.name));
      more = peek() == '|';
      if (more) advance();
    }
    grammar_.productions.push_back(std::move(read));
    places_.push_back(begin);
  }

  Alternative alternative(const std::string& of) {
    Alternative read;
    for (skip_spaces(); !line_ended() && peek() != '|'; skip_spaces()) read.push_back(symbol());
    if (read.empty()) fail(place_, str("an alternative of <", of, "> is empty"));
    return read;
  }

  Symbol symbol() {
    if (peek() == '<') {
      const Place begin = place_;
      Symbol read{.kind = Symbol::Kind::non_terminal, .name = non_terminal()};
      uses_.push_back({read.name, begin});
      return read;
    }
    if (peek() == '[') {
      NumberRule rule = number_rule();
      return {.kind = Symbol::Kind::number, .name = rule.name, .number = rule};
    }
    Symbol read{.kind = Symbol::Kind::terminal, .name = name("<name>, [number] or name:value")};
    expect(":", "between a name and its value");
    const std::size_t begin = at_;
    while (is_name(peek()) || peek() == '.' || peek() == '+') advance();
    if (at_ == begin) fail(place_, str("expected the value of ", read.name, ", got ", seen()));
    read.value = text_.substr(begin, at_ - begin);
    return read;
  }

  NumberRule number_rule() {
    NumberRule rule;
    expect("[", "before a number");
    rule.name = field("the name");
    comma();
    rule.type = number_type();
    comma();
    const Place at = place_;
    const double count = number("the count", field("the count"), at, NumberType::integer);
    if (count < 1 || count > static_cast<double>(kMostNumbers)) {
      fail(at, str("expected a count from 1 to ", kMostNumbers, ", got ", number_text(count)));
    }
    rule.count = static_cast<std::int64_t>(count);
    comma();
    rule.least = bound("the least value", rule.type);
    comma();
    const Place last = place_;
    rule.most = bound("the largest value", rule.type);
    skip_spaces();
    expect("]", "after the largest value");
    if (rule.least && rule.most && *rule.least > *rule.most) {
      fail(last,
           str("expected at least ", number_text(*rule.least), ", got ", number_text(*rule.most)));
    }
    return rule;
  }

  void comma() {
    skip_spaces();
    expect(",", "in [name,type,count,least,most]");
    skip_spaces();
  }
  std::string field(const char* what) {
    skip_spaces();
    const std::size_t begin = at_;
    while (is_name(peek()) || peek() == '.' || peek() == '+') advance();
    if (at_ == begin) fail(place_, str("expected ", what, " of a number, got ", seen()));
    return std::string(text_.substr(begin, at_ - begin));
  }
  NumberType number_type() {
    const Place at = place_;
    const std::string read = field("the type");
    std::vector<std::string> names;
    for (const auto type : {NumberType::integer, NumberType::real, NumberType::power_of_two,
                            NumberType::inverse_power_of_two}) {
      if (read == evolution::name(type)) return type;
      names.emplace_back(evolution::name(type));
    }
    fail(at, str("expected a type of ", listed(names), ", got '", read, "'",
                 did_you_mean(read, names)));
  }
  double number(const char* what, const std::string& text, Place at, NumberType type) const {
    double read = 0;
    try {
      read = parse_number<double>(what, text);
    } catch (const ArgumentError& error) {
      fail(at, error.what());
    }
    const double most = type == NumberType::integer ? kMostWhole : kMostPower;
    if (type != NumberType::real && (read != std::round(read) || std::abs(read) > most)) {
      fail(at, str(what, ": expected a whole number of at most ", number_text(most), ", got '",
                   text, "'"));
    }
    return read;
  }
  std::optional<double> bound(const char* what, NumberType type) {
    const Place at = place_;
    const std::string text = field(what);
    if (text == "_") return {};
    return number(what, text, at, type);
  }

  void check_uses() const {
    std::vector<std::string> names;
    for (const Production& each : grammar_.productions) names.push_back(each.name);
    for (const Use& use : uses_) {
      if (!numbers_.contains(use.name)) {
        fail(use.place, str("there is no <", use.name, ">", did_you_mean(use.name, names)));
      }
    }
  }
  enum class Visit : char { none, open, done };
  /// Everything that the production leads to is without it; `visits` has one per production.
  void check_recursion(std::size_t production, std::vector<Visit>& visits) const {
    if (visits[production] == Visit::done) return;
    const auto& [name, alternatives] = grammar_.productions[production];
    if (visits[production] == Visit::open) {
      fail(places_[production], str("<", name, "> leads to itself"));
    }
    visits[production] = Visit::open;
    for (const Alternative& alternative : alternatives) {
      for (const Symbol& symbol : alternative) {
        if (symbol.kind == Symbol::Kind::non_terminal) {
          check_recursion(numbers_.at(symbol.name), visits);
        }
      }
    }
    visits[production] = Visit::done;
  }

  std::string_view text_;
  const std::string& path_;
  std::size_t at_ = 0;
  Place place_;
  Grammar grammar_;
  std::vector<Place> places_;                   // of the productions
  std::map<std::string, std::size_t> numbers_;  // of the productions
  std::vector<Use> uses_;
};

}  // namespace

Grammar parse_grammar(std::string_view text, const std::string& path) {
  return GrammarParser(text, path).parse();
}

}  // namespace joule::evolution
