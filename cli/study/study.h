// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/study/runner.h"
#include "joule/study/storage/storage.h"

namespace joule::cli {

// The studies.
void add_study_eat(Command& study, Run& run);
void add_study_energize(Command& study, Run& run);
void add_study_hpo(Command& study, Run& run);
void add_study_layers(Command& study, Run& run);

// The sub-commands of `joule study` that work on any study.
void add_study_list(Command& study, Run& run);
void add_study_show(Command& study, Run& run);
void add_study_compare(Command& study, Run& run);
void add_study_export(Command& study, Run& run);
void add_study_worker(Command& study, Run& run);

/// The study that a command works on: STUDY (a folder with a study.db, or a name) and --storage.
struct WhichStudy {
  std::string what, storage;
  std::string command_name{};  // for messages: "show" of joule study show

  void add_to(Command& command, const std::string& name);
  /// Errors    ArgumentError that says what is missing, and what exists; as Storage.
  study::Location location() const;
  /// The study of that name, or the only one of the folder.
  study::Study find(study::Storage& storage) const;
};

/// "a,b" -> a, b.
///
/// Errors    ArgumentError that names the option if a name is empty or a duplicate.
std::vector<std::string> names_in(const char* option, std::string_view text);

/// The arguments of `joule study compare`.
struct StudiesToCompare {
  std::vector<std::string> studies;  // folders, or names in the storage
  std::string storage{}, html{}, csv{}, json{};
  std::string values{};  // texts in the names of values to show besides the goals
};
/// Errors    as Storage; ArgumentError as report::compare(), or if a text is in no value's name.
int compare_studies(const StudiesToCompare& options);

/// The only study of a storage.
///
/// Errors    DataError if there is none; if there are several, ArgumentError that lists them and
///           ends in how(the first), the command that names one.
study::Study only_study(study::Storage& storage,
                        const std::function<std::string(const std::string& study)>& how);

/// The options of a command that runs a study: --out, --storage, --workers, --energy-budget,
/// --keep-runs, --retry-failed, --crashes.
class StudyRun {
 public:
  /// `folder` is the default of --out.
  StudyRun(Command& command, std::string folder);

  const std::string& folder() const { return options_.folder; }
  study::Location location() const { return location_of(options_); }
  /// Keeps the runs, because the study's page needs the trials' folders.
  void keep_runs() { options_.keep_runs = true; }
  /// Runs the study, with its progress on standard error; `definition` gets the budget of
  /// --energy-budget.  `threads` are each worker's; 0: the machine's, divided among them.
  ///
  /// Returns   nothing if it was interrupted or its budget is spent; then it prints how to
  ///           continue, and the command exits with kInterrupted.
  /// Errors    as run_study().
  std::optional<study::StudyResult> run(study::StudyDefinition definition, int threads = 0) const;
  /// Runs one of the studies that a command compares: its folder is DIR/PART, its trials are with
  /// those of the others in DIR/study.db.  --energy-budget applies to each: a study that has spent
  /// it ends.
  ///
  /// Returns   nothing if it was interrupted; then it prints that.
  std::optional<study::StudyResult> run_part(study::StudyDefinition definition,
                                             const std::string& part, int threads = 0) const;

 private:
  std::optional<study::StudyResult> run_with(study::StudyDefinition definition,
                                             study::RunOptions options, bool budget_ends) const;

  study::RunOptions options_;
  std::string budget_;
};

}  // namespace joule::cli
