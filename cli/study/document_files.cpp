// SPDX-License-Identifier: MIT
#include "joule/cli/study/document_files.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/io/json_dump.h"

namespace joule::cli {
namespace {

namespace fs = std::filesystem;

/// The text, and its pictures in a folder beside it.
void write_markdown(const fs::path& file, const std::string& pictures,
                    const report::Document& document) {
  const report::Markdown markdown = to_markdown(document, pictures);
  const fs::path folder = file.parent_path() / pictures;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw DataError(str(folder.string(), ": cannot be made: ", error.message()));
  for (const auto& [name, picture] : markdown.pictures) {
    write_file_atomically(folder / name, picture);
  }
  write_file_atomically(file, markdown.text);
}

}  // namespace

void write_document(const std::string& folder, const std::string& markdown,
                    const report::Document& document, const std::string& kind,
                    const nlohmann::ordered_json& results) {
  const nlohmann::ordered_json data = with_schema("joule.study." + kind, 1, results);
  write_file_atomically(folder + "/results.json", dumped(data, 2) + "\n");
  write_file_atomically(folder + "/study.html", to_html(document, data));
  write_markdown(folder + "/table.md", "pictures", document);
  if (markdown.empty()) return;
  const fs::path file(markdown);
  write_markdown(file, file.stem().string(), document);
}

}  // namespace joule::cli
