// SPDX-License-Identifier: MIT
#include "joule/study/export.h"

#include <memory>

#include "joule/cli/study/study.h"
#include "joule/core/error.h"
#include "joule/io/atomic_file.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule study export runs/eat --csv trials.csv
      a row per trial, a column per value, with unit and quality in its head
  joule study export eat --storage postgresql://me@db.example/studies --json -
      everything, with the reports of the epochs; - is standard output)";

void write(const std::string& path, const std::string& text) {
  write_file_atomically(path == "-" ? "/dev/stdout" : path, text);
}

int export_study(const WhichStudy& which, const std::string& csv, const std::string& json) {
  require(!csv.empty() || !json.empty(), "joule study export needs --csv FILE or --json FILE");
  study::Storage storage(which.location(), study::Storage::Missing::refuse);
  const study::Study study = which.find(storage);
  const std::vector<study::Trial> trials = storage.trials(study);
  if (!csv.empty()) write(csv, trials_csv(study, trials));
  if (!json.empty()) write(json, study_json(study, trials));
  return 0;
}

}  // namespace

void add_study_export(Command& study, Run& run) {
  Command* const command =
      study.add_subcommand("export", "Write the trials of a study for other programs");
  command->footer(kExamples);
  struct Options {
    WhichStudy which;
    std::string csv, json;
  };
  const auto options = std::make_shared<Options>();
  options->which.add_to(*command, "export");
  add_option(*command, "--csv", options->csv, "File to write (RFC 4180)")->type_name("FILE");
  add_option(*command, "--json", options->json, "File to write")->type_name("FILE");
  command->callback([options, &run] {
    run = [options] { return export_study(options->which, options->csv, options->json); };
  });
}

}  // namespace joule::cli
