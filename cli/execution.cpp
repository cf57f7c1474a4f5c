// SPDX-License-Identifier: MIT
#include "cli/execution.h"

#include "core/threads.h"
#include "training/config.h"

namespace joule::cli {

void Execution::add_to(CLI::App& command) {
  command.add_option("--threads", threads, "Threads of the kernels; 0: one per core");
  command.add_option("--device", device, "Where to compute: cpu")->capture_default_str();
  command.add_flag("--deterministic", deterministic,
                   "The same bits for any number of threads, not only run to run");
}

void Execution::apply() const {
  training::check({.threads = threads, .device = device});
  if (threads > 0) set_num_threads(threads);
  context().deterministic = deterministic;
}

}  // namespace joule::cli
