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
/// The training images in the order of in_turn(), the test images in that of their list.
///
/// Errors    DataError: as read_gtsrb_list(); no test images; a class without a folder or a list;
/// an image that is
///           listed but missing, or there but not listed; a label that is not its folder's.
/// Source    Stallkamp et al. 2012, doi:10.1016/j.neunet.2012.02.016.
ImageSplit read_gtsrb(const std::filesystem::path& folder);

/// One of its lists: semicolons between Filename, Width, Height, Roi.X1, Roi.Y1, Roi.X2, Roi.Y2 and
/// ClassId, which the first line names, in any order.  The region of interest goes from (X1, Y1) up
/// to, and without, (X2, Y2).  The paths are the names behind `images`.
///
/// Errors    DataError (path, line, what is wrong): as TextLines; a column that is missing, a line
/// of more or fewer
///           parts, a number that is none, a region that is not in the image, a class that there is
///           not, a name that leads elsewhere or comes twice.
ImageList read_gtsrb_list(const std::string& path, const std::filesystem::path& images);

}  // namespace joule
