// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/report/run_page.h"
#include "joule/training/run/run.h"

namespace joule::cli {

/// report.html in the folder of a run.
class RunReport {
 public:
  /// Checks for every source of energy of the machine whether it can be read.
  RunReport(std::string folder, const training::Config& config,
            const training::RunAccounting& accounting);

  /// For run_in_folder(): rewrites the page.
  training::OnCheckpoint on_checkpoint();
  /// Writes the page of the finished run.
  ///
  /// Errors    DataError if it cannot be written.
  void finish(const training::RunResult& result);

 private:
  void write();

  std::string folder_;
  report::TrainingRun run_;
};

}  // namespace joule::cli
