// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "joule/data/readers/image_list.h"

namespace joule {

/// Whether a folder holds CelebA's attribute list, in one of the places of read_celeba().
bool holds_celeba(const std::filesystem::path& folder);

/// CelebA, aligned and cropped, in the layout in which it is published:
///
///   img_align_celeba/000001.jpg ...   or in a folder of that name in it, or in Img/
///   list_attr_celeba.txt              or .csv, also in Anno/: the attributes, 1 or -1
///   list_eval_partition.txt           or .csv, also in Eval/ or Anno/: 0 training, 1 validation,
///                                     2 test
///
/// with eight classes, label = 4 Heavy_Makeup + 2 Smiling + Mouth_Slightly_Open.  The validation
/// part is not used, because training holds back its own validation images.
///
/// A .txt file separates fields by spaces; the attribute list begins with the number of
/// images and the names of the attributes.  A .csv file uses commas, and begins with "image_id" and
/// the names.
///
/// Errors    DataError (path, line, what is wrong): as TextLines; a list or one of the three
///           attributes is missing; a line has too many or too few fields; an attribute is neither
///           1 nor -1; a part is not 0, 1 or 2; the two lists do not have the same images in the
///           same order, or as many as stated; a listed image is missing; a part, or a class of the
///           training images, has no image.
/// Source    Liu et al. 2015, arXiv:1411.7766.
ImageSplit read_celeba(const std::filesystem::path& folder);

/// The contents of an attribute list; `path` ends in .csv or in something else.
struct CelebaLabels {
  std::vector<std::string> names;
  std::vector<std::int32_t> labels;
};
CelebaLabels read_celeba_labels(const std::string& path);

}  // namespace joule
