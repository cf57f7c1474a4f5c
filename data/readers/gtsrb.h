// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "joule/data/readers/image_list.h"

namespace joule {

inline constexpr int kGtsrbClasses = 43;

/// Whether a folder holds the training images of GTSRB in one of the layouts of read_gtsrb().
bool holds_gtsrb(const std::filesystem::path& folder);

/// The German Traffic Sign Recognition Benchmark, as its archives unpack:
///
///   [GTSRB/]Final_Training/Images/00000/GT-00000.csv and the .ppm files that it lists, up to
///   00042;
///           or the same in [GTSRB/]Training/
///   [GTSRB/]Final_Test/Images/*.ppm
///   [GTSRB/]GT-final_test.csv, or beside the test images, or in the folder above GTSRB
///
/// Training images are in the order of in_turn(), test images in that of their list.
///
/// Errors    DataError as read_gtsrb_list(); or if there are no test images, a class has no folder
///           or list, an image is listed but missing, or present but not listed, or a label differs
///           from its folder's.
/// Source    Stallkamp et al. 2012, doi:10.1016/j.neunet.2012.02.016.
ImageSplit read_gtsrb(const std::filesystem::path& folder);

/// Reads one of its lists: Filename, Width, Height, Roi.X1, Roi.Y1, Roi.X2, Roi.Y2 and ClassId,
/// separated by semicolons, in the order that the first line gives.  The region of interest extends
/// from (X1, Y1) to (X2, Y2), exclusive.  The paths are the names below `images`.
///
/// Errors    DataError (path, line, what is wrong) as TextLines; or if a column is missing, a line
///           has too many or too few fields, a number is invalid, a region is not in the image, a
///           class does not exist, or a name leads out of `images` or appears twice.
ImageList read_gtsrb_list(const std::string& path, const std::filesystem::path& images);

}  // namespace joule
