// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/study/study.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/io/json_dump.h"
#include "joule/report/study/study_comparison_outputs.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule study compare runs/eat
      the points of one study: means over their seeds, differences to the
      first point by seed, the front of the study's goals
  joule study compare runs/eat runs/eat-macs --values accuracy,speed-up \
      --html compare.html
      two studies, and what differs between their configurations
  joule study compare runs/hpo
      all studies of a folder: the searches of joule study hpo
  joule study compare eat hpo --storage postgresql://me@db.example/studies

Trials whose points differ in their seed alone are a point. Quantities of
different quality (measured, modelled, counted) stay apart.)";

study::Storage open_storage(const WhichStudy& which) {
  return study::Storage(which.location(), study::Storage::Missing::refuse);
}

/// The folders' own names, where they tell the studies apart.
void shorten_names(std::vector<report::ComparedStudy>& studies) {
  std::vector<std::string> names;
  for (const report::ComparedStudy& study : studies) {
    const std::filesystem::path path = std::filesystem::path(study.name).lexically_normal();
    const std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
    if (name.empty() || name == "." || std::ranges::count(names, name) > 0) return;
    names.push_back(name);
  }
  for (std::size_t i = 0; i < names.size(); ++i) studies[i].name = names[i];
}

/// The goals, and what has one of the texts in its name; of ["all"] everything.
std::vector<std::size_t> chosen(const report::StudyComparison& comparison,
                                const std::vector<std::string>& texts) {
  std::vector<std::size_t> quantities;
  std::vector<bool> used(texts.size());
  for (const std::size_t q : comparison.known()) {
    const std::string& name = comparison.quantities[q].name;
    bool is_chosen = q < comparison.goals();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i] != "all" && name.find(texts[i]) == std::string::npos) continue;
      is_chosen = used[i] = true;
    }
    if (is_chosen) quantities.push_back(q);
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    require(used[i], "--values: no value of the trials has ", texts[i],
            " in its name (joule study show STUDY --trial N lists them)");
  }
  return quantities;
}

}  // namespace

int compare_studies(const StudiesToCompare& o) {
  const std::vector<std::string> values =
      o.values.empty() ? std::vector<std::string>() : names_in("--values", o.values);
  std::vector<report::ComparedStudy> studies;
  for (const std::string& what : o.studies) {
    const WhichStudy which{.what = what, .storage = o.storage};
    study::Storage storage = open_storage(which);
    if (o.storage.empty() && storage.overviews().size() > 1) {  // of a folder all
      for (const study::Overview& all : storage.overviews()) {
        const std::string name = what + "/" + all.study.definition.name;
        studies.push_back({name, all.study, storage.trials(all.study)});
      }
      continue;
    }
    const study::Study study = which.find(storage);
    studies.push_back({what, study, storage.trials(study)});
  }
  shorten_names(studies);
  const report::StudyComparison comparison = report::compare(std::move(studies));
  const auto document = study_comparison_document(comparison, chosen(comparison, values));
  if (!o.html.empty()) {
    const auto everything = study_comparison_document(comparison, comparison.known());
    write_file_atomically(o.html,
                          to_html(o.values.empty() ? everything : document, json_of(comparison)));
  }
  if (!o.csv.empty()) write_file_atomically(o.csv, to_csv(comparison));
  if (!o.json.empty()) write_file_atomically(o.json, dumped(json_of(comparison), 2) + "\n");
  fmt::print("{}\n", report::terminal_text(document, columns_of(STDOUT_FILENO)));
  return 0;
}

void add_study_compare(Command& study, Run& run) {
  Command* const command =
      study.add_subcommand("compare", "Compare the points of a study, or several studies");
  command->footer(kExamples);
  const auto o = std::make_shared<StudiesToCompare>();
  add_option(*command, "STUDY", o->studies, "Folders of studies, or with --storage their names")
      ->required()
      ->type_name("STUDY ...");
  add_option(
      *command, "--storage", o->storage,
      "Database of the studies: postgresql://user@host/database, an SQLite file, or its folder")
      ->type_name("URL");
  add_option(*command, "--values", o->values,
             "Beside the objectives, show values whose names contain one of these texts, separated "
             "by commas; all: every value (the page's default)")
      ->type_name("TEXT,...");
  const auto file = [&](const char* name, std::string& value, const char* help) {
    add_option(*command, name, value, help)->type_name("FILE");
  };
  file("--html", o->html, "A page with everything in it; it opens without a network");
  file("--csv", o->csv, "A row for each point");
  file("--json", o->json, "Every figure");
  command->callback([o, &run] { run = [o] { return compare_studies(*o); }; });
}

}  // namespace joule::cli
