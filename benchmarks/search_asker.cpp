// SPDX-License-Identifier: MIT
//
// Joule's side of search_regret.py: for each line of the standard input, {"sampler": "gp", "space":
// ..., "directions": [...], "observations": [{"point": ..., "objectives": [...]}], "trial": 7,
// "seed": 1}, a line with the point.  With the arguments `fit N D` it prints instead what fitting a
// process to N points of D dimensions takes, in seconds of this thread.
#include <cmath>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "joule/core/random.h"
#include "joule/search/gaussian/fit.h"
#include "joule/search/sampler.h"
#include "joule/search/space_json.h"

namespace joule::search {
namespace {

using nlohmann::json;

std::string answer(const json& question) {
  const Space space = parse_space(question.at("space").dump(), "space");
  SamplerSettings settings;
  for (const json& name : question.at("directions")) {
    settings.directions.push_back(parse_direction("direction", name.get<std::string>()));
  }
  std::vector<Observation> observations;
  for (const json& seen : question.at("observations")) {
    observations.push_back({.number = static_cast<std::int64_t>(observations.size()),
                            .point = parse_point(space, seen.at("point").dump(), "point"),
                            .objectives = seen.at("objectives").get<std::vector<double>>()});
  }
  const auto sampler = make_sampler(question.at("sampler").get<std::string>(), settings);
  return to_json(sampler
                     ->ask(space, observations, question.at("trial").get<std::int64_t>(),
                           question.at("seed").get<std::uint64_t>())
                     .value());
}

/// A wave with noise.
void time_fit(std::size_t points, std::size_t dimensions) {
  Generator generator(1);
  std::vector<float> uniform(points * dimensions), noise(points);
  generator.uniform(uniform);
  generator.normal(noise);
  Inputs inputs;
  for (std::size_t c = 0; c < dimensions; ++c) inputs.scale_of.push_back(c);
  inputs.values.assign(uniform.begin(), uniform.end());
  std::vector<double> outputs;
  for (std::size_t i = 0; i < points; ++i) {
    double phase = 0;
    for (const double x : inputs.row(i)) phase += x;
    outputs.push_back(std::sin(phase) + 0.1 * static_cast<double>(noise[i]));
  }
  const std::clock_t before = std::clock();
  const GaussianProcess process = fitted_process(inputs, outputs, 1);
  const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  std::cout << points << " points of " << dimensions << " dimensions: " << seconds << " s, "
            << name(process.hyperparameters().kernel) << ", noise "
            << process.hyperparameters().noise << '\n';
}

}  // namespace
}  // namespace joule::search

int main(int argc, char** argv) {
  try {
    if (argc == 4 && std::string(argv[1]) == "fit") {
      joule::search::time_fit(std::stoul(argv[2]), std::stoul(argv[3]));
      return 0;
    }
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << joule::search::answer(nlohmann::json::parse(line)) << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << "search_asker: " << error.what() << '\n';
    return 1;
  }
}
