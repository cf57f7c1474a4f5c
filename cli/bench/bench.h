// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "joule/bench/environment.h"
#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/io/atomic_file.h"

namespace joule::cli {

// The sub-commands of `joule bench`.
void add_bench_conv(Command& bench, Run& run);
void add_bench_train(Command& bench, Run& run);
void add_bench_infer(Command& bench, Run& run);
void add_bench_loading(Command& bench, Run& run);
/// What train and infer run for each measurement, in a process of its own.
void add_bench_side(Command& bench, Run& run);

/// The program that runs.
std::filesystem::path this_program();

/// Shows where it is measured, and what a reader of the figures must know of it.
void print_environment(const bench::Environment& environment);

/// A file that is opened before the measurement, so that a path that cannot be written is found out
/// before an hour has gone by.
class ReportFile {
 public:
  /// An empty path: there is no file.
  explicit ReportFile(const std::string& path) {
    if (!path.empty()) file_.emplace(path);
  }
  template <class Text>
  void write(Text&& text) {
    if (!file_) return;
    const std::string bytes = text();
    file_->write(bytes.data(), bytes.size());
    file_->commit();
  }

 private:
  std::optional<AtomicFile> file_;
};

}  // namespace joule::cli
