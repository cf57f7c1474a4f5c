// SPDX-License-Identifier: MIT
#include "joule/report/document.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/report/svg.h"

namespace joule::report {
namespace {

LineChart chart() {
  return {.title = "Accuracy",
          .x_title = "lambda",
          .y_title = "%",
          .lines = {{.name = "a", .points = {{.x = 1, .y = 2, .low = 2, .high = 2}}}}};
}

Document document() {
  Document d{.title = "A_b", .lead = "What *it* is."};
  d.parts.emplace_back(Heading{"First"});
  d.parts.emplace_back(Paragraph{"a < b | c"});
  d.parts.emplace_back(Warning{"Mind"});
  d.parts.emplace_back(Items{{"one", "two"}});
  d.parts.emplace_back(Table{.caption = "T", .head = {"", "x"}, .rows = {{"r|1", "2"}}});
  d.parts.emplace_back(Picture<LineChart>{"acc", "How good.", chart()});
  return d;
}

TEST(Document, IsMarkdownWithItsPicturesBeside) {
  const Markdown m = to_markdown(document(), "pictures");
  EXPECT_EQ(m.text,
            "# A\\_b\n\nWhat \\*it\\* is.\n"
            "\n## First\n"
            "\na \\< b \\| c\n"
            "\n> **Note.** Mind\n"
            "\n* one\n* two\n"
            "\n**T**\n\n|  | x |\n| --- | ---: |\n| r\\|1 | 2 |\n"
            "\n![Accuracy](pictures/acc.svg)\n\nHow good.\n");
  ASSERT_EQ(m.pictures.size(), 1u);
  EXPECT_EQ(m.pictures[0].first, "acc.svg");
  EXPECT_EQ(m.pictures[0].second, to_svg(chart()));
  EXPECT_NE(to_markdown(document(), "").text.find("](acc.svg)"), std::string::npos);
}

TEST(Document, BreaksLinesButNotThoseOfTables) {
  const std::string a(60, 'a'), b(61, 'b'), c(300, 'c');
  Document d{.title = "t", .lead = str(a, " ", b)};
  d.parts.emplace_back(Table{.head = {"x"}, .rows = {{c}}});
  const std::string text = to_markdown(d, "").text;
  EXPECT_NE(text.find(str(a, "\n", b)), std::string::npos);
  EXPECT_NE(text.find(str("| ", c, " |")), std::string::npos);
}

TEST(Document, RefusesTwoPicturesOfOneName) {
  Document d = document();
  d.parts.emplace_back(Picture<LineChart>{"acc", "Again.", chart()});
  EXPECT_THROW(to_markdown(d, ""), ArgumentError);
  Document ragged{.title = "t", .lead = "l"};
  ragged.parts.emplace_back(Table{.caption = "T", .head = {"a", "b"}, .rows = {{"1"}}});
  EXPECT_THROW(to_markdown(ragged, ""), ArgumentError);
}

TEST(Document, IsAPageThatHoldsItsData) {
  const std::string page = to_html(document(), {{"n", 7}});
  EXPECT_NE(page.find("a &lt; b | c"), std::string::npos);
  EXPECT_NE(page.find("How good."), std::string::npos);
  EXPECT_NE(page.find("{\"n\":7}"), std::string::npos);
}

TEST(Document, OnATerminalHasItsTablesAndNotes) {
  const std::string text = terminal_text(document(), 80);
  EXPECT_NE(text.find("Note: Mind"), std::string::npos);
  EXPECT_NE(text.find("- two"), std::string::npos);
  EXPECT_NE(text.find("r|1  2"), std::string::npos);
  EXPECT_NE(text.find("\nT\n"), std::string::npos) << "its caption";
  EXPECT_EQ(text.find("First"), std::string::npos);
}

}  // namespace
}  // namespace joule::report
