// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/tests/support/files.h"
#include "joule/tests/support/image_bytes.h"

// Tiny data sets of image files, each in the layout of its distributor.
namespace joule::test {

/// An image of one colour.
inline std::string plain_ppm(std::uint32_t width, std::uint32_t height, int level) {
  return ppm(width, height, std::string(std::size_t{width} * height * 3, static_cast<char>(level)));
}

inline std::string five_digits(int number) {
  const std::string text = std::to_string(number);
  return std::string(5 - text.size(), '0') + text;
}

constexpr const char* kGtsrbHead = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId";

/// GTSRB: an image of each class to train on, two of class 7, and three to test with; lines end
/// with `end`.
inline void write_gtsrb(const std::string& folder, const std::string& end = "\n",
                        const std::string& mark = "",
                        const std::string& training = "GTSRB/Final_Training/Images") {
  for (int label = 0; label < 43; ++label) {
    const std::string name = five_digits(label), here = folder + "/" + training + "/" + name;
    std::string list = mark + kGtsrbHead + end;
    for (int i = 0; i < (label == 7 ? 2 : 1); ++i) {
      const std::string file = "00000_0000" + std::to_string(i) + ".ppm";
      write(here + "/" + file, plain_ppm(30, 20, 5 * label + i));
      list += file + ";30;20;5;6;25;15;" + std::to_string(label) + end;
    }
    write(here + "/GT-" + name + ".csv", list);
  }
  std::string list = mark + kGtsrbHead + end;
  for (int i = 0; i < 3; ++i) {
    write(folder + "/GTSRB/Final_Test/Images/" + five_digits(i) + ".ppm",
          plain_ppm(25, 25, 100 + i));
    list += five_digits(i) + ".ppm;25;25;2;3;20;21;" + std::to_string(10 * i) + end;
  }
  write(folder + "/GTSRB/GT-final_test.csv", list);
}

/// CelebA: eight images to train on, of label 0 to 7, one to validate with and two to test with.
inline void write_celeba(const std::string& folder, bool csv = false,
                         const std::string& images = "img_align_celeba") {
  const std::string gap = csv ? "," : "  ";
  std::string list = csv ? "image_id,Heavy_Makeup,Male,Mouth_Slightly_Open,Smiling\n"
                         : "11\nHeavy_Makeup Male Mouth_Slightly_Open Smiling \n";
  std::string parts = csv ? "image_id,partition\n" : "";
  for (int i = 0; i < 11; ++i) {
    const std::string file = "0" + five_digits(i + 1) + ".jpg";
    write(folder + "/" + images + "/" + file,
          Jpeg{18, 22, 3, std::string(18 * 22 * 3, static_cast<char>(20 * i))}.bytes());
    const auto attribute = [&](int bit) { return gap + (i % 8 & bit ? "1" : "-1"); };
    list += file + attribute(4) + gap + "-1" + attribute(1) + attribute(2) + "\n";
    parts += file + (csv ? "," : " ") + (i < 8 ? "0" : i == 8 ? "1" : "2") + "\n";
  }
  write(folder + "/list_attr_celeba" + (csv ? ".csv" : ".txt"), list);
  write(folder + "/list_eval_partition" + (csv ? ".csv" : ".txt"), parts);
}

/// A folder of images of the classes "Zebra" and "ant", in any format and some in folders below;
/// what is hidden, and a text, beside them.
inline void write_image_folder(const std::string& folder, const std::string& test = "test") {
  const std::string jpeg = Jpeg{20, 16, 3, smooth_pixels(20, 16, 3)}.bytes();
  write(folder + "/train/ant/b.JPEG", jpeg);
  write(folder + "/train/ant/a/c.PNG", png_rgb(16, 16, smooth_pixels(16, 16, 3)));
  write(folder + "/train/ant/named as nothing", plain_ppm(9, 12, 90));
  write(folder + "/train/ant/.hidden.jpg", "no image");
  write(folder + "/train/ant/notes.txt", "no image, and not named as one");
  write(folder + "/train/.cache/x.jpg", "no image");
  write(folder + "/train/Zebra/1.ppm", plain_ppm(8, 8, 200));
  write(folder + "/" + test + "/ant/1.pgm", "P5 4 4 255\n" + std::string(16, '\x21'));
  write(folder + "/" + test + "/Zebra/deep/er/1.jpg", jpeg);
}

}  // namespace joule::test
