// SPDX-License-Identifier: MIT
#include "joule/cli/options/execution.h"

#include <fmt/core.h>

#include "joule/cli/options/config_options.h"
#include "joule/core/threads.h"

namespace joule::cli {

void Execution::add_to(Command& command, std::initializer_list<std::string_view> fields) {
  ConfigOptions options(command, config);
  for (const std::string_view field : fields) options.add(field);
}

void Execution::apply() const {
  training::check(config);
  if (config.threads > 0) set_num_threads(config.threads);
  context().deterministic = config.deterministic;
  context().precision = training::precision(config);
}

void Execution::print_precision() const {
  if (config.precision != "f32") fmt::print("\nproducts in {}\n", products_in());
}

}  // namespace joule::cli
