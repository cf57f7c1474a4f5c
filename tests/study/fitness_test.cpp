// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "joule/study/evolve/fitness.h"

namespace joule::study {
namespace {

template <class Body>
std::string error_of_fitness(Body&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

constexpr const char* kPublished = R"({"terms": [{"metric": "accuracy_1"},
  {"metric": "power_1", "direction": "minimise", "weight": 10,
   "if": [{"metric": "accuracy_1", "above": 0.7}, {"metric": "accuracy_1", "below": 0.9}]}]})";

std::vector<Value> net(double accuracy, Value power) {
  return {counted("accuracy_1", accuracy, "", "images"), std::move(power)};
}

TEST(Fitness, ThePublishedOne) {
  const Fitness fitness = parse_fitness(kPublished, "f.json");
  const auto of = [&](double accuracy) {
    return fitness_of(fitness, net(accuracy, measured("power_1", 80, "W", "nvml")));
  };
  EXPECT_DOUBLE_EQ(of(0.8), 0.8 + 10.0 / 80);
  EXPECT_DOUBLE_EQ(of(0.7), 0.7);  // a condition holds beyond its threshold alone
  EXPECT_DOUBLE_EQ(of(0.9), 0.9);
  EXPECT_DOUBLE_EQ(of(0.95), 0.95);
  EXPECT_EQ(to_text(fitness),
            "accuracy_1 + (10 W) / power_1 if accuracy_1 > 0.7 and accuracy_1 < 0.9");
  EXPECT_EQ(parse_fitness(to_json(fitness), "again"), fitness);
}

TEST(Fitness, AWeightBelowZeroIsAPrice) {
  const Fitness fitness = parse_fitness(
      R"({"terms": [{"metric": "accuracy_1"}, {"metric": "macs_executed_1", "weight": -1e-7}]})",
      "f.json");
  EXPECT_EQ(to_text(fitness), "accuracy_1 - 1e-07 macs_executed_1");
  EXPECT_DOUBLE_EQ(fitness_of(fitness, {counted("accuracy_1", 0.8, "", "images"),
                                        counted("macs_executed_1", 1e6, "", "ledger")}),
                   0.7);
}

TEST(Fitness, WattsRefuseJoulesUnlessTheWeightIsForThem) {
  const Fitness watts = parse_fitness(kPublished, "f.json");
  const Value joules = modelled("power_1", 2e-5, "J", "horowitz45");
  EXPECT_EQ(error_of_fitness([&] { fitness_of(watts, net(0.8, joules)); }),
            "fitness term 2, power_1: it is in 'J', and the weight 10 is for 'W'");
  EXPECT_EQ(error_of_fitness([&] { check_power_units(watts, false); }),
            "fitness term 2, power_1: no meter can be read here, so it is modelled joules per "
            "image, and the weight 10 is for W; give a weight with \"unit\": \"J\"");
  EXPECT_EQ(error_of_fitness([&] { check_power_units(watts, true); }), "no error");
  const Fitness per_image = parse_fitness(
      R"({"terms": [{"metric": "power_1", "direction": "minimise", "weight": 2e-6, "unit": "J"}]})",
      "f.json");
  EXPECT_DOUBLE_EQ(fitness_of(per_image, net(0.8, joules)), 0.1);
  check_power_units(per_image, false);
  EXPECT_NE(error_of_fitness([&] { check_power_units(per_image, true); }), "no error");
}

TEST(Fitness, SumsTermsOfAnyMetric) {
  const Fitness fitness = parse_fitness(
      R"({"terms": [{"metric": "accuracy", "weight": 2}, {"metric": "macs_executed",
          "direction": "minimise", "weight": 1000}], "invalid": -5})",
      "f.json");
  EXPECT_EQ(fitness.invalid, -5);
  EXPECT_DOUBLE_EQ(fitness_of(fitness, {counted("accuracy", 0.5, "", "i"),
                                        counted("macs_executed", 4000, "", "i")}),
                   1.25);
}

TEST(Fitness, WhatIsNotThereOrCannotBeIsNamed) {
  const Fitness fitness = parse_fitness(kPublished, "f.json");
  EXPECT_EQ(error_of_fitness([&] {
              fitness_of(fitness, net(0.8, unavailable("power_1", "W", "nvml", "too short")));
            }),
            "the net has no power_1: too short");
  EXPECT_EQ(
      error_of_fitness([&] { fitness_of(fitness, net(0.8, measured("power_1", 0, "W", "nvml"))); }),
      "fitness term 2, power_1: it is to be small, and is 0, which nothing can be divided by");
}

TEST(Fitness, RefusesADocumentWithOneClearError) {
  const auto error = [](const char* json) {
    return error_of_fitness([&] { parse_fitness(json, "f.json"); });
  };
  EXPECT_EQ(error(R"({"terms": []})"), "f.json: 'terms' is to be a list of at least one term");
  EXPECT_EQ(error(R"({"terms": [{"metric": "acuracy_1"}]})"),
            "f.json: term 1: there is no metric 'acuracy_1'; did you mean 'accuracy_1'?");
  EXPECT_EQ(error(R"({"terms": [{"metric": "accuracy", "weigth": 1}]})"),
            "f.json: term 1: there is no member 'weigth'; did you mean 'weight'?");
  EXPECT_EQ(error(R"({"terms": [{"metric": "accuracy", "unit": "W"}]})"),
            "f.json: term 1: accuracy cannot be in 'W'; expected ''");
  EXPECT_EQ(error(R"({"terms": [{"metric": "power", "unit": "kW"}]})"),
            "f.json: term 1: power cannot be in 'kW'; expected W or J");
  EXPECT_EQ(error(R"({"terms": [{"metric": "accuracy", "direction": "up"}]})"),
            "f.json: term 1: 'direction' is 'up'; expected maximise or minimise");
  EXPECT_EQ(error(R"({"terms": [{"metric": "accuracy", "weight": "1"}]})"),
            "f.json: term 1: 'weight' is \"1\", not a number");
  EXPECT_EQ(error(R"({"terms": [{"metric": "accuracy", "if": [{"metric": "loss"}]}]})"),
            "f.json: term 1: if: expected either 'above' or 'below'");
  EXPECT_TRUE(error("{").starts_with("f.json: ")) << error("{");
}

}  // namespace
}  // namespace joule::study
