// SPDX-License-Identifier: MIT
//
// Data sets of image files: GTSRB, CelebA and folders of images.
#include "joule/tests/support/image_sets.h"

#include <algorithm>
#include <numeric>

#include "joule/data/catalog.h"
#include "joule/data/dataset.h"
#include "joule/data/image/read_image.h"
#include "joule/data/readers/celeba.h"
#include "joule/data/readers/gtsrb.h"
#include "joule/data/readers/image_folder.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;
namespace fs = std::filesystem;

std::vector<std::uint8_t> image_of(const Dataset& set, std::int64_t i) {
  std::vector<std::uint8_t> room = set.room();
  set.image(i, room);
  return room;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Gtsrb, IsReadInEachOfItsLayouts) {
  for (const char* const training :
       {"GTSRB/Final_Training/Images", "GTSRB/Training", "Final_Training/Images"}) {
    for (const bool windows : {false, true}) {
      const TemporaryFolder folder;
      write_gtsrb(folder / "gtsrb", windows ? "\r\n" : "\n", windows ? "\xef\xbb\xbf" : "",
                  training);
      const DataSplit split = load_dataset("gtsrb", {.root = folder.path().string()});
      EXPECT_EQ(split.train.shape, (Shape{44, 32, 32, 3}));
      EXPECT_EQ(split.test.shape, (Shape{3, 32, 32, 3}));
      EXPECT_EQ(split.train.class_names[14], "Stop");
      EXPECT_EQ(split.train.fit, Fit::stretch);
      EXPECT_EQ(split.train.labels[5], 5);
      EXPECT_EQ(split.train.labels[43], 7);  // the second image of class 7, after all first ones
      EXPECT_EQ(split.test.labels, (std::vector<std::int32_t>{0, 10, 20}));
      EXPECT_EQ(image_of(split.train, 5), std::vector<std::uint8_t>(32 * 32 * 3, 25));
      EXPECT_EQ(image_of(split.train, 43), std::vector<std::uint8_t>(32 * 32 * 3, 36));
      EXPECT_EQ(image_of(split.test, 2), std::vector<std::uint8_t>(32 * 32 * 3, 102));
      split.train.check();
      split.test.check();
    }
  }
}

TEST(Gtsrb, CutsOutTheRegionOfInterest) {
  const TemporaryFolder folder;
  write_gtsrb(folder / "gtsrb");
  std::string pixels;  // white where the region of interest is
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 30; ++x) {
      pixels += std::string(3, x >= 5 && x < 25 && y >= 6 && y < 15 ? '\xff' : '\0');
    }
  }
  write(folder / "gtsrb/GTSRB/Final_Training/Images/00000/00000_00000.ppm", ppm(30, 20, pixels));
  const auto sum = [&](Fit fit) {
    const DataSplit split =
        load_dataset("gtsrb", {.root = folder.path().string(), .size = 16, .fit = fit});
    const auto image = image_of(split.train, 0);
    return std::accumulate(image.begin(), image.end(), 0);
  };
  EXPECT_EQ(sum(Fit::region), 16 * 16 * 3 * 255);
  EXPECT_LT(sum(Fit::stretch), 16 * 16 * 3 * 255 / 2);
}

TEST(Gtsrb, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string base = folder / "gtsrb", training = base + "/GTSRB/Final_Training/Images";
  const std::string list = training + "/00003/GT-00003.csv";
  const auto complaint = [&](const std::string& from, const std::string& to) {
    write_gtsrb(base);
    write(list, replaced(text_of(list), from, to));
    return data_error_of([&] { read_gtsrb(base); });
  };
  EXPECT_EQ(complaint("Roi.X1", "Roi"),
            list +
                ": line 1: there is no column Roi.X1, expected Filename;Width;Height;Roi.X1;"
                "Roi.Y1;Roi.X2;Roi.Y2;ClassId");
  EXPECT_EQ(complaint(";30;20;", ";30;"),
            list + ": line 2: 7 parts, expected 8 as in the first line");
  EXPECT_EQ(complaint(";30;20;", ";30;x;"),
            list + ": line 2: Height: expected a whole decimal number, got 'x'");
  EXPECT_EQ(complaint(";25;15;3", ";31;15;3"),
            list +
                ": line 2: the region of interest from 5,6 to 31,15 is not in an image 30 wide "
                "and 20 high");
  EXPECT_EQ(complaint(";25;15;3", ";25;15;43"), list + ": line 2: class 43, expected 0 to 42");
  EXPECT_EQ(complaint(";25;15;3", ";25;15;4"), list + ": lists an image of class 4, expected 3");
  EXPECT_EQ(complaint("00000_00000.ppm", "../x.ppm"),
            list + ": line 2: '../x.ppm' is no name of an image beside it");
  EXPECT_EQ(complaint("00000_00000.ppm", "1.ppm"),
            training + "/00003/1.ppm: no such file, but " + list + " lists it");
  EXPECT_EQ(complaint("00000_00000.ppm;30;20;5;6;25;15;3\n", ""), list + ": lists no image");
  const std::string more = training + "/00003/more.ppm";
  write_gtsrb(base);
  write(more, plain_ppm(3, 3, 3));
  EXPECT_EQ(data_error_of([&] { read_gtsrb(base); }),
            more + ": " + list + " does not list it, nor 0 others of 2");
  fs::remove(more);
  fs::rename(training + "/00042", base + "/other");
  EXPECT_EQ(data_error_of([&] { read_gtsrb(base); }),
            training + "/00042: no such folder, expected the images of class 42");
  write_gtsrb(base);
  fs::remove(base + "/GTSRB/GT-final_test.csv");
  EXPECT_EQ(data_error_of([&] { read_gtsrb(base); }),
            base +
                ": the labels of the test images are missing, expected GT-final_test.csv there, "
                "beside Final_Test, or beside the test images");
}

TEST(Gtsrb, AnImageMustHaveTheSizeThatItsListSays) {
  const TemporaryFolder folder;
  write_gtsrb(folder / "gtsrb");
  const std::string path = write(folder / "gtsrb/GTSRB/Final_Training/Images/00001/00000_00000.ppm",
                                 plain_ppm(20, 20, 1));
  EXPECT_EQ(data_error_of([&] { load_dataset("gtsrb", {.root = folder.path().string()}); }),
            path + ": an image of 20x20, its list says 20x30");
}

TEST(Celeba, IsReadAsTextAndAsCsv) {
  for (const char* const images :
       {"img_align_celeba", "img_align_celeba/img_align_celeba", "Img/img_align_celeba"}) {
    for (const bool csv : {false, true}) {
      const TemporaryFolder folder;
      write_celeba(folder / "celeba", csv, images);
      const DataSplit split = load_dataset(folder / "celeba");
      EXPECT_EQ(split.train.name, "celeba");
      EXPECT_EQ(split.train.shape, (Shape{8, 64, 64, 3}));
      EXPECT_EQ(split.train.labels, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
      EXPECT_EQ(split.test.labels, (std::vector<std::int32_t>{1, 2}));
      EXPECT_EQ(split.train.class_names[5], "heavy make-up, mouth open");
      EXPECT_EQ(split.train.class_names[2], "smiling");
      EXPECT_EQ(image_of(split.train, 3), std::vector<std::uint8_t>(64 * 64 * 3, 60));
      split.train.check();
    }
  }
}

TEST(Celeba, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string base = folder / "celeba", list = base + "/list_attr_celeba.txt";
  const std::string parts = base + "/list_eval_partition.txt";
  const auto complaint = [&](const std::string& path, const std::string& from,
                             const std::string& to) {
    write_celeba(base);
    write(path, replaced(text_of(path), from, to));
    return data_error_of([&] { read_celeba(base); });
  };
  EXPECT_EQ(complaint(list, "11\n", "12\n"), list + ": lists 11 images, its first line says 12");
  EXPECT_EQ(complaint(list, "Smiling", "Frowning"),
            list + ": line 2: there is no attribute Smiling");
  EXPECT_EQ(complaint(list, "-1  -1  -1  -1", "-1  -1  -1"),
            list + ": line 3: 4 parts, expected 5");
  EXPECT_EQ(complaint(list, "-1  -1  -1  -1", "0  -1  -1  -1"),
            list + ": line 3: an attribute is '0', expected 1 or -1");
  EXPECT_EQ(complaint(parts, "000002.jpg 0", "000002.jpg 3"),
            parts + ": line 2: part '3', expected 0 (training), 1 (validation) or 2 (test)");
  EXPECT_EQ(complaint(parts, "000002.jpg 0\n", ""),
            parts + ": line 2: image 000003.jpg, expected 000002.jpg as in the list of attributes");
  EXPECT_EQ(complaint(parts, "000011.jpg 2\n", ""),
            parts + ": lists 10 images, expected 11 as in the list of attributes");
  EXPECT_EQ(complaint(parts, "000001.jpg 0", "000001.jpg 1"),
            base + ": of class 0 (none of the three) there is no training image");
  write_celeba(base);
  fs::remove(base + "/img_align_celeba/000004.jpg");
  EXPECT_EQ(data_error_of([&] { read_celeba(base); }),
            base + "/img_align_celeba/000004.jpg: no such file, but " + list + " lists it");
  fs::remove(parts);
  EXPECT_EQ(data_error_of([&] { read_celeba(base); }),
            base + ": list_eval_partition.txt is missing, expected there, in Anno or in Eval");
}

TEST(ImageFolder, ReadsAFolderForEachClass) {
  for (const char* const test : {"test", "val"}) {
    const TemporaryFolder folder;
    write_image_folder(folder / "pets", test);
    const DataSplit split = load_dataset(folder / "pets", {.size = 8});
    EXPECT_EQ(split.train.name, "pets");
    // In the order of the bytes: capitals first; within a class by folder, then by name.
    EXPECT_EQ(split.train.class_names, (std::vector<std::string>{"Zebra", "ant"}));
    EXPECT_EQ(split.train.labels, (std::vector<std::int32_t>{0, 1, 1, 1}));
    EXPECT_EQ(split.test.labels, (std::vector<std::int32_t>{0, 1}));
    const ImageSplit listed = read_image_folder(folder / "pets");
    EXPECT_EQ(listed.train.files[1].path, folder / "pets/train/ant/b.JPEG");
    EXPECT_EQ(listed.train.files[2].path, folder / "pets/train/ant/named as nothing");
    EXPECT_EQ(listed.train.files[3].path, folder / "pets/train/ant/a/c.PNG");
    EXPECT_EQ(split.train.shape, (Shape{4, 8, 8, 3}));
    EXPECT_EQ(image_of(split.train, 0), std::vector<std::uint8_t>(192, 200));
    EXPECT_EQ(image_of(split.test, 1), std::vector<std::uint8_t>(192, 0x21));  // grey in colours
    EXPECT_EQ(split.train.fit, Fit::crop);
    split.train.check();
  }
}

TEST(ImageFolder, FollowsLinks) {
  const TemporaryFolder folder;
  write_image_folder(folder / "pets");
  write(folder / "more/2.ppm", plain_ppm(4, 4, 4));
  fs::create_directory_symlink(folder / "more", folder / "pets/train/Zebra/more");
  EXPECT_EQ(read_image_folder(folder / "pets").train.files.size(), 5u);
  fs::create_directory_symlink(folder / "pets/train/Zebra", folder / "pets/train/Zebra/again");
  EXPECT_EQ(data_error_of([&] { read_image_folder(folder / "pets"); }),
            folder / "pets/train/Zebra/again: a link to a folder that it lies in");
}

TEST(ImageFolder, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string base = folder / "pets";
  const auto complaint = [&](const auto& change) {
    std::error_code none;
    fs::remove_all(base, none);
    write_image_folder(base);
    change();
    return data_error_of([&] { load_dataset(base); });
  };
  EXPECT_EQ(complaint([&] { fs::create_directory(base + "/train/cat"); }),
            base + "/test: there is no folder of the class cat, but the other half has one");
  EXPECT_EQ(complaint([&] { fs::remove_all(base + "/train/ant"); }),
            base + "/train: there is no folder of the class ant, but the other half has one");
  EXPECT_EQ(complaint([&] { fs::remove(base + "/train/Zebra/1.ppm"); }),
            base + "/train/Zebra: the class has no image");
  EXPECT_EQ(
      complaint([&] { write(base + "/train/ant/x.jpg", "text"); }),
      base + "/train/ant/x.jpg: no image that Joule reads, expected JPEG, PNG, PPM, PGM or PBM");
  EXPECT_EQ(
      complaint([&] { write(base + "/train/ant/x.WEBP", "RIFF"); }),
      base + "/train/ant/x.WEBP: no image that Joule reads, expected JPEG, PNG, PPM, PGM or PBM");
  EXPECT_EQ(complaint([&] { write(base + "/train/ant/x.png", ""); }),
            base + "/train/ant/x.png: the file is empty, expected JPEG, PNG, PPM, PGM or PBM");
  EXPECT_EQ(
      complaint([&] { write(base + "/train/x.ppm", plain_ppm(1, 1, 1)); }),
      base + "/train/x.ppm: an image of no class, expected it in a folder of " + base + "/train");
  const std::string cut = base + "/train/ant/b.JPEG";
  EXPECT_EQ(complaint([&] { fs::resize_file(cut, fs::file_size(cut) - 20); }),
            cut + ": a damaged JPEG file: Premature end of JPEG file");
  EXPECT_EQ(complaint([&] {
              fs::remove_all(base + "/train");
              fs::create_directory(base + "/train");
            }),
            base + "/train: there is no folder of a class, expected one for each");
  EXPECT_EQ(data_error_of([&] { read_image_folder(folder / "none"); }),
            folder /
                "none: a folder of images has train/ and test/ (or val/), with a folder for "
                "each class");
}

TEST(LoadDataset, MeasuresImageFilesAsItMeasuresMemory) {
  const TemporaryFolder folder;
  write_image_folder(folder / "pets");
  const DataSplit files = load_dataset(folder / "pets", {.size = 8});
  DataSplit memory = files;
  std::vector<std::uint8_t> pixels;
  for (std::int64_t i = 0; i < files.train.size(); ++i) {
    const auto image = image_of(files.train, i);
    pixels.insert(pixels.end(), image.begin(), image.end());
  }
  memory.train.source = nullptr;
  memory.train.pixels = std::make_shared<const std::vector<std::uint8_t>>(pixels);
  measure_normalization(memory);
  EXPECT_EQ(memory.train.mean, files.train.mean);
  EXPECT_EQ(memory.train.deviation, files.train.deviation);
  EXPECT_EQ(files.test.mean, files.train.mean);
  EXPECT_TRUE(load_dataset(folder / "pets", {.normalization = false}).train.mean.empty());
}

TEST(LoadDataset, OptionsOfImagesAreChecked) {
  const TemporaryFolder folder;
  write_image_folder(folder / "pets");
  EXPECT_EQ(
      error_of([&] { load_dataset(folder / "pets", {.fit = Fit::region}); }),
      "image fit: region is only for gtsrb, which states the region of interest of its images");
  EXPECT_EQ(error_of([&] { load_dataset(folder / "pets", {.size = 4096}); }),
            "images: expected a size of 1 to 2048 pixels a side, got 4096x4096");
}

TEST(LoadDataset, SaysWhereImageFilesAreToBeHad) {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  EXPECT_EQ(
      data_error_of([&] { load_dataset("celeba", {.root = root}); }),
      "celeba: not found in " + root +
          " (looked for list_attr_celeba.txt, there and in celeba and CelebA): get "
          "img_align_celeba.zip (md5 00d2c5bc6d35e252742224ab0c1e8fcb), list_attr_celeba.txt "
          "(md5 75e246fa4810816ffd6ee81facbd244c), list_eval_partition.txt (md5 "
          "d32c9cbf5e040fd4025c592c306e6668) from MMLAB, The Chinese University of Hong Kong, "
          "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, and set JOULE_DATA to the folder "
          "that holds it (docs/data.md)");
}

}  // namespace
}  // namespace joule
