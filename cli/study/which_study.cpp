// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>

#include "joule/cli/study/study.h"
#include "joule/core/error.h"

namespace joule::cli {

void WhichStudy::add_to(Command& command, const std::string& name) {
  command_name = name;
  add_option(command, "STUDY", what,
             "Folder of the study, or with --storage its name (default: the only one there)");
  add_option(
      command, "--storage", storage,
      "Database of the study: postgresql://user@host/database, an SQLite file, or its folder")
      ->type_name("URL");
}

study::Location WhichStudy::location() const {
  if (!storage.empty()) return study::location_at(storage);
  require(!what.empty(), "which study?  Expected its folder, or --storage and its name");
  std::error_code ignored;
  require(std::filesystem::is_directory(what, ignored), what,
          ": there is no such folder; a study elsewhere takes --storage");
  return {what + "/study.db"};
}

study::Study WhichStudy::find(study::Storage& opened) const {
  if (!storage.empty() && !what.empty()) return opened.study(what);
  return only_study(opened, [&](const std::string& name) {
    return str("joule study ", command_name, " ", name, " --storage ", opened.location().shown());
  });
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

study::Study only_study(study::Storage& storage,
                        const std::function<std::string(const std::string& study)>& how) {
  const std::vector<study::Overview> all = storage.overviews();
  const std::string where = storage.location().shown();
  if (all.empty()) throw DataError(where + ": there is no study in it");
  if (all.size() == 1) return all.front().study;
  std::string names;
  for (const study::Overview& o : all) {
    names += (names.empty() ? "" : ", ") + o.study.definition.name;
  }
  throw ArgumentError(str(where, " holds several studies: ", names,
                          "; name one: ", how(all.front().study.definition.name)));
}

}  // namespace joule::cli
