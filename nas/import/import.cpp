// SPDX-License-Identifier: MIT
#include "joule/nas/import/import.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "joule/core/error.h"
#include "joule/io/gzip_reader.h"

namespace joule::nas {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLfs = "version https://git-lfs.github.com/spec/";
constexpr std::string_view kSqlite = "SQLite format 3";

std::string beginning_of(const std::string& path) {
  GzipReader file(path);
  const std::vector<std::uint8_t> bytes = file.read_at_most(4096);
  return {bytes.begin(), bytes.end()};
}

/// The results.json below a folder, in the order of their paths.
std::vector<std::string> results_below(const std::string& folder) {
  std::vector<std::string> all;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; at != end; at.increment(error)) {
    if (error) break;
    if (at->path().filename() == "results.json") all.push_back(at->path().string());
  }
  if (error) throw DataError(str(folder, ": ", error.message()));
  if (all.empty()) throw DataError(folder + ": has no results.json below it");
  std::ranges::sort(all);
  return all;
}

}  // namespace

std::string source_name(const std::string& path) { return fs::path(path).filename().string(); }

std::size_t import_file(const std::string& path, EnergyKind kind, Table& table) {
  if (fs::is_directory(path)) {
    std::size_t records = 0;
    for (const std::string& one : results_below(path)) records += import_results(one, kind, table);
    return records;
  }
  const std::string beginning = beginning_of(path);
  if (beginning.starts_with(kLfs)) {
    throw DataError(path +
                    ": is a Git LFS pointer, not the data: run `git lfs pull` in the repository "
                    "that it is from (package git-lfs)");
  }
  if (beginning.starts_with(kSqlite)) {
    throw DataError(path + ": is an SQLite file; a table that Joule wrote is queried as it is");
  }
  if (beginning.empty()) throw DataError(path + ": is empty");
  if (!beginning.starts_with('{')) return import_tfrecord(path, kind, table);
  return beginning.find("\"evaluation_results\"") != std::string::npos
             ? import_results(path, kind, table)
             : import_json_lines(path, kind, table);
}

}  // namespace joule::nas
