// SPDX-License-Identifier: MIT
#include "joule/evolution/grammar.h"

#include <gtest/gtest.h>

#include "joule/core/error.h"

namespace joule::evolution {
namespace {

std::string fault(const std::string& text) {
  try {
    parse_grammar(text, "g");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Grammar, PrintsWhatItRead) {
  for (const std::string& name : grammar_names()) {
    const Grammar grammar = parse_grammar(grammar_text(name), name);
    EXPECT_EQ(parse_grammar(to_text(grammar), "again"), grammar) << name;
    EXPECT_EQ(to_text(grammar), grammar_text(name)) << name;
  }
}

TEST(Grammar, SymbolsAreWhatTheTextSays) {
  const Grammar g = parse_grammar(
      "\n<a> ::= layer:conv [n,int,1,-3,8]  <b-1>  |  [r,float,2,0,0.5]\r\n\n"
      "<b-1> ::= act:relu [p,int_power2,1,3,5] [q,inv_power2,1,0,2] [partition_point,int,1,0,_] \n",
      "g");
  const Alternative& first = g.production("a").alternatives.at(0);
  EXPECT_EQ(first.at(0),
            (Symbol{.kind = Symbol::Kind::terminal, .name = "layer", .value = "conv"}));
  EXPECT_EQ(first.at(1).number, (NumberRule{"n", NumberType::integer, 1, -3.0, 8.0}));
  EXPECT_EQ(first.at(2).kind, Symbol::Kind::non_terminal);
  EXPECT_EQ(first.at(2).name, "b-1");
  EXPECT_EQ(g.production("a").alternatives.at(1).at(0).number,
            (NumberRule{"r", NumberType::real, 2, 0.0, 0.5}));
  const Alternative& second = g.production("b-1").alternatives.at(0);
  EXPECT_EQ(second.at(1).number.type, NumberType::power_of_two);
  EXPECT_EQ(second.at(2).number.type, NumberType::inverse_power_of_two);
  EXPECT_EQ(second.at(3).number.most, std::nullopt);
}

TEST(Grammar, ErrorsHaveLineAndColumn) {
  EXPECT_EQ(fault(""), "g:1:1: the grammar has no production");
  EXPECT_EQ(fault("<a> ::= x:1\n<b> := y:2"),
            "g:2:5: expected '::=' after the name of a production, got ':='");
  EXPECT_EQ(fault("<a> ::= x:1 | | y:2"), "g:1:15: an alternative of <a> is empty");
  EXPECT_EQ(fault("<a> ::="), "g:1:8: an alternative of <a> is empty");
  EXPECT_EQ(fault("<a> ::= x:1\n<a> ::= x:2"), "g:2:1: <a> is there twice");
  EXPECT_EQ(fault("<a> ::= <bath>\n<bath_norm> ::= x:1\n"), "g:1:9: there is no <bath>");
  EXPECT_EQ(fault("<a> ::= <padings>\n<padding> ::= x:1\n"),
            "g:1:9: there is no <padings>; did you mean 'padding'?");
  EXPECT_EQ(fault("<a> ::= x:1 <b>\n<b> ::= y:1 | <a>"), "g:1:1: <a> leads to itself");
  EXPECT_EQ(fault("<a> ::= x"),
            "g:1:10: expected ':' between a name and its value, got the end of the file");
  EXPECT_EQ(fault("<a> ::= [n,integer,1,0,3]"),
            "g:1:12: expected a type of int, float, int_power2, inv_power2, got 'integer'");
  EXPECT_EQ(
      fault("<a> ::= [n,int,1,0.5,3]"),
      "g:1:18: the least value: expected a whole number of at most 9007199254740992, got '0.5'");
  EXPECT_EQ(fault("<a> ::= [n,int,0,0,3]"), "g:1:16: expected a count from 1 to 64, got 0");
  EXPECT_EQ(fault("<a> ::= [n,int,1,4,3]"), "g:1:20: expected at least 4, got 3");
  EXPECT_EQ(fault("<a> ::= [n,int,1,4]"),
            "g:1:19: expected ',' in [name,type,count,least,most], got ']'");
}

TEST(Grammar, NumbersAreDrawnWithinTheirBounds) {
  Draws draws(3);
  const NumberRule whole{"n", NumberType::integer, 2, -1.0, 1.0};
  const NumberRule power{"p", NumberType::power_of_two, 1, 3.0, 5.0};
  const NumberRule inverse{"q", NumberType::inverse_power_of_two, 1, 1.0, 2.0};
  std::set<double> seen, powers, inverses;
  for (int i = 0; i < 200; ++i) {
    const std::vector<double> numbers = draw_numbers(whole, {}, draws);
    EXPECT_EQ(numbers.size(), 2u);
    seen.insert(numbers.begin(), numbers.end());
    powers.insert(draw_numbers(power, {}, draws)[0]);
    inverses.insert(draw_numbers(inverse, {}, draws)[0]);
    EXPECT_EQ(fault_of(inverse, draw_numbers(inverse, {}, draws), {}), "");
  }
  EXPECT_EQ(seen, (std::set<double>{-1, 0, 1}));
  EXPECT_EQ(powers, (std::set<double>{8, 16, 32}));
  EXPECT_EQ(inverses, (std::set<double>{0.5, 0.25}));
  EXPECT_EQ(fault_of(power, {12}, {}), "p: expected int_power2, got 12");
  EXPECT_EQ(fault_of(power, {64}, {}), "p: expected 3 to 5 as k of 2^k, got 64");
  EXPECT_EQ(fault_of(whole, {0}, {}), "n: expected 2 numbers, got 1");
}

TEST(Grammar, BoundsThatAreSetLater) {
  const NumberRule rule{"partition_point", NumberType::integer, 1, 0.0, std::nullopt};
  Draws draws(1);
  EXPECT_EQ(bounds_of(rule, {{"partition_point", {0, 4}}}), (std::pair{0.0, 4.0}));
  EXPECT_THROW(draw_numbers(rule, {}, draws), ArgumentError);
}

}  // namespace
}  // namespace joule::evolution
