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
void add_bench_ranks(Command& bench, Run& run);
/// The process that train and infer run for each measurement.
void add_bench_side(Command& bench, Run& run);

/// The path of this program.
std::filesystem::path this_program();

/// Prints where the benchmark runs, and what a reader of its figures must know about that.
void print_environment(const bench::Environment& environment);

/// A file that is opened before the measurement, so that an unwritable path is noticed before an
/// hour has passed.
class ReportFile {
 public:
  /// With an empty path, there is no file.
  explicit ReportFile(const std::string& path) : path_(path) {
    if (!path_.empty()) file_.emplace(path_);
  }
  template <class Text>
  void write(Text&& text) {
    if (!file_) return;
    const std::string bytes = text();
    file_->write(bytes.data(), bytes.size());
    file_->commit();
    file_.reset();
  }
  /// What is known so far, which write() replaces.  Not to a pipe or a terminal.
  template <class Text>
  void write_so_far(Text&& text) {
    if (!file_ || !file_->replaces()) return;
    write(text);
    file_.emplace(path_);
  }

 private:
  std::string path_;
  std::optional<AtomicFile> file_;
};

}  // namespace joule::cli
