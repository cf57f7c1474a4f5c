// SPDX-License-Identifier: MIT
#include "joule/tune/tuning.h"

#include <filesystem>

#include "joule/core/error.h"
#include "joule/io/tuning_file.h"
#include "joule/kernels/this_machine.h"

namespace joule::tune {
namespace {

TuningStatus load() {
  TuningStatus status{.path = tuning_path()};
  std::error_code error;
  if (status.path.empty() || !std::filesystem::exists(status.path, error)) {
    // A folder that may not be searched hides a file that may be there.
    if (error) status.problem = str(status.path, ": ", error.message());
    return status;
  }
  try {
    const LoadedTuning loaded = load_tuning(status.path, this_machine());
    status.entries = loaded.table->size();
    status.others = loaded.others;
    if (status.entries > 0) set_tuning_table(loaded.table);
  } catch (const DataError& failure) {
    status.problem = failure.what();
  }
  return status;
}

TuningStatus& status() {
  static TuningStatus status = load();
  return status;
}

}  // namespace

std::string TuningStatus::text() const {
  if (path.empty()) return "off";
  if (!problem.empty()) return "ignored: " + problem;
  const std::string rest =
      others ? str("; ", others, " of other machines or versions ignored") : "";
  return entries ? str(entries, " measured choices in ", path, rest)
                 : str("none in ", path, rest, "; joule tune measures");
}

const TuningStatus& use_tuning() { return status(); }

void renew_tuning() { status() = load(); }

}  // namespace joule::tune
