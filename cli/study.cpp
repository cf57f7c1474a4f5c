// SPDX-License-Identifier: MIT
#include "joule/cli/study/study.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule study eat --out runs/eat
  joule study energize --workers 2 --out runs/energize
  joule study hpo --strategy random,tpe,gp --out runs/hpo
  joule study layers --out runs/layers
  joule study show runs/eat
  joule study compare runs/eat --html points.html
  joule study export runs/eat --csv trials.csv
  joule study worker --storage postgresql://me@db.example/studies --study eat

A study is its storage: the command that started one goes on with it after
Ctrl-C, a kill or a power cut (docs/study_engine.md).)";

}  // namespace

void add_study(Command& app, Run& run) {
  Command* const command = app.add_subcommand(
      "study", "Train and compare many nets, resumably, on one machine or several");
  command->footer(kExamples);
  command->require_subcommand();
  // The studies.
  add_study_eat(*command, run);
  add_study_energize(*command, run);
  add_study_hpo(*command, run);
  add_study_layers(*command, run);
  // What works on any of them.
  add_study_list(*command, run);
  add_study_show(*command, run);
  add_study_compare(*command, run);
  add_study_export(*command, run);
  add_study_worker(*command, run);
}

}  // namespace joule::cli
