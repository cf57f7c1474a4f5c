// SPDX-License-Identifier: MIT
#include "joule/study/evolve/survivors.h"

#include <algorithm>
#include <limits>

namespace joule::study {
namespace {

search::Objectives objectives_of(const std::vector<EvolvedNet>& nets, const EvolveConfig& config) {
  std::vector<search::Direction> directions;
  for (const Criterion& criterion : config.criteria) directions.push_back(criterion.direction);
  std::vector<std::vector<double>> values;
  for (const EvolvedNet& net : nets) values.push_back(net.criteria);
  return search::Objectives(std::move(directions), std::move(values));
}

}  // namespace

std::vector<evolution::Contender> contenders_of(const std::vector<EvolvedNet>& nets,
                                                const std::vector<EvolvedNet>& parents) {
  std::vector<evolution::Contender> contenders;
  for (const EvolvedNet& net : nets) {
    const bool again = net.point.role == EvolveRole::parent;
    const bool parent = again || std::ranges::count(parents, net.trial, &EvolvedNet::trial) > 0;
    contenders.push_back(
        {.id = net.trial,
         .fitness = net.valid ? net.fitness : -std::numeric_limits<double>::infinity(),
         .slots = net.point.individual.slots,
         .parent = parent});
  }
  return contenders;
}

std::vector<EvolvedNet> survivors_of(const std::vector<EvolvedNet>& nets,
                                     const EvolveConfig& config, evolution::Draws& draws) {
  std::vector<EvolvedNet> valid;
  for (const EvolvedNet& net : nets) {
    if (net.valid) valid.push_back(net);
  }
  if (valid.empty()) return {nets.at(0)};
  const search::Objectives objectives = objectives_of(valid, config);
  if (config.selection == "lexicase") return {valid[lexicase(objectives, draws)]};
  if (config.selection == "epsilon-lexicase") return {valid[epsilon_lexicase(objectives, draws)]};
  const std::size_t count = std::min(valid.size(), static_cast<std::size_t>(config.lambda));
  std::vector<EvolvedNet> out;
  for (const std::size_t i : evolution::survivors(objectives, count)) out.push_back(valid[i]);
  return out;
}

std::vector<std::size_t> parents_of_offspring(const std::vector<EvolvedNet>& parents,
                                              const EvolveConfig& config, evolution::Draws& draws) {
  const auto count = static_cast<std::size_t>(config.lambda);
  if (config.selection == "nsga2" && parents.at(0).valid) {
    return tournaments(objectives_of(parents, config), count, draws);
  }
  std::vector<std::size_t> in_turn;
  for (std::size_t i = 0; i < count; ++i) in_turn.push_back(i % parents.size());
  return in_turn;
}

}  // namespace joule::study
