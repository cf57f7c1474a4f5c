// SPDX-License-Identifier: MIT
#include "joule/cli/options/profile_choices.h"

#include <map>

#include "joule/core/error.h"
#include "joule/io/nearest.h"

namespace joule::cli {

using energy::By;
using energy::Rule;

std::optional<Rule> rule_of(const std::string& name) {
  if (name == "auto") return {};
  for (const Rule rule : {Rule::time, Rule::model, Rule::regression}) {
    if (energy::name(rule) == name) return rule;
  }
  throw ArgumentError(str("--attribute: expected auto, time, model or regression, got '", name, "'",
                          did_you_mean(name, {"auto", "time", "model", "regression"})));
}

By by_of(const std::string& name) {
  static const std::map<std::string, By> kNames{{"line", By::line},
                                                {"layer", By::layer},
                                                {"phase", By::phase},
                                                {"op", By::op},
                                                {"implementation", By::implementation}};
  const auto found = kNames.find(name);
  if (found == kNames.end()) {
    throw ArgumentError(
        str("--by: expected line, layer, phase, op or implementation, got '", name, "'",
            did_you_mean(name, {"line", "layer", "phase", "op", "implementation"})));
  }
  return found->second;
}

SharedOut shared_out(const energy::RunMeters& run) {
  SharedOut shared;
  for (std::size_t i = 0; i < run.meters.size(); ++i) {
    if (run.beside[i].empty() && !shared.meter) {
      shared.meter = run.meters[i].get();
      continue;
    }
    shared.beside.push_back(run.meters[i].get());
    shared.why.push_back(run.beside[i].empty() ? "the operations ran on the GPU" : run.beside[i]);
  }
  return shared;
}

}  // namespace joule::cli
