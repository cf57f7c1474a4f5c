// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "joule/data/readers/image_list.h"

namespace joule {

/// Whether a folder holds CelebA's list of attributes, in one of the places of read_celeba().
bool holds_celeba(const std::filesystem::path& folder);

/// CelebA, aligned and cropped, as its files are published:
///
///   img_align_celeba/000001.jpg ...        or in a folder of that name in it, or in Img/
///   list_attr_celeba.txt                   or .csv, also in Anno/: the attributes, 1 or -1
///   list_eval_partition.txt                or .csv, also in Eval/ or Anno/: 0 training, 1
///   validation, 2 test
///
/// with eight classes, label = 4 Heavy_Makeup + 2 Smiling + Mouth_Slightly_Open.  The images of the
/// validation part are not used: training holds its own back.
///
/// A .txt file has spaces between its parts, and the list of attributes begins with the number of
/// images and the names of the attributes; a .csv file has commas, and begins with "image_id" and
/// the names.
///
/// Errors    DataError (path, line, what is wrong): as TextLines; a list that is missing; one of
/// the three attributes
///           is; a line of more or fewer parts; an attribute that is neither 1 nor -1; a part that
///           is none of the three; the two lists not of the same images in the same order; another
///           number of them than is stated; an image that is listed but missing; a part, or a class
///           of the training images, without an image.
/// Source    Liu et al. 2015, arXiv:1411.7766.
ImageSplit read_celeba(const std::filesystem::path& folder);

/// What its list of attributes says; `path` ends in .csv or in something else.
struct CelebaLabels {
  std::vector<std::string> names;
  std::vector<std::int32_t> labels;
};
CelebaLabels read_celeba_labels(const std::string& path);

}  // namespace joule
