// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "joule/core/error.h"
#include "joule/data/catalog.h"
#include "joule/data/dataset.h"
#include "joule/data/readers/image_folder.h"
#include "joule/data/synthetic.h"
#include "joule/io/nearest.h"

namespace joule {
namespace {

namespace fs = std::filesystem;

// What the largest nets take, and what memory a batch can ask for has an end.
constexpr std::int64_t kMaxFrame = 2048;
constexpr const char* kSystemFolder = "/usr/share/datasets";  // of Debian's dataset packages

bool holds(const fs::path& folder, const CatalogEntry& entry) {
  if (entry.holds) return entry.holds(folder);
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

Place find_named(const CatalogEntry& entry, const std::string& root) {
  std::string tried, mistaken;
  for (const fs::path& base : search_path(root)) {
    if (const auto folder = find_in(base, entry)) {
      // Files that lie there without a name, and are those of another set, are not in the way.
      const bool unnamed = last_name(*folder) != entry.name;
      if (!unnamed || !mistaken_for(entry, *folder).other) return {&entry, *folder};
      mistaken = mistaken_for(entry, *folder).why;
    }
    tried += str(tried.empty() ? "" : ", ", base.string());
  }
  if (!mistaken.empty()) throw DataError(mistaken);
  const char* const hint =
      entry.name == "fashion-mnist" ? "install it (apt install dataset-fashion-mnist), or " : "";
  throw DataError(str(entry.name, ": not found in ", tried, " (looked for ", entry.first_file,
                      entry.list ? ", " : ", plain or .gz, ", "there and in ", entry.name,
                      entry.archive_folder.empty() ? "" : " and ", entry.archive_folder,
                      "): ", hint, "get ", where_to_get(entry),
                      ", and set JOULE_DATA to the folder that holds it (docs/data.md)"));
}

Place find_in_folder(const fs::path& folder) {
  if (const CatalogEntry* const namesake = find_entry(last_name(folder));
      namesake && holds(folder, *namesake)) {
    return {namesake, folder};
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
  if (found) return {found, *find_below(folder, *found)};
  if (holds(folder, catalog().front())) return {nullptr, folder};  // IDX files of one's own
  for (const CatalogEntry& entry : catalog()) {
    if (holds(folder, entry)) return {&entry, folder};
  }
  if (holds_image_folder(folder)) return {nullptr, folder};
  std::string expected;
  for (const CatalogEntry& entry : catalog()) {
    if (expected.find(entry.first_file) == std::string::npos) {
      expected += str(expected.empty() ? "" : ", ", entry.first_file);
    }
  }
  throw DataError(str(folder.string(), ": no data set is there, expected one of ", expected,
                      " (plain or .gz), a sub-folder named like a data set, or images in train/ "
                      "and test/ (or val/), a folder for each class"));
}

Dataset framed(ImageList list, const Framing& framing, std::uint64_t cache_bytes) {
  Dataset set;
  set.shape = {std::ssize(list.labels), framing.size.h, framing.size.w, 3};
  set.labels = std::move(list.labels);
  set.source = std::make_shared<const ImageFiles>(std::move(list.files), framing, cache_bytes);
  set.fit = framing.fit;
  return set;
}

/// A set of image files.
DataSplit load_images(ImageSplit images, Framing framing, const DatasetOptions& options) {
  framing = {.size = options.size.value_or(framing.size), .fit = options.fit.value_or(framing.fit)};
  require(framing.size.h >= 1 && framing.size.w >= 1 && framing.size.h <= kMaxFrame &&
              framing.size.w <= kMaxFrame,
          "images: expected a size of 1 to ", kMaxFrame, " pixels a side, got ", framing.size);
  const bool regions = images.train.files.front().region.has_value();
  require(framing.fit != Fit::region || regions,
          "image fit: region is only for gtsrb, which states the region of interest of its images");
  // What the training images leave of the cache is the test images'.
  DataSplit split{.train = framed(std::move(images.train), framing, options.cache_bytes)};
  const auto train = static_cast<std::uint64_t>(split.train.shape.numel());
  const std::uint64_t left = options.cache_bytes - std::min(options.cache_bytes, train);
  split.test = framed(std::move(images.test), framing, left);
  split.train.class_names = split.test.class_names = std::move(images.class_names);
  if (options.normalization) measure_normalization(split);
  return split;
}

DataSplit load_entry(const CatalogEntry& entry, const fs::path& folder,
                     const DatasetOptions& options) {
  if (const Mistaken mistaken = mistaken_for(entry, folder); !mistaken.why.empty()) {
    throw DataError(mistaken.why);
  }
  if (entry.list) return load_images(entry.list(folder), entry.framing, options);
  DataSplit split = entry.read(folder);
  for (Dataset* half : {&split.train, &split.test}) {
    half->class_names.assign(entry.class_names.begin(), entry.class_names.end());
    half->mean = entry.mean;
    half->deviation = entry.deviation;
  }
  return split;
}

/// A data set of the user's own in the files of MNIST.
DataSplit load_unnamed_idx(const fs::path& folder, const DatasetOptions& options) {
  DataSplit split = read_idx_split(folder);
  const std::int32_t last =
      std::max(std::ranges::max(split.train.labels), std::ranges::max(split.test.labels));
  for (Dataset* half : {&split.train, &split.test}) {
    for (std::int32_t c = 0; c <= last; ++c) half->class_names.push_back(std::to_string(c));
  }
  if (options.normalization) measure_normalization(split);
  return split;
}

DataSplit load_place(const Place& place, const DatasetOptions& options) {
  if (place.entry) return load_entry(*place.entry, place.folder, options);
  if (holds(place.folder, catalog().front())) return load_unnamed_idx(place.folder, options);
  return load_images(read_image_folder(place.folder), {.size = 64}, options);
}

}  // namespace

Place find_dataset(const std::string& name_or_path, const std::string& root) {
  if (const CatalogEntry* const entry = find_entry(name_or_path)) return find_named(*entry, root);
  std::error_code none;
  if (fs::is_directory(name_or_path, none)) return find_in_folder(name_or_path);
  if (name_or_path.find('/') != std::string::npos) {
    throw DataError(str(name_or_path, ": ", fs::exists(name_or_path, none) ? "is no" : "no such",
                        " folder, expected one that holds a data set"));
  }
  throw ArgumentError(str("unknown data set '", name_or_path, "': expected ",
                          listed(dataset_names()), ", or the path of a folder",
                          did_you_mean(name_or_path, dataset_names())));
}

DataSplit load_dataset(const std::string& name_or_path, const DatasetOptions& options) {
  if (name_or_path == "synthetic") return make_synthetic();
  const Place place = find_dataset(name_or_path, options.root);
  DataSplit split = load_place(place, options);
  split.train.name = split.test.name =
      place.entry ? std::string(place.entry->name) : last_name(place.folder);
  return split;
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
