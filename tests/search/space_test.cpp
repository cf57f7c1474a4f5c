// SPDX-License-Identifier: MIT
#include "joule/search/space.h"

#include <gtest/gtest.h>

#include <limits>

#include "joule/core/error.h"

namespace joule::search {
namespace {

/// A space with each kind of dimension, and conditions two deep.
Space sample() {
  return Space({{.name = "lr", .kind = Kind::real, .low = 1e-4, .high = 0.1, .log = true},
                {.name = "optimizer", .kind = Kind::categorical, .choices = {"sgd", "adam"}},
                {.name = "beta2",
                 .kind = Kind::real,
                 .low = 0.9,
                 .high = 0.999,
                 .active_if = Condition{"optimizer", {"adam"}}},
                {.name = "width", .kind = Kind::integer, .low = -4, .high = 12, .step = 4},
                {.name = "groups",
                 .kind = Kind::integer,
                 .low = 1,
                 .high = 8,
                 .log = true,
                 .active_if = Condition{"width", {std::int64_t{4}, std::int64_t{8}}}},
                {.name = "norm",
                 .kind = Kind::categorical,
                 .choices = {"batch", "none"},
                 .active_if = Condition{"groups", {std::int64_t{2}}}}});
}

Point good() {
  return {{"lr", 0.01},
          {"optimizer", "adam"},
          {"beta2", 0.99},
          {"width", std::int64_t{4}},
          {"groups", std::int64_t{2}},
          {"norm", "none"}};
}

template <class Error = ArgumentError, class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string fault_of(const Point& point) {
  return message_of([&] { sample().check(point); });
}

std::string fault_of(std::vector<Dimension> dimensions) {
  return message_of([&] { Space space(std::move(dimensions)); });
}

TEST(Point, HoldsNamedValues) {
  const Point point = good();
  EXPECT_EQ(point.get<double>("lr"), 0.01);
  EXPECT_EQ(point.get<std::int64_t>("width"), 4);
  EXPECT_EQ(point.get<std::string>("norm"), "none");
  EXPECT_TRUE(point.contains("lr"));
  EXPECT_FALSE(point.contains("LR"));
  EXPECT_EQ(message_of([&] { point["widht"]; }),
            "point: there is no 'widht'; did you mean 'width'?");
  EXPECT_EQ(message_of([&] { point.get<double>("width"); }),
            "point: 'width' is an integer (4), asked for as a real number");
  EXPECT_EQ(message_of([] { Point{{"a", 1.0}, {"a", 2.0}}; }), "point: 'a' is there twice");
}

TEST(Point, EqualityIsOfTheValuesNotOfTheirOrder) {
  const Point a{{"x", 1.0}, {"n", std::int64_t{2}}}, b{{"n", std::int64_t{2}}, {"x", 1.0}};
  EXPECT_EQ(a, b);
  EXPECT_NE(a, (Point{{"x", 1.0}}));
  EXPECT_NE((Point{{"x", 1.0}}), a);
  EXPECT_NE(a, (Point{{"x", 1.5}, {"n", std::int64_t{2}}}));
  EXPECT_NE(a, (Point{{"x", 1.0}, {"n", 2.0}}));
}

TEST(Space, AcceptsItsPoints) {
  sample().check(good());
  sample().check({{"width", std::int64_t{-4}}, {"lr", 1e-4}, {"optimizer", "sgd"}});
  sample().check({{"width", std::int64_t{12}}, {"lr", 0.1}, {"optimizer", "sgd"}});
}

TEST(Space, NamesWhatIsNotOfIt) {
  const auto with = [](const char* name, PointValue value) {
    Point point = good();
    point.set(name, std::move(value));
    return fault_of(point);
  };
  EXPECT_EQ(with("lr", 0.2), "dimension 'lr': expected a real number from 1e-04 to 0.1, got 0.2");
  EXPECT_EQ(with("lr", std::numeric_limits<double>::quiet_NaN()),
            "dimension 'lr': expected a real number from 1e-04 to 0.1, got nan");
  EXPECT_EQ(with("lr", std::int64_t{0}),
            "dimension 'lr': expected a real number from 1e-04 to 0.1, got 0");
  EXPECT_EQ(with("optimizer", "adan"),
            "dimension 'optimizer': expected one of sgd, adam, got 'adan'; did you mean 'adam'?");
  EXPECT_EQ(with("width", std::int64_t{6}),
            "dimension 'width': expected an integer from -4 to 12 in steps of 4, got 6");
  EXPECT_EQ(with("width", std::int64_t{-8}),
            "dimension 'width': expected an integer from -4 to 12 in steps of 4, got -8");
  EXPECT_EQ(with("groups", 2.0), "dimension 'groups': expected an integer from 1 to 8, got 2");
  EXPECT_EQ(with("optimizer", "sgd"),
            "dimension 'beta2': is not active with optimizer = 'sgd', got 0.99");
  EXPECT_EQ(with("groups", std::int64_t{1}),
            "dimension 'norm': is not active with groups = 1, got 'none'");
  EXPECT_EQ(with("lrr", 0.1), "there is no dimension 'lrr'; did you mean 'lr'?");
  EXPECT_EQ(fault_of(Point{{"lr", 0.01}}), "dimension 'optimizer': the point has no value of it");
  EXPECT_EQ(fault_of(Point{
                {"lr", 0.01}, {"optimizer", "sgd"}, {"width", std::int64_t{0}}, {"norm", "none"}}),
            "dimension 'norm': is not active with groups not active, got 'none'");
}

TEST(PointValue, IsBriefForReaders) {
  EXPECT_EQ(brief(0.06220962415004158), "0.06221");
  EXPECT_EQ(brief(1e-4), "0.0001");
  EXPECT_EQ(brief(6.50814e-8), "6.508e-08");
  EXPECT_EQ(brief(0.99999), "0.99999");
  EXPECT_EQ(brief(-0.999999), "-0.999999");
  EXPECT_EQ(brief(1.0), "1");
  EXPECT_EQ(brief(1.00001), "1");
  EXPECT_EQ(brief(std::int64_t{123456}), "123456");
  EXPECT_EQ(brief("adam"), "adam");
}

TEST(Space, RefusesLimitsThatAreNone) {
  const auto fault = [](Dimension d) {
    d.name = "x";
    return fault_of(std::vector{std::move(d)});
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(fault({.low = 1, .high = 0}),
            "dimension 'x': expected finite limits, low <= high, got 1 and 0");
  EXPECT_EQ(fault({.low = 0, .high = kInfinity}),
            "dimension 'x': expected finite limits, low <= high, got 0 and inf");
  EXPECT_EQ(fault({.low = -1.7e308, .high = 1.7e308}),
            "dimension 'x': expected finite limits, low <= high, got -1.7e+308 and 1.7e+308");
  EXPECT_EQ(fault({.low = 0, .high = 1, .log = true}),
            "dimension 'x': log needs limits above 0, got low 0");
  EXPECT_EQ(fault({.kind = Kind::integer, .low = 0.5, .high = 1}),
            "dimension 'x': the limits of an integer must be whole and at most 2^53, got 0.5");
  EXPECT_EQ(fault({.kind = Kind::integer, .low = 0, .high = 0x1p54}),
            "dimension 'x': the limits of an integer must be whole and at most 2^53, got "
            "18014398509481984");
  EXPECT_EQ(fault({.kind = Kind::integer, .low = 0, .high = 4, .step = 0}),
            "dimension 'x': step: expected at least 1, got 0");
  EXPECT_EQ(fault({.kind = Kind::integer, .low = 0, .high = 4, .step = 3}),
            "dimension 'x': expected high to be low + k step, got 4 with low 0 and step 3");
  EXPECT_EQ(fault({.kind = Kind::integer, .low = 1, .high = 3, .log = true, .step = 2}),
            "dimension 'x': log and a step of 2 exclude each other");
  EXPECT_EQ(fault({.levels = 1}), "dimension 'x': levels: expected at least 2, both ends, got 1");
  EXPECT_EQ(fault({.low = 1, .high = 1, .levels = 2}),
            "dimension 'x': levels: expected 1, the limits being equal, got 2");
}

TEST(Space, RefusesWhatAnotherKindHas) {
  const auto fault = [](Dimension d) {
    d.name = "x";
    return fault_of(std::vector{std::move(d)});
  };
  EXPECT_EQ(fault({.kind = Kind::categorical}), "dimension 'x': has no choices");
  EXPECT_EQ(fault({.kind = Kind::categorical, .choices = {"a", "b", "a"}}),
            "dimension 'x': choice 'a' is there twice");
  EXPECT_EQ(fault({.kind = Kind::categorical, .high = 2, .choices = {"a"}}),
            "dimension 'x': categorical has no limits");
  EXPECT_EQ(fault({.step = 2}), "dimension 'x': real has no step");
  EXPECT_EQ(fault({.kind = Kind::integer, .levels = 2}), "dimension 'x': integer has no levels");
  EXPECT_EQ(fault({.choices = {"a"}}), "dimension 'x': real has no choices");
  EXPECT_EQ(fault_of({Dimension{}}), "space: a dimension has no name");
  EXPECT_EQ(fault_of({{.name = "x"}, {.name = "x"}}), "space: 'x' is there twice");
}

TEST(Space, RefusesConditionsThatCannotHold) {
  const auto fault = [](Condition condition) {
    return fault_of({{.name = "rate"},
                     {.name = "layers", .kind = Kind::integer, .low = 1, .high = 3},
                     {.name = "x", .active_if = std::move(condition)},
                     {.name = "later", .kind = Kind::integer}});
  };
  EXPECT_EQ(fault({"layer", {std::int64_t{1}}}),
            "dimension 'x': active_if names 'layer', which is no earlier dimension; did you mean "
            "'layers'?");
  EXPECT_EQ(fault({"later", {std::int64_t{1}}}),
            "dimension 'x': active_if names 'later', which is no earlier dimension");
  EXPECT_EQ(fault({"rate", {0.5}}),
            "dimension 'x': active_if names 'rate', which is real: expected an integer or a "
            "categorical dimension");
  EXPECT_EQ(fault({"layers", {}}), "dimension 'x': active_if has no values");
  EXPECT_EQ(fault({"layers", {std::int64_t{4}}}),
            "dimension 'x': active_if: 'layers' is an integer from 1 to 3, got 4");
  EXPECT_EQ(fault({"layers", {std::int64_t{2}, std::int64_t{2}}}),
            "dimension 'x': active_if: 2 is there twice");
}

TEST(SpaceJson, RoundTrip) {
  const Space space = sample();
  EXPECT_EQ(parse_space(to_json(space), "s.json"), space);
  EXPECT_EQ(parse_space(to_json(Space()), "s.json"), Space());
  const Space levels({{.name = "x", .low = 0, .high = 0.1 + 0.2, .levels = 7}});
  EXPECT_EQ(parse_space(to_json(levels), "s.json"), levels);
  EXPECT_EQ(parse_point(space, to_json(good()), "p.json"), good());
  Point point = good();
  point.set("lr", 0.1 / 3);
  EXPECT_EQ(parse_point(space, to_json(point), "p.json"), point);
  EXPECT_EQ(to_json(good()),
            R"({"lr":0.01,"optimizer":"adam","beta2":0.99,"width":4,"groups":2,"norm":"none"})");
}

TEST(SpaceJson, PointsGetTheOrderOfTheSpace) {
  const Space space({{.name = "a", .high = 2}, {.name = "b", .kind = Kind::integer}});
  const Point point = parse_point(space, R"({"b": 1, "a": 1})", "p.json");
  EXPECT_EQ(to_json(point), R"({"a":1.0,"b":1})");
}

TEST(SpaceJson, FaultsNameTheFileAndTheDimension) {
  const auto fault = [](const std::string& dimension) {
    return message_of<DataError>(
        [&] { parse_space("{\"dimensions\": [" + dimension + "]}", "s.json"); });
  };
  EXPECT_EQ(fault(R"({"name": "lr", "kind": "reel", "low": 0, "high": 1})"),
            "s.json: dimension 'lr': kind: expected one of real, integer, categorical, text, got "
            "'reel'; did you mean 'real'?");
  EXPECT_EQ(fault(R"({"name": "lr", "kind": "real", "low": 0, "hihg": 1})"),
            "s.json: dimension 'lr': 'high' is missing");
  EXPECT_EQ(fault(R"({"name": "lr", "kind": "real", "low": 0, "high": 1, "lgo": true})"),
            "s.json: dimension 'lr': there is no 'lgo'; did you mean 'log'?");
  EXPECT_EQ(fault(R"({"name": "lr", "kind": "real", "low": "0", "high": 1})"),
            "s.json: dimension 'lr': 'low' must be a number, got \"0\"");
  EXPECT_EQ(fault(R"({"name": "lr", "kind": "real", "low": 2, "high": 1})"),
            "s.json: dimension 'lr': expected finite limits, low <= high, got 2 and 1");
  EXPECT_EQ(fault(R"({"name": "n", "kind": "integer", "low": 1, "high": 2, "step": 1.5})"),
            "s.json: dimension 'n': 'step' must be a whole number, got 1.5");
  EXPECT_EQ(fault(R"({"name": "n", "kind": "integer", "low": 1, "high": 2, "log": 1})"),
            "s.json: dimension 'n': 'log' must be true or false, got 1");
  EXPECT_EQ(fault(R"({"name": "c", "kind": "categorical", "choices": [1]})"),
            "s.json: dimension 'c': a choice must be a text, got 1");
  EXPECT_EQ(fault(R"({"kind": "real", "low": 0, "high": 1})"),
            "s.json: dimension 0: 'name' is missing");
  EXPECT_EQ(fault(R"({"name": 7, "kind": "real", "low": 0, "high": 1})"),
            "s.json: dimension 0: 'name' must be a text, got 7");
  EXPECT_EQ(fault("3"), "s.json: dimension 0: expected a JSON object, got 3");
  EXPECT_EQ(fault(R"({"name": "lr", "kind": "real", "low": 0, "high": 1,
                      "active_if": {"dimension": "a"}})"),
            "s.json: dimension 'lr': active_if: 'values' is missing");
  EXPECT_EQ(message_of<DataError>([] { parse_space("{", "s.json"); }),
            "s.json: not JSON at byte 2");
  EXPECT_EQ(message_of<DataError>([] { parse_space("[]", "s.json"); }),
            "s.json: expected a JSON object, got []");
}

TEST(SpaceJson, FaultsOfPoints) {
  const auto fault = [](const std::string& json) {
    return message_of<DataError>([&] { parse_point(sample(), json, "p.json"); });
  };
  EXPECT_EQ(fault(R"({"lr": 0.5})"),
            "p.json: dimension 'lr': expected a real number from 1e-04 to 0.1, got 0.5");
  EXPECT_EQ(fault(R"({"lr": [1]})"),
            "p.json: dimension 'lr': expected a number or a text, got [1]");
  EXPECT_EQ(fault(R"({"lr": 0.1, "optimizer": "sgd", "width": 4.0})"),
            "p.json: dimension 'width': expected an integer from -4 to 12 in steps of 4, got 4");
  EXPECT_EQ(fault(R"({"lr": 0.1, "optimizer": "sgd", "width": 0, "widt": 1})"),
            "p.json: there is no dimension 'widt'; did you mean 'width'?");
  EXPECT_EQ(fault("7"), "p.json: expected a JSON object, got 7");
}

}  // namespace
}  // namespace joule::search
