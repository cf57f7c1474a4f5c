// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "joule/core/error.h"
#include "joule/data/catalog.h"
#include "joule/data/dataset.h"
#include "joule/data/synthetic.h"
#include "joule/io/nearest.h"

namespace joule {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSystemFolder = "/usr/share/datasets";  // of Debian's dataset packages

bool holds(const fs::path& folder, const CatalogEntry& entry) {
  std::error_code none;
  return fs::exists(find_file(folder, entry.first_file), none);
}

const CatalogEntry* find_entry(std::string_view name) {
  const auto entries = catalog();
  const auto found = std::ranges::find(entries, name, &CatalogEntry::name);
  return found == entries.end() ? nullptr : &*found;
}

/// The sub-folder of `base` where the data set would be found.
std::optional<fs::path> find_below(const fs::path& base, const CatalogEntry& entry) {
  for (const std::string_view folder : {entry.name, entry.archive_folder}) {
    if (!folder.empty() && holds(base / folder, entry)) return base / folder;
  }
  return std::nullopt;
}

std::optional<fs::path> find_in(const fs::path& base, const CatalogEntry& entry) {
  if (auto below = find_below(base, entry)) return below;
  // MNIST and Fashion-MNIST have the same files: a folder named after one is not the other.
  const CatalogEntry* const namesake = find_entry(last_name(base));
  if (holds(base, entry) && (!namesake || namesake == &entry)) return base;
  return std::nullopt;
}

std::vector<fs::path> search_path(const std::string& root) {
  if (!root.empty()) return {root};
  std::vector<fs::path> bases;
  if (const char* const data = std::getenv("JOULE_DATA"); data && *data) bases.emplace_back(data);
  bases.emplace_back(kSystemFolder);
  return bases;
}

DataSplit load_entry(const CatalogEntry& entry, const fs::path& folder) {
  if (const Mistaken mistaken = mistaken_for(entry, folder); !mistaken.why.empty()) {
    throw DataError(mistaken.why);
  }
  DataSplit split = entry.read(folder);
  for (Dataset* half : {&split.train, &split.test}) {
    half->name = entry.name;
    half->class_names.assign(entry.class_names.begin(), entry.class_names.end());
    half->mean = entry.mean;
    half->deviation = entry.deviation;
  }
  return split;
}

DataSplit load_named(const CatalogEntry& entry, const std::string& root) {
  std::string tried, mistaken;
  for (const fs::path& base : search_path(root)) {
    if (const auto folder = find_in(base, entry)) {
      // Files that lie there without a name, and are those of another set, are not in the way.
      const bool unnamed = last_name(*folder) != entry.name;
      if (!unnamed || !mistaken_for(entry, *folder).other) return load_entry(entry, *folder);
      mistaken = mistaken_for(entry, *folder).why;
    }
    tried += str(tried.empty() ? "" : ", ", base.string());
  }
  if (!mistaken.empty()) throw DataError(mistaken);
  const char* const hint =
      entry.name == "fashion-mnist" ? "install it (apt install dataset-fashion-mnist) or " : "";
  throw DataError(str(entry.name, ": not found in ", tried, " (looked for ", entry.first_file,
                      ", plain or .gz, there and in ", entry.name,
                      entry.archive_folder.empty() ? "" : " and ", entry.archive_folder,
                      "): ", hint, "set JOULE_DATA to the folder that holds it"));
}

/// A data set of the user's own.
DataSplit load_unnamed_idx(const fs::path& folder) {
  DataSplit split = read_idx_split(folder);
  const std::int32_t last =
      std::max(std::ranges::max(split.train.labels), std::ranges::max(split.test.labels));
  for (Dataset* half : {&split.train, &split.test}) {
    half->name = last_name(folder);
    for (std::int32_t c = 0; c <= last; ++c) half->class_names.push_back(std::to_string(c));
  }
  measure_normalization(split);
  return split;
}

DataSplit load_folder(const fs::path& folder) {
  if (const CatalogEntry* const namesake = find_entry(last_name(folder));
      namesake && holds(folder, *namesake)) {
    return load_entry(*namesake, folder);
  }
  const CatalogEntry* found = nullptr;
  for (const CatalogEntry& entry : catalog()) {
    if (!find_below(folder, entry)) continue;
    if (found) {
      throw DataError(str(folder.string(), ": holds ", found->name, " and ", entry.name,
                          ", expected one data set: give the path of one"));
    }
    found = &entry;
  }
  if (found) return load_entry(*found, *find_below(folder, *found));
  const CatalogEntry& idx = catalog().front();
  if (holds(folder, idx)) return load_unnamed_idx(folder);
  for (const CatalogEntry& entry : catalog()) {
    if (holds(folder, entry)) return load_entry(entry, folder);
  }
  std::string expected;
  for (const CatalogEntry& entry : catalog()) {
    if (expected.find(entry.first_file) == std::string::npos) {
      expected += str(expected.empty() ? "" : ", ", entry.first_file);
    }
  }
  throw DataError(str(folder.string(), ": no data set is there, expected one of ", expected,
                      " (plain or .gz), or a sub-folder named like a data set"));
}

}  // namespace

DataSplit load_dataset(const std::string& name_or_path, const std::string& root) {
  if (name_or_path == "synthetic") return make_synthetic();
  if (const CatalogEntry* const entry = find_entry(name_or_path)) return load_named(*entry, root);
  std::error_code none;
  if (fs::is_directory(name_or_path, none)) return load_folder(name_or_path);
  if (name_or_path.find('/') != std::string::npos) {
    throw DataError(str(name_or_path, ": ", fs::exists(name_or_path, none) ? "is no" : "no such",
                        " folder, expected one that holds a data set"));
  }
  throw ArgumentError(str("unknown data set '", name_or_path, "': expected ",
                          listed(dataset_names()), ", or the path of a folder",
                          did_you_mean(name_or_path, dataset_names())));
}

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const CatalogEntry& entry : catalog()) names.emplace_back(entry.name);
  names.emplace_back("synthetic");
  return names;
}

std::vector<FoundDataset> find_datasets() {
  std::vector<FoundDataset> found;
  for (const CatalogEntry& entry : catalog()) {
    for (const fs::path& base : search_path("")) {
      if (const auto folder = find_in(base, entry);
          folder && mistaken_for(entry, *folder).why.empty()) {
        found.push_back({std::string(entry.name), folder->string()});
        break;
      }
    }
  }
  found.push_back({.name = "synthetic", .folder = ""});
  return found;
}

}  // namespace joule
