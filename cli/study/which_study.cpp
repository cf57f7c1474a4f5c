// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>

#include "joule/cli/study/study.h"
#include "joule/core/error.h"

namespace joule::cli {

void WhichStudy::add_to(Command& command) {
  add_option(command, "STUDY", what,
             "Folder of the study, or with --storage its name (default: the only one there)");
  add_option(command, "--storage", storage,
             "Database of the study: postgresql://user@host/database, or an SQLite file")
      ->type_name("URL");
}

study::Location WhichStudy::location() const {
  if (!storage.empty()) return {storage};
  require(!what.empty(), "which study?  Expected its folder, or --storage and its name");
  std::error_code ignored;
  require(std::filesystem::is_directory(what, ignored), what,
          ": there is no such folder; a study elsewhere takes --storage");
  return {what + "/study.db"};
}

study::Study WhichStudy::find(study::Storage& opened) const {
  return storage.empty() || what.empty() ? only_study(opened) : opened.study(what);
}

std::vector<std::string> names_in(const char* option, std::string_view text) {
  std::vector<std::string> names;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string name(text.substr(0, comma));
    require(!name.empty(), option, ": a name is empty");
    require(std::ranges::count(names, name) == 0, option, ": ", name, " is there twice");
    names.push_back(name);
    if (comma == std::string_view::npos) return names;
    text.remove_prefix(comma + 1);
  }
}

study::Study only_study(study::Storage& storage) {
  const std::vector<study::Overview> all = storage.overviews();
  const std::string where = storage.location().shown();
  if (all.empty()) throw DataError(where + ": there is no study in it");
  std::string names;
  for (const study::Overview& o : all) {
    names += (names.empty() ? "" : ", ") + o.study.definition.name;
  }
  require(all.size() == 1, where, " holds several studies; which: ", names, "?");
  return all.front().study;
}

}  // namespace joule::cli
