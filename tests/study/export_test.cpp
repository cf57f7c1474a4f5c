// SPDX-License-Identifier: MIT
#include "joule/study/export.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace joule::study {
namespace {

Study study() {
  return {.id = 1,
          .definition = {.name = "a",
                         .kind = "b",
                         .space = search::Space({{.name = "x", .low = 0, .high = 2},
                                                 {.name = "net",
                                                  .kind = search::Kind::categorical,
                                                  .choices = {"big, \"deep\"", "small"}}}),
                         .sampler = "random",
                         .trials = 3},
          .origin = {.created = 1769860800, .joule = "1", .host = "h", .machine = "m"}};
}

std::vector<Trial> trials() {
  Value energy = measured("energy", 0.1, "J", "rapl");
  energy.low = 0.05, energy.high = 0.25;
  std::vector<Trial> out(3);
  out[0] = {.number = 0,
            .point = {{"x", 0.1}, {"net", "big, \"deep\""}},
            .state = State::complete,
            .seed = 7,
            .started = 1769860800.5,
            .ended = 1769860802,
            .worker = "4711 on h",
            .host = "h",
            .token = 1,
            .values = {energy, counted("parameters", 10, "", "")}};
  out[1] = {.number = 1,
            .point = {{"x", 2.0}, {"net", "small"}},
            .state = State::complete,
            .token = 2,
            .values = {unavailable("energy", "J", "rapl", "only root\nmay read it"),
                       modelled("energy", 3, "J", "horowitz45")}};
  out[2] = {.number = 2,
            .point = {{"x", 1.0}, {"net", "small"}},
            .state = State::failed,
            .crashes = 3,
            .error = "it said \"no\""};
  return out;
}

TEST(StudyExport, ARowPerTrialAndNoColumnOfTwoQualities) {
  EXPECT_EQ(trials_csv(study(), trials()),
            "number,state,seed,started,ended,seconds [s],worker,host,attempts,crashes,error,x,net,"
            "\"energy [J, measured]\",\"energy low [J, measured]\",\"energy high [J, measured]\","
            "\"energy source [J, measured]\",parameters [counted],energy unavailable,"
            "\"energy [J, modelled]\",\"energy source [J, modelled]\"\r\n"
            "0,complete,7,2026-01-31T12:00:00Z,2026-01-31T12:00:02Z,1.500,4711 on h,h,1,0,,0.1,"
            "\"big, \"\"deep\"\"\",0.1,0.05,0.25,rapl,10,,,\r\n"
            "1,complete,0,,,,,,2,0,,2,small,,,,,,\"only root\nmay read it\",3,horowitz45\r\n"
            "2,failed,0,,,,,,0,3,\"it said \"\"no\"\"\",1,small,,,,,,,,\r\n");
}

TEST(StudyExport, TwoUnitsOfAValueAreTwoColumns) {
  std::vector<Trial> all(2);
  all[0].values = {measured("time", 1, "s", "")};
  all[1].values = {measured("time", 1000, "ms", "")};
  const std::string csv = trials_csv(study(), all);
  EXPECT_NE(csv.find("\"time [s, measured]\",\"time [ms, measured]\"\r\n"), std::string::npos)
      << csv;
}

TEST(StudyExport, JsonHasEverything) {
  const auto json = nlohmann::json::parse(study_json(study(), trials()));
  EXPECT_EQ(json["origin"]["created"], "2026-01-31T12:00:00Z");
  EXPECT_EQ(json["trials"].size(), 3u);
  const auto& energy = json["trials"][0]["values"][0];
  EXPECT_EQ(energy["interval"], nlohmann::json({0.05, 0.25}));
  EXPECT_EQ(energy["quality"], "measured");
  EXPECT_TRUE(json["trials"][1]["values"][0]["number"].is_null());
  EXPECT_EQ(json["trials"][2]["error"], "it said \"no\"");
  EXPECT_EQ(nlohmann::json::parse(definition_json(study()))["study"], json["study"]);
}

}  // namespace
}  // namespace joule::study
