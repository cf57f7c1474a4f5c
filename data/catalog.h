// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/data/dataset.h"
#include "joule/data/readers/image_list.h"

namespace joule {

/// A file of a data set as its publisher distributes it.
struct PublishedFile {
  std::string_view name;
  std::string_view md5;           // of the file as downloaded; empty: not published
  std::string_view unpacked_md5;  // of the contents of a single gzipped file; empty: not known
};

/// Where a data set can be obtained, and how large it is.
struct Publication {
  std::string_view publisher, url;
  std::vector<PublishedFile> files;
  std::int64_t train = 0, test = 0;  // images
};

/// A data set that Joule knows by name, and how to read its files: `read` if all images have one
/// size and are in a few files, `list` if each image has its own file.
struct CatalogEntry {
  std::string_view name;
  std::string_view archive_folder;  // what the publisher's archive unpacks to; may be empty
  std::string_view first_file;      // identifies the data set's folder: see find_file()
  /// Whether a folder holds it, if first_file alone does not tell; may be null.
  bool (*holds)(const std::filesystem::path& folder) = nullptr;
  // The first training labels, which distinguish sets whose files have the same names.  Empty if
  // not needed.
  std::vector<std::int32_t> first_labels;
  std::vector<std::string_view> class_names;
  std::vector<float> mean, deviation;  // of the training images, pixel / 255
  DataSplit (*read)(const std::filesystem::path& folder) = nullptr;
  ImageSplit (*list)(const std::filesystem::path& folder) = nullptr;
  Framing framing{.size = 64};  // of the images that `list` names, by default
  Publication publication;
};

std::span<const CatalogEntry> catalog();

/// "fashion-mnist" for ".../fashion-mnist" and ".../fashion-mnist/".
std::string last_name(const std::filesystem::path& folder);

/// The file `name` in a folder, as published or in the variants that archives spread: plain or .gz,
/// in upper or lower case, with dots for hyphens (train-images.idx3-ubyte), or in a folder of that
/// name.  The first of these that exists; if none does, folder/name.
std::string find_file(const std::filesystem::path& folder, std::string_view name);

/// A data set that was found: one of the catalogue, or the user's own (`entry` is null), in MNIST's
/// file format or as a folder of images.
struct Place {
  const CatalogEntry* entry = nullptr;
  std::filesystem::path folder;
};

/// Where load_dataset() reads the data set it is asked for.
///
/// Errors    as load_dataset(); reads nothing but first labels.
Place find_dataset(const std::string& name_or_path, const std::string& root);

/// Which files to download, with their checksums, from whom and where.
std::string where_to_get(const CatalogEntry& entry);

/// Why `folder` does not hold `entry`, judged by its first labels: it is another set of the
/// catalogue (`other`, otherwise null), or its folder does not have `entry`'s name, and it may be
/// anything. `why` is empty if it may be `entry`.
struct Mistaken {
  std::string why;
  const CatalogEntry* other = nullptr;
};
Mistaken mistaken_for(const CatalogEntry& entry, const std::filesystem::path& folder);

/// Reads MNIST's four IDX files: shapes, pixels and labels.
///
/// Errors    DataError as read_idx(), or if images and labels differ in number, there are no
///           images, or test images have another size than training images.
DataSplit read_idx_split(const std::filesystem::path& folder);

}  // namespace joule
