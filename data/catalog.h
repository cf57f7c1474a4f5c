// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace joule {

/// A data set that Joule knows by name, and how its files are read.
struct CatalogEntry {
  std::string_view name;
  std::string_view archive_folder;  // what the publisher's archive unpacks to; may be empty
  std::string_view first_file;      // the data set is where this file is, plain or .gz
  std::vector<std::string_view> class_names;
  std::vector<float> mean, deviation;  // of the training images, pixel / 255
  DataSplit (*read)(const std::filesystem::path& folder);
};

std::span<const CatalogEntry> catalog();

/// folder/name, or folder/name.gz if only that is there.
std::string plain_or_packed(const std::filesystem::path& folder, std::string_view name);

/// MNIST's four IDX files: shapes, pixels and labels.
///
/// Errors    DataError as read_idx; other numbers of labels than of images, no images, test images
///           of another size than the training images.
DataSplit read_idx_split(const std::filesystem::path& folder);

}  // namespace joule
