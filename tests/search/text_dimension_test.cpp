// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "joule/core/error.h"
#include "joule/search/space.h"

namespace joule::search {
namespace {

template <class Body>
std::string error_of_text(Body&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

TEST(TextDimension, HoldsAnyTextThatNoSamplerKnows) {
  const Space space({{.name = "genes", .kind = Kind::text}});
  const Point point{{"genes", std::string("{\"a\": 1}\n")}};
  space.check(point);
  EXPECT_EQ(parse_space(to_json(space), "s"), space);
  EXPECT_EQ(parse_point(space, to_json(point), "p"), point);
  EXPECT_EQ(value_count(space.dimensions()[0]), std::nullopt);
  EXPECT_EQ(error_of_text([&] {
              space.check({{"genes", 1.0}});
            }),
            "dimension 'genes': expected a text, got 1");
  const char* const kUnknown = "dimension 'genes': is a text, of which no sampler knows the values";
  EXPECT_EQ(error_of_text([&] { value_of_unit(space.dimensions()[0], 0.5); }), kUnknown);
  EXPECT_EQ(error_of_text([&] { value_at(space.dimensions()[0], 0); }), kUnknown);
  EXPECT_EQ(error_of_text([] { Space({{.name = "genes", .kind = Kind::text, .high = 2}}); }),
            "dimension 'genes': text has no limits");
  EXPECT_EQ(error_of_text([] {
              Space({{.name = "genes", .kind = Kind::text},
                     {.name = "x", .active_if = Condition{"genes", {std::string("a")}}}});
            }),
            "dimension 'x': active_if names 'genes', which is text: expected an integer or a "
            "categorical dimension");
}

}  // namespace
}  // namespace joule::search
