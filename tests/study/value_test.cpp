// SPDX-License-Identifier: MIT
#include "joule/study/value.h"

#include <gtest/gtest.h>

#include <limits>

#include "joule/core/error.h"

namespace joule::study {
namespace {

std::string refusal(const Value& value) {
  try {
    check(value);
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "";
}

TEST(StudyValue, TakesWhatIsWhole) {
  EXPECT_EQ(refusal(measured("energy", 2.5, "J", "rapl")), "");
  EXPECT_EQ(refusal(unavailable("energy", "J", "rapl", "only root may read it")), "");
  Value value = modelled("energy", 2.5, "J", "horowitz45");
  value.low = 2, value.high = 3;
  EXPECT_EQ(refusal(value), "");
}

TEST(StudyValue, RefusesWhatMeansNothing) {
  for (const double number :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(refusal(counted("correct", number, "", "")),
              str("the counted value correct is ", number, "; expected a finite number"));
  }
  EXPECT_EQ(
      refusal({.name = "energy", .number = 0, .quality = Quality::unavailable, .reason = "x"}),
      "the value energy is unavailable and has a number");
  EXPECT_EQ(refusal({.name = "energy"}), "the value energy is unavailable; expected the reason");
  EXPECT_EQ(refusal({.name = "energy", .quality = Quality::measured}),
            "the measured value energy has no number; what has none is unavailable, for a reason");
  EXPECT_EQ(refusal(counted("", 1, "", "")), "a value of a trial has no name");
  Value value = measured("energy", 5, "J", "rapl");
  value.low = 2, value.high = 3;
  EXPECT_EQ(refusal(value),
            "the value energy is 5 and its interval 2 to 3; expected finite ends around it");
  value.high.reset();
  EXPECT_EQ(refusal(value), "the value energy has one end of an interval; expected both or none");
  EXPECT_EQ(refusal(measured("energy", 1, std::string("J\0", 2), "")),
            "the unit of the value energy has a byte 0");
}

TEST(StudyValue, KeepsWhatAFigureKnows) {
  using energy::Figure;
  using energy::Joules;
  const Value value = value_of("energy", Figure<Joules>::attributed(Joules(3), Joules(1), "nvml"));
  EXPECT_EQ(value, (Value{.name = "energy",
                          .number = 3,
                          .unit = "J",
                          .quality = Quality::attributed,
                          .low = 2,
                          .high = 4,
                          .source = "nvml"}));
  EXPECT_EQ(value_of("energy", Figure<Joules>::unavailable("rapl", "no right")),
            unavailable("energy", "J", "rapl", "no right"));
}

TEST(StudyValue, NamesOfQualitiesAreRead) {
  for (const Quality quality : {Quality::measured, Quality::sampled, Quality::attributed,
                                Quality::modelled, Quality::counted, Quality::unavailable}) {
    EXPECT_EQ(parse_quality(name(quality), "a"), quality);
  }
  EXPECT_THROW(parse_quality("guessed", "a"), DataError);
}

TEST(StudyValue, IsScaledWithItsInterval) {
  const Value joules{.name = "power",
                     .number = 20,
                     .unit = "J",
                     .quality = Quality::sampled,
                     .low = 18,
                     .high = 24,
                     .source = "battery"};
  const Value watts{.name = "power",
                    .number = 5,
                    .unit = "W",
                    .quality = Quality::sampled,
                    .low = 4.5,
                    .high = 6,
                    .source = "battery"};
  EXPECT_EQ(scaled(joules, 0.25, "W"), watts);
  const Value none = unavailable("power", "J", "rapl", "no right");
  EXPECT_EQ(scaled(none, 0.25, "W"), unavailable("power", "W", "rapl", "no right"));
}

}  // namespace
}  // namespace joule::study
