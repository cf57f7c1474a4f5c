// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "joule/cli/study/study.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/report/text_layout.h"
#include "joule/study/export.h"
#include "joule/study/progress.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule study list runs/eat
  joule study list --storage postgresql://me@db.example/studies)";

int list(const study::Location& location) {
  study::Storage storage(location, study::Storage::Missing::refuse);
  report::TextTable table{.head = {"study", "kind", "trials", "complete", "running", "waiting",
                                   "failed", "pruned", "made", "on"},
                          .names = 2};
  for (const study::Overview& o : storage.overviews()) {
    const auto all = extent(o.study.definition);
    table.rows.push_back({o.study.definition.name, o.study.definition.kind,
                          all ? fmt::format("{}", *all) : "-", fmt::format("{}", o.complete),
                          fmt::format("{}", o.running), fmt::format("{}", o.waiting),
                          fmt::format("{}", o.failed), fmt::format("{}", o.pruned),
                          study::utc(o.study.origin.created), o.study.origin.host});
  }
  fmt::print("{}", text_of(table, columns_of(STDOUT_FILENO)));
  return 0;
}

}  // namespace

void add_study_list(Command& study, Run& run) {
  Command* const command = study.add_subcommand("list", "List the studies of a storage");
  command->footer(kExamples);
  struct Options {
    std::string folder, out, storage;
  };
  const auto options = std::make_shared<Options>();
  auto* const folder = add_option(*command, "DIR", options->folder, "Folder of the studies");
  auto* const out = add_option(*command, "--out", options->out, "The same as DIR");
  out->type_name("DIR")->excludes(folder);
  add_option(*command, "--storage", options->storage,
             "postgresql://user@host/database, an SQLite file, or its folder")
      ->type_name("URL")
      ->excludes(out)
      ->excludes(folder);
  command->callback([options, &run] {
    run = [options] {
      const std::string& dir = options->folder.empty() ? options->out : options->folder;
      require(!dir.empty() || !options->storage.empty(),
              "joule study list needs a folder, as in joule study list runs/eat, or --storage URL");
      return list(dir.empty() ? study::location_at(options->storage)
                              : study::Location{dir + "/study.db"});
    };
  });
}

}  // namespace joule::cli
