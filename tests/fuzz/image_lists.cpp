// SPDX-License-Identifier: MIT
//
// The lists of GTSRB and CelebA.
#include "joule/core/error.h"
#include "joule/data/readers/celeba.h"
#include "joule/data/readers/gtsrb.h"
#include "joule/tests/fuzz/reader.h"

namespace joule::fuzz {
namespace {

void read_gtsrb(std::string_view bytes) {
  try {
    const ImageList list = read_gtsrb_list(file_in_memory(bytes), "/images");
    require(!list.files.empty() && list.files.size() == list.labels.size(), "another size");
    for (std::size_t i = 0; i < list.files.size(); ++i) {
      require(list.labels[i] >= 0 && list.labels[i] < kGtsrbClasses, "another class");
      require(list.files[i].path.starts_with("/images/"), "another folder");
      const Box& box = *list.files[i].region;
      const Size2& size = *list.files[i].size;
      require(box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0 &&
                  box.top + box.height <= size.h && box.left + box.width <= size.w,
              "a region outside");
    }
  } catch (const DataError&) {
  }
}

void read_celeba(std::string_view bytes) {
  try {
    const CelebaLabels said = read_celeba_labels(file_in_memory(bytes));
    require(said.names.size() == said.labels.size(), "another size");
    for (const std::int32_t label : said.labels) require(label >= 0 && label < 8, "another class");
  } catch (const DataError&) {
  }
}

std::vector<std::string> gtsrb_seeds() {
  const std::string head = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId";
  return {head + "\n00000.ppm;53;54;6;5;48;49;16\n00001.ppm;42;45;5;5;36;40;1\n",
          "\xef\xbb\xbf" + head + "\r\n0.ppm;9;9;0;0;9;9;0\r\n"};
}

std::vector<std::string> celeba_seeds() {
  return {
      "2\nHeavy_Makeup Male Mouth_Slightly_Open Smiling\n000001.jpg -1 1 -1  1\n"
      "000002.jpg  1 1  1 -1\n"};
}

}  // namespace

const Reader kGtsrb{.name = "gtsrb", .read = read_gtsrb, .seeds = gtsrb_seeds};
const Reader kCeleba{.name = "celeba", .read = read_celeba, .seeds = celeba_seeds};

}  // namespace joule::fuzz
