// SPDX-License-Identifier: MIT
#include "joule/cli/options/execution.h"

#include <fmt/core.h>

#include "joule/cli/options/option.h"
#include "joule/core/threads.h"
#include "joule/training/config.h"

namespace joule::cli {

void Execution::add_to(CLI::App& command) {
  add_option(command, "--threads", threads, "Threads of the kernels; 0: one per core");
  add_option(command, "--device", device, "Where to compute: cpu, cuda")->capture_default_str();
  add_option(command, "--precision", precision, kPrecisionHelp)->capture_default_str();
  command.add_flag("--deterministic", deterministic,
                   "The same bits for any number of threads, not only run to run");
  command.add_flag(
      "--separate-norms", separate_norms,
      "Batch norms as passes of their own, not as part of the convolution before them");
}

void Execution::apply() const {
  const training::Config config{.threads = threads, .device = device, .precision = precision};
  training::check(config);
  if (threads > 0) set_num_threads(threads);
  context().deterministic = deterministic;
  context().precision = training::precision(config);
  context().fold_batch_norm = !separate_norms;
}

std::string Execution::products_in() const {
  return training::products_in({.device = device, .precision = precision});
}

void Execution::print_precision() const {
  if (precision != "f32") fmt::print("\nproducts in {}\n", products_in());
}

Device Execution::where() const { return training::device({.device = device}); }

}  // namespace joule::cli
