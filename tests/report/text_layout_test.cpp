// SPDX-License-Identifier: MIT
#include "joule/report/text_layout.h"

#include "joule/core/error.h"

namespace joule::report {
namespace {

TextTable table() {
  return {.head = {"op", "calls", "time", "MACs"},
          .rows = {{"conv2d", "3", "12 ms", "1000"}, {"relu", "10", "1 ms", ""}}};
}

TEST(TextTable, AlignsNamesToTheLeftAndTheRestToTheRight) {
  EXPECT_EQ(text_of(table()),
            "op      calls   time  MACs\n"
            "conv2d      3  12 ms  1000\n"
            "relu       10   1 ms\n");
  TextTable ruled = text_table({{"op", "n"}, {"add", "3"}});
  ruled.gap = "   ";
  ruled.rule = true;
  EXPECT_EQ(text_of(ruled), "op    n\n-------\nadd   3\n");
  EXPECT_EQ(text_of({.head = {"only"}, .rows = {{"a"}}}), "only\na\n");
  TextTable texts = table();
  texts.texts = 1;
  texts.rows[1][3] = "9";
  EXPECT_EQ(text_of(texts),
            "op      calls   time  MACs\n"
            "conv2d      3  12 ms  1000\n"
            "relu       10   1 ms  9\n");
}

TEST(TextTable, IsBrokenIntoBlocksThatNameTheirRows) {
  EXPECT_EQ(text_of(table(), 26), text_of(table())) << "as wide as it is";
  EXPECT_EQ(text_of(table(), 25),
            "op      calls   time\n"
            "conv2d      3  12 ms\n"
            "relu       10   1 ms\n"
            "\n"
            "op      MACs\n"
            "conv2d  1000\n"
            "relu\n");
  // A block has one column at least, however narrow the terminal is.
  EXPECT_EQ(text_of(table(), 1),
            "op      calls\nconv2d      3\nrelu       10\n\n"
            "op       time\nconv2d  12 ms\nrelu     1 ms\n\n"
            "op      MACs\nconv2d  1000\nrelu\n");
  TextTable named = table();
  named.names = 2;
  EXPECT_EQ(text_of(named, 21),
            "op      calls   time\nconv2d  3      12 ms\nrelu    10      1 ms\n\n"
            "op      calls  MACs\nconv2d  3      1000\nrelu    10\n");
}

TEST(TextTable, RefusesARowOfAnotherLength) {
  TextTable bad = table();
  bad.rows.push_back({"add"});
  try {
    text_of(bad);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const ArgumentError& error) {
    EXPECT_STREQ(error.what(), "table: a row has 1 cells, the head has 4");
  }
}

TEST(Wrapped, BreaksAtSpacesAndIndents) {
  EXPECT_EQ(wrapped("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrapped("  --x     one two three", 17, 10), "  --x     one two\n          three");
  EXPECT_EQ(wrapped("one two three", kAnyWidth), "one two three");
  EXPECT_EQ(wrapped("a extraordinarily b", 5), "a\nextraordinarily\nb");
  EXPECT_EQ(wrapped("", 5), "");
}

}  // namespace
}  // namespace joule::report
