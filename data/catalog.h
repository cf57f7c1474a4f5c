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

/// A file of a data set as its publisher has it.
struct PublishedFile {
  std::string_view name;
  std::string_view md5;           // of the file that is fetched; empty: not published
  std::string_view unpacked_md5;  // of what is in it, if it is one gzipped file; empty: not known
};

/// Where a data set is to be had, and what it has.
struct Publication {
  std::string_view publisher, url;
  std::vector<PublishedFile> files;
  std::int64_t train = 0, test = 0;  // images
};

/// A data set that Joule knows by name, and how its files are read: `read` of one whose images are
/// all in a few files and of one size, `list` of one with a file for each image.
struct CatalogEntry {
  std::string_view name;
  std::string_view archive_folder;  // what the publisher's archive unpacks to; may be empty
  std::string_view first_file;      // the data set is where this file is: see find_file()
  /// Whether a folder holds it, where first_file alone does not tell; may be null.
  bool (*holds)(const std::filesystem::path& folder) = nullptr;
  // How its training labels begin: tells sets apart whose files have the same names.  Empty where
  // none has.
  std::vector<std::int32_t> first_labels;
  std::vector<std::string_view> class_names;
  std::vector<float> mean, deviation;  // of the training images, pixel / 255
  DataSplit (*read)(const std::filesystem::path& folder) = nullptr;
  ImageSplit (*list)(const std::filesystem::path& folder) = nullptr;
  Framing framing{.size = 64};  // of the images that `list` names, unless another is asked for
  Publication publication;
};

std::span<const CatalogEntry> catalog();

/// "fashion-mnist" of ".../fashion-mnist" and ".../fashion-mnist/".
std::string last_name(const std::filesystem::path& folder);

/// The file `name` in a folder, as it was published or as archives spread it: plain or .gz, in
/// upper or lower case, with dots for hyphens (train-images.idx3-ubyte), or in a folder of that
/// name.  If there are several, the first of these; if there is none, folder/name.
std::string find_file(const std::filesystem::path& folder, std::string_view name);

/// A data set that was found: one of the catalogue, or of one's own (`entry` is null) in the files
/// of MNIST or as a folder of images.
struct Place {
  const CatalogEntry* entry = nullptr;
  std::filesystem::path folder;
};

/// Where load_dataset() reads what it is asked for.
///
/// Errors    as load_dataset(), before anything but first labels is read.
Place find_dataset(const std::string& name_or_path, const std::string& root);

/// Which files to fetch, with their check sums, from whom and where.
std::string where_to_get(const CatalogEntry& entry);

/// Why what lies in `folder` is not `entry`, told by how its labels begin: it is another set of the
/// catalogue (`other`, which is null otherwise), or it is in a folder without the name of `entry`
/// and may be anything.  Empty if it may be.
struct Mistaken {
  std::string why;
  const CatalogEntry* other = nullptr;
};
Mistaken mistaken_for(const CatalogEntry& entry, const std::filesystem::path& folder);

/// MNIST's four IDX files: shapes, pixels and labels.
///
/// Errors    DataError as read_idx; other numbers of labels than of images, no images, test images
///           of another size than the training images.
DataSplit read_idx_split(const std::filesystem::path& folder);

}  // namespace joule
