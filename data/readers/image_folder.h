// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "joule/data/readers/image_list.h"

namespace joule {

/// Whether a folder has the halves that read_image_folder() takes.
bool holds_image_folder(const std::filesystem::path& folder);

/// A folder of images: train/CLASS/... and test/CLASS/... (or val/; of both test/ counts).
///
/// The classes are the folders in train/, in the order of the bytes of their names; a class's
/// images are the image files (see format_of(): by content, not by name) in its folder and in the
/// folders below, by folder, then by name.  Names that begin with a dot do not count.  Other files
/// are left out, unless their names say that they are images.  The images are in the order of
/// in_turn().  Links to folders are followed.
///
/// Cost      each file is opened, and its first bytes are read.
/// Errors    DataError (path, what is wrong): a half is missing; no class, or a class without an
///           image; a class of one half alone; a file beside the classes' folders that is an image;
///           a file with the name of an image that is none, or of a format that Joule does not
///           read; a folder that is a link to one above it.
ImageSplit read_image_folder(const std::filesystem::path& folder);

}  // namespace joule
