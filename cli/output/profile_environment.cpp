// SPDX-License-Identifier: MIT
#include "joule/cli/output/profile_environment.h"

#include <nlohmann/json.hpp>

#include "joule/io/json_dump.h"
#include "joule/measure/environment_json.h"
#include "joule/tune/tuning.h"

namespace joule::cli {

ProfileEnvironment profile_environment(const Execution& execution, bool times) {
  measure::Environment e = measure::environment();
  if (!times) {
    e.date.clear(), e.load.reset(), e.warnings.clear();
    e.machine.hertz.reset(), e.machine.celsius.reset();
  }
  const std::string products = execution.products_in(), choices = tune::use_tuning().text();
  ProfileEnvironment both{.texts = facts(e)};
  both.texts.emplace_back("device", execution.config.device);
  both.texts.emplace_back("products in", products);
  both.texts.emplace_back("measured choices", choices);
  nlohmann::ordered_json json = measure::json_of(e);
  json["device"] = execution.config.device;
  json["products_in"] = products;
  json["measured_choices"] = choices;
  both.json = dumped(json);
  return both;
}

}  // namespace joule::cli
