// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "joule/data/readers/image_list.h"

namespace joule {

/// Whether a folder has the halves that read_image_folder() needs.
bool holds_image_folder(const std::filesystem::path& folder);

/// A folder of images: train/CLASS/... and test/CLASS/... (or val/; if both exist, test/ is used).
///
/// The classes are the folders in train/, sorted by the bytes of their names.  A class's images are
/// the image files (by content, not by name: see format_of()) in its folder and in the folders
/// below, sorted by folder, then by name.  Names that begin with a dot are ignored.  Other files
/// are ignored, unless their names say that they are images.  The images are in the order of
/// in_turn().  Links to folders are followed.
///
/// Cost      opens each file and reads its first bytes.
/// Errors    DataError (path, what is wrong): a half is missing; there is no class, or a class
///           without an image; a class is in one half only; an image lies beside the classes'
///           folders; a file has the name of an image but is none, or is of a format that Joule
///           does not read; a folder is a link to one above it.
ImageSplit read_image_folder(const std::filesystem::path& folder);

}  // namespace joule
