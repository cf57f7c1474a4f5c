// SPDX-License-Identifier: MIT
#include "joule/course/picture.h"

#include <gtest/gtest.h>

#include "joule/core/error.h"

namespace joule::course {
namespace {

std::string message_of(const char* csv, const PictureOptions& options = {}) {
  try {
    chart_of(csv, "p.csv", options);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Picture, AColumnIsALineAndAnEmptyCellNoPoint) {
  const report::LineChart chart = chart_of("side,roof,layers\r\n1,2.5,\n2,,-3e1\n", "p.csv",
                                           {.title = "T", .y_title = "Y", .points = {"layers"}});
  EXPECT_EQ(chart.title, "T");
  EXPECT_EQ(chart.x_title, "side");
  EXPECT_EQ(chart.y_title, "Y");
  ASSERT_EQ(chart.lines.size(), 2u);
  EXPECT_EQ(chart.lines[0].name, "roof");
  ASSERT_EQ(chart.lines[0].points.size(), 1u);
  EXPECT_EQ(chart.lines[0].points[0].x, 1);
  EXPECT_EQ(chart.lines[0].points[0].y, 2.5);
  EXPECT_FALSE(chart.lines[0].points[0].apart || chart.lines[0].marks);
  ASSERT_EQ(chart.lines[1].points.size(), 1u);
  EXPECT_EQ(chart.lines[1].points[0].x, 2);
  EXPECT_EQ(chart.lines[1].points[0].y, -30);
  EXPECT_TRUE(chart.lines[1].points[0].apart && chart.lines[1].marks);
}

TEST(Picture, APointHasNoSpread) {
  const report::LineChart chart = chart_of("x,y\n1,1e-3\n", "p.csv", {.log_y = true});
  ASSERT_EQ(chart.lines[0].points.size(), 1u);
  EXPECT_EQ(chart.lines[0].points[0].low, 1e-3);
  EXPECT_EQ(chart.lines[0].points[0].high, 1e-3);
  EXPECT_TRUE(chart.lines[0].marks && chart.log_y && !chart.log_x);
}

TEST(Picture, WhatIsMalformedIsNamed) {
  EXPECT_EQ(message_of(""), "p.csv: expected names and at least one row of numbers");
  EXPECT_EQ(message_of("x,y\n"), "p.csv: expected names and at least one row of numbers");
  EXPECT_EQ(message_of("x\n1\n"), "p.csv:1: expected names of two columns or more");
  EXPECT_EQ(message_of("x,y\n1,2,3\n"), "p.csv:2: expected 2 cells, got 3");
  EXPECT_EQ(message_of("x,y\n1,two\n").find("p.csv:2"), 0u);
  EXPECT_EQ(message_of("x,y\n1,2\n", {.points = {"x"}}), "--points: p.csv has no column named 'x'");
}

}  // namespace
}  // namespace joule::course
