// SPDX-License-Identifier: MIT
#include "joule/cli/options/execution.h"

#include <fmt/core.h>

#include <algorithm>

#include "joule/cli/options/config_options.h"
#include "joule/core/threads.h"

namespace joule::cli {

void Execution::add_to(Command& command, std::initializer_list<std::string_view> fields) {
  ConfigOptions options(command, config);
  for (const std::string_view field : fields) options.add(field);
  if (std::ranges::find(fields, "deterministic") == fields.end()) return;  // no net runs
  command.add_flag("--separate-norms", separate_norms,
                   "Run batch norms as passes of their own, instead of folding them into the "
                   "convolutions before them");
}

void Execution::apply() const {
  training::check(config);
  if (config.threads > 0) set_num_threads(config.threads);
  training::set_execution(config);
  context().fold_batch_norm = !separate_norms;
}

void Execution::print_precision() const {
  if (departs()) fmt::print("\nproducts in {}\n", products_in());
}

}  // namespace joule::cli
