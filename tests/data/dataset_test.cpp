// SPDX-License-Identifier: MIT
#include "joule/data/dataset.h"

#include <cmath>
#include <cstdlib>
#include <optional>

#include "joule/data/readers/cifar.h"
#include "joule/data/synthetic.h"
#include "joule/data/validation.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

/// Sets an environment variable, and puts it back.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* const old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

/// A data set in IDX files: 4 training and 2 test images of 2 x 3.
void write_idx_files(const std::string& folder, const std::string& suffix = "") {
  const auto put = [&](const std::string& name, const std::string& bytes) {
    write(folder + "/" + name + suffix, suffix == ".gz" ? gzipped(bytes) : bytes);
  };
  put("train-images-idx3-ubyte", idx_images(4, 2, 3, counting_bytes(24)));
  put("train-labels-idx1-ubyte", idx_labels(4, std::string("\0\1\2\3", 4)));
  put("t10k-images-idx3-ubyte", idx_images(2, 2, 3, counting_bytes(12, 100)));
  put("t10k-labels-idx1-ubyte", idx_labels(2, "\4\2"));
}

std::string cifar_record(std::string_view labels, int first) {
  return std::string(labels) + counting_bytes(3072, first);
}

void write_cifar10_files(const std::string& folder) {
  for (int i = 1; i <= 5; ++i) {
    write(folder + "/data_batch_" + std::to_string(i) + ".bin",
          cifar_record(std::string(1, static_cast<char>(i)), i));
  }
  write(folder + "/test_batch.bin", cifar_record("\7", 9));
}

TEST(LoadDataset, FindsIdxFilesUnderAnyOfTheirNames) {
  for (const std::string suffix : {"", ".gz"}) {
    const TemporaryFolder folder;
    write_idx_files(folder / "below/fashion-mnist", suffix);
    for (const DataSplit& split :
         {load_dataset("fashion-mnist", {.root = folder / "below"}),
          load_dataset("fashion-mnist", {.root = folder / "below/fashion-mnist"}),
          load_dataset(folder / "below"), load_dataset(folder / "below/fashion-mnist/")}) {
      EXPECT_EQ(split.train.name, "fashion-mnist");
      EXPECT_EQ(split.train.shape, (Shape{4, 2, 3, 1}));
      EXPECT_EQ(split.test.shape, (Shape{2, 2, 3, 1}));
      EXPECT_EQ(split.train.labels, (std::vector<std::int32_t>{0, 1, 2, 3}));
      EXPECT_EQ(split.test.labels, (std::vector<std::int32_t>{4, 2}));
      EXPECT_EQ(split.train.image(1)[2], 8 * 7);
      EXPECT_EQ(split.test.class_names[9], "Ankle boot");
      EXPECT_EQ(split.test.mean, std::vector<float>{0.2860406f});
      split.train.check();
      split.test.check();
    }
  }
}

TEST(LoadDataset, JouleDataComesFirst) {
  const TemporaryFolder folder;
  write_idx_files(folder / "fashion-mnist");
  const Environment environment("JOULE_DATA", folder.path().string());
  EXPECT_EQ(load_dataset("fashion-mnist").train.size(), 4);
  const auto found = find_datasets();
  EXPECT_EQ(found.front().name, "fashion-mnist");
  EXPECT_EQ(found.front().folder, folder / "fashion-mnist");
  EXPECT_EQ(found.back().name, "synthetic");
}

TEST(LoadDataset, TakesADataSetOfOnesOwn) {
  const TemporaryFolder folder;
  write_idx_files(folder / "letters");
  const DataSplit split = load_dataset(folder / "letters");
  EXPECT_EQ(split.train.name, "letters");
  EXPECT_EQ(split.train.class_names, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  double sum = 0;
  for (const std::uint8_t pixel : *split.train.pixels) sum += pixel;
  EXPECT_NEAR(split.test.mean[0], sum / 24 / 255, 1e-7);
  split.train.check();
}

TEST(LoadDataset, SaysWhereItLooked) {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  EXPECT_EQ(
      data_error_of([&] { load_dataset("fashion-mnist", {.root = root}); }),
      "fashion-mnist: not found in " + root +
          " (looked for train-images-idx3-ubyte, plain or .gz, there and in fashion-mnist): "
          "install it (apt install dataset-fashion-mnist), or get train-images-idx3-ubyte.gz "
          "(md5 8d4fb7e6c68d591d4c3dfef9ec88bf0d), train-labels-idx1-ubyte.gz (md5 "
          "25c81989df183df01b3e8a0aad5dffbe), t10k-images-idx3-ubyte.gz (md5 "
          "bef4ecab320f06d8554ea6380940ec79), t10k-labels-idx1-ubyte.gz (md5 "
          "bb300cfdad3c16e7a12a480ee83cd310) from Zalando Research, "
          "https://github.com/zalandoresearch/fashion-mnist, and set JOULE_DATA to the folder "
          "that holds it (docs/data.md)");
  EXPECT_EQ(
      data_error_of([&] { load_dataset("cifar-10", {.root = root}); }),
      "cifar-10: not found in " + root +
          " (looked for data_batch_1.bin, plain or .gz, there and in cifar-10 and "
          "cifar-10-batches-bin): get cifar-10-binary.tar.gz (md5 "
          "c32a1d4ab5d03f1284b67883e8d87530) from Alex Krizhevsky, University of Toronto, "
          "https://www.cs.toronto.edu/~kriz/cifar.html, and set JOULE_DATA to the folder that "
          "holds it (docs/data.md)");
  EXPECT_EQ(data_error_of([&] { load_dataset(root); }),
            root +
                ": no data set is there, expected one of train-images-idx3-ubyte, "
                "data_batch_1.bin, train.bin, Final_Training/Images/00000, list_attr_celeba.txt "
                "(plain or .gz), a sub-folder named like a data set, or images in train/ and test/ "
                "(or val/), a folder for each class");
  EXPECT_EQ(data_error_of([&] { load_dataset(root + "/none"); }),
            root + "/none: no such folder, expected one that holds a data set");
  EXPECT_EQ(data_error_of([&] { load_dataset(write(root + "/file", "")); }),
            root + "/file: is no folder, expected one that holds a data set");
  EXPECT_EQ(error_of([] { load_dataset("fashon"); }),
            "unknown data set 'fashon': expected fashion-mnist, mnist, cifar-10, cifar-100, "
            "gtsrb, celeba, synthetic, or the path of a folder");
}

TEST(LoadDataset, OneIsNotTakenForAnother) {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  write_idx_files(root + "/fashion-mnist");
  EXPECT_TRUE(data_error_of([&] {
                load_dataset("mnist", {.root = root + "/fashion-mnist"});
              }).starts_with("mnist: not found in "));
  write_idx_files(root + "/mnist");
  EXPECT_EQ(data_error_of([&] { load_dataset(root); }),
            root + ": holds fashion-mnist and mnist, expected one data set: give the path of one");
}

/// The first labels of each, which everybody who has printed some knows.
const std::string kMnistLabels("\5\0\4\1\11\2\1\3\1\4\3\5\3\6\1\7\2\10\6\11", 20);

const std::string kFashionLabels("\11\0\0\3\0\2\7\2\5\5\0\11\5\5\7\11\1\0\6\4", 20);

void write_twenty(const std::string& folder, const std::string& labels) {
  write(folder + "/train-images-idx3-ubyte", idx_images(20, 1, 2, counting_bytes(40)));
  write(folder + "/train-labels-idx1-ubyte", idx_labels(20, labels));
  write(folder + "/t10k-images-idx3-ubyte", idx_images(1, 1, 2, "ab"));
  write(folder + "/t10k-labels-idx1-ubyte", idx_labels(1, "\1"));
}

TEST(LoadDataset, FilesWithoutANameAreToldApartByTheirLabels) {
  const TemporaryFolder folder;
  const std::string here = folder / "downloads", other = folder / "other";
  write_twenty(here, kMnistLabels);
  EXPECT_EQ(load_dataset("mnist", {.root = here}).train.name, "mnist");
  EXPECT_EQ(data_error_of([&] { load_dataset("fashion-mnist", {.root = here}); }),
            here + ": the labels there begin as those of mnist, expected fashion-mnist");
  {
    const Environment environment("JOULE_DATA", here);
    std::vector<std::string> names;
    for (const FoundDataset& found : find_datasets()) {
      if (found.folder == here) names.push_back(found.name);
    }
    EXPECT_EQ(names, std::vector<std::string>{"mnist"});
  }
  write_twenty(here, kFashionLabels);
  EXPECT_EQ(load_dataset("fashion-mnist", {.root = here}).train.name, "fashion-mnist");
  EXPECT_EQ(data_error_of([&] { load_dataset("mnist", {.root = here}); }),
            here + ": the labels there begin as those of fashion-mnist, expected mnist");
  // Of a third set, and too few to tell.
  write_twenty(here, std::string(20, '\1'));
  write_idx_files(other);
  for (const std::string& unknown : {here, other}) {
    EXPECT_EQ(data_error_of([&] { load_dataset("mnist", {.root = unknown}); }),
              unknown +
                  ": the files there do not say of which data set they are, and their labels "
                  "do not begin as those of mnist: put them into a folder mnist if they are, "
                  "otherwise name the folder instead of the data set");
  }
  EXPECT_EQ(load_dataset(here).train.name, "downloads");
}

TEST(LoadDataset, AFolderWithTheWrongNameIsRefused) {
  const TemporaryFolder folder;
  const std::string wrong = folder / "fashion-mnist";
  write_twenty(wrong, kMnistLabels);
  const std::string why =
      wrong + ": the labels there begin as those of mnist, expected fashion-mnist";
  EXPECT_EQ(data_error_of([&] { load_dataset("fashion-mnist", {.root = folder.path().string()}); }),
            why);
  EXPECT_EQ(data_error_of([&] { load_dataset(wrong); }), why);
}

TEST(LoadDataset, FilesMayBeSpeltAsArchivesSpellThem) {
  const auto split_of = [](const std::string& images, const std::string& labels) {
    const TemporaryFolder folder;
    const auto put = [&](std::string name, const std::string& half, const std::string& bytes) {
      for (std::size_t at = 0; (at = name.find("HALF", at)) != std::string::npos;) {
        name.replace(at, 4, half);
      }
      write(folder / "x/" + name,
            name.ends_with("gz") || name.ends_with("GZ") ? gzipped(bytes) : bytes);
    };
    put(images, "train", idx_images(1, 1, 2, "ab"));
    put(labels, "train", idx_labels(1, "\1"));
    put(images, "t10k", idx_images(1, 1, 2, "cd"));
    put(labels, "t10k", idx_labels(1, "\1"));
    return load_dataset(folder / "x");
  };
  for (const auto& [images, labels] : std::vector<std::pair<std::string, std::string>>{
           {"HALF-images.idx3-ubyte", "HALF-labels.idx1-ubyte"},
           {"HALF-images.idx3-ubyte.gz", "HALF-labels.idx1-ubyte.gz"},
           {"HALF-IMAGES-IDX3-UBYTE", "HALF-LABELS-IDX1-UBYTE"},
           {"HALF-IMAGES.IDX3-UBYTE.GZ", "HALF-LABELS-IDX1-UBYTE"},
           {"HALF-images-idx3-ubyte/HALF-images-idx3-ubyte",
            "HALF-labels-idx1-ubyte/HALF-labels-idx1-ubyte.gz"},
           {"HALF-images.idx3-ubyte/HALF-images.idx3-ubyte",
            "HALF-labels.idx1-ubyte/HALF-labels-idx1-ubyte"}}) {
    const DataSplit split = split_of(images, labels);
    EXPECT_EQ(split.train.image(0)[1], 'b') << images;
    EXPECT_EQ(split.test.image(0)[1], 'd') << images;
  }
}

TEST(LoadDataset, FilesMustFitTogether) {
  const TemporaryFolder folder;
  const std::string root = folder / "mnist";
  const std::string labels = root + "/train-labels-idx1-ubyte";
  const std::string images = root + "/train-images-idx3-ubyte";
  const std::string test_images = root + "/t10k-images-idx3-ubyte";
  write_idx_files(root);
  write(labels, idx_labels(3, "\1\2\3"));
  EXPECT_EQ(data_error_of([&] { load_dataset(root); }),
            labels + ": 3 labels, expected 4, one for each image of " + images);
  write(labels, idx_labels(4, "\1\2\12\3"));
  EXPECT_EQ(data_error_of([&] { load_dataset(root); }),
            labels + ": at byte 10: label 10, expected 0 to 9");
  write_idx_files(root);
  write(test_images, idx_images(2, 3, 2, counting_bytes(12)));
  EXPECT_EQ(data_error_of([&] { load_dataset(root); }),
            root + ": the test images are [3,2,1], expected [2,3,1] like the training images");
  write(images, idx_images(0, 2, 3, ""));
  EXPECT_EQ(data_error_of([&] { load_dataset(root); }),
            images + ": holds no pixels: images of shape [0,2,3]");
  write_idx_files(root);
  std::filesystem::remove(labels);
  EXPECT_EQ(data_error_of([&] { load_dataset(root); }),
            labels + ": cannot be opened: No such file or directory");
}

TEST(LoadDataset, ReadsCifar10) {
  const TemporaryFolder folder;
  write_cifar10_files(folder / "cifar-10-batches-bin");
  const DataSplit split = load_dataset("cifar-10", {.root = folder.path().string()});
  EXPECT_EQ(split.train.shape, (Shape{5, 32, 32, 3}));
  EXPECT_EQ(split.train.labels, (std::vector<std::int32_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(split.test.labels, std::vector<std::int32_t>{7});
  EXPECT_EQ(split.train.class_names[9], "truck");
  const std::string planes = counting_bytes(3072, 4);
  for (const std::size_t pixel : {0, 1, 32, 1023}) {
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_EQ(split.train.image(3)[pixel * 3 + c],
                static_cast<std::uint8_t>(planes[c * 1024 + pixel]));
    }
  }
  split.train.check();
}

TEST(LoadDataset, ReadsTheFineLabelsOfCifar100) {
  const TemporaryFolder folder;
  write(folder / "train.bin", cifar_record("\12\143", 1) + cifar_record(std::string("\3\0", 2), 2));
  write(folder / "test.bin.gz", gzipped(cifar_record("\1\5", 3)));
  const DataSplit split = load_dataset(folder.path().string());
  EXPECT_EQ(split.train.name, "cifar-100");
  EXPECT_EQ(split.train.labels, (std::vector<std::int32_t>{99, 0}));
  EXPECT_EQ(split.train.class_names[99], "worm");
  EXPECT_EQ(split.train.classes(), 100);
  split.test.check();
}

TEST(ReadCifar, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto complaint = [&](const std::string& bytes, const CifarFormat& format) {
    const std::string path = write(folder / "file", bytes);
    const std::string message = data_error_of([&] { read_cifar({&path, 1}, format); });
    EXPECT_TRUE(message.starts_with(path + ": ")) << message;
    return message.substr(std::min(message.size(), path.size() + 2));
  };
  const std::string record = cifar_record("\1", 1);
  EXPECT_EQ(complaint("", kCifar10),
            "at byte 0: the file is empty, expected records of CIFAR images");
  EXPECT_EQ(complaint(record + record.substr(1), kCifar10),
            "at byte 6145: the file is truncated: its last record has 3072 bytes, expected 3073");
  EXPECT_EQ(complaint(record + cifar_record("\12", 1), kCifar10),
            "at byte 6146: the record that ends here has label 10, expected 0 to 9");
  std::string many;
  for (int i = 0; i < kCifar10.max_records; ++i) many += record;
  EXPECT_EQ(complaint(gzipped(many + record), kCifar10),
            "at byte 30733073: the file goes on after 10000 images, the most that one has");
  EXPECT_EQ(complaint(cifar_record("\1\144", 1), kCifar100),
            "at byte 3074: the record that ends here has label 100, expected 0 to 99");
}

TEST(Dataset, TakeSharesThePixels) {
  const Dataset train = make_synthetic({.train = 30, .test = 1}).train;
  const Dataset few = train.take(7);
  few.check();
  EXPECT_EQ(few.size(), 7);
  EXPECT_EQ(few.labels.size(), 7u);
  EXPECT_EQ(few.pixels, train.pixels);
  EXPECT_EQ(train.take(1000).size(), 30);
  EXPECT_EQ(error_of([&] { train.take(0); }),
            "dataset synthetic: take() needs a count of at least 1, got 0");
}

TEST(Dataset, CheckFindsWhatDoesNotFit) {
  const Dataset good = make_synthetic({.train = 4, .test = 1, .classes = 2, .size = 2}).train;
  const auto complaint = [&](auto&& change) {
    Dataset bad = good;
    change(bad);
    return error_of([&] { bad.check(); });
  };
  EXPECT_EQ(complaint([](Dataset& d) {
              d.shape = {4, 2, 2};
            }),
            "dataset synthetic: expected images of shape [N,H,W,C], got [4,2,2]");
  EXPECT_EQ(complaint([](Dataset& d) {
              d.shape = {4, 2, 3, 1};
            }),
            "dataset synthetic: [4,2,3,1] needs 24 pixels, there are 16");
  EXPECT_EQ(complaint([](Dataset& d) { d.labels.pop_back(); }),
            "dataset synthetic: 3 labels for 4 images");
  EXPECT_EQ(complaint([](Dataset& d) { d.labels[2] = 2; }),
            "dataset synthetic: label 2 of image 2 is out of range: there are 2 classes");
  EXPECT_EQ(complaint([](Dataset& d) { d.mean.clear(); }),
            "dataset synthetic: 0 means and 1 deviations for 1 channels");
  EXPECT_EQ(complaint([](Dataset& d) { d.mean = {0.5f}, d.deviation = {0}; }),
            "dataset synthetic: channel 0 has mean 0.5 and deviation 0, expected a positive "
            "deviation");
}

TEST(Dataset, NormalisationIsMeasuredPerChannel) {
  DataSplit split = make_synthetic({.train = 50, .test = 10, .size = 8, .channels = 3});
  auto pixels = *split.train.pixels;
  for (std::size_t i = 1; i < pixels.size(); i += 3) pixels[i] = 51;
  split.train.pixels = std::make_shared<const std::vector<std::uint8_t>>(pixels);
  measure_normalization(split);
  EXPECT_NEAR(split.train.mean[1], 0.2, 1e-7);
  EXPECT_EQ(split.train.deviation[1], 1.0f);  // constant
  double sum = 0, squares = 0;
  for (std::size_t i = 2; i < pixels.size(); i += 3) {
    sum += pixels[i] / 255.0;
    squares += pixels[i] / 255.0 * pixels[i] / 255.0;
  }
  const double n = static_cast<double>(pixels.size()) / 3;
  EXPECT_NEAR(split.train.mean[2], sum / n, 1e-6);
  EXPECT_NEAR(split.train.deviation[2], std::sqrt(squares / n - sum / n * sum / n), 1e-6);
  EXPECT_EQ(split.test.mean, split.train.mean);
}

TEST(Synthetic, SameOptionsSameImages) {
  const SyntheticOptions options{.train = 20, .test = 20, .seed = 3};
  const DataSplit a = make_synthetic(options), b = make_synthetic(options);
  EXPECT_EQ(*a.train.pixels, *b.train.pixels);
  EXPECT_NE(*a.train.pixels, *a.test.pixels);
  EXPECT_NE(*a.train.pixels, *make_synthetic({.train = 20, .test = 20, .seed = 4}).train.pixels);
  EXPECT_EQ(a.train.classes(), 10);
  a.train.check();
  EXPECT_EQ(error_of([] { make_synthetic({.train = 0}); }),
            "synthetic data: expected at least one image, pixel and channel, two classes and noise "
            ">= 0, got 0 + 500 images of 28x28x1, 10 classes, noise 0.1");
}

/// The class whose mean image is nearest: what can be learnt at all can be learnt by a net.
double nearest_mean_accuracy(const DataSplit& split) {
  const std::int64_t pixels = split.train.image_shape().numel();
  std::vector<std::vector<double>> means(static_cast<std::size_t>(split.train.classes()),
                                         std::vector<double>(static_cast<std::size_t>(pixels)));
  for (std::int64_t i = 0; i < split.train.size(); ++i) {
    for (std::int64_t p = 0; p < pixels; ++p) {
      means[split.train.labels[i]][p] += static_cast<double>(split.train.image(i)[p]) *
                                         static_cast<double>(split.train.classes()) /
                                         static_cast<double>(split.train.size());
    }
  }
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < split.test.size(); ++i) {
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < means.size(); ++c) {
      double distance = 0;
      for (std::int64_t p = 0; p < pixels; ++p) {
        const double d = split.test.image(i)[p] - means[c][p];
        distance += d * d;
      }
      if (distance < least) least = distance, best = c;
    }
    right += static_cast<std::int32_t>(best) == split.test.labels[i];
  }
  return static_cast<double>(right) / static_cast<double>(split.test.size());
}

TEST(Synthetic, ClassesCanBeLearnt) {
  for (const SyntheticOptions& options :
       {SyntheticOptions{.train = 500, .test = 200},
        SyntheticOptions{.train = 200, .test = 100, .classes = 4, .size = 8},
        SyntheticOptions{
            .train = 200, .test = 100, .classes = 3, .size = {16, 12}, .channels = 3}}) {
    EXPECT_GT(nearest_mean_accuracy(make_synthetic(options)), 0.9) << options.size;
  }
}

TEST(FashionMnist, IsWhatItSays) {
  if (find_datasets().front().name != "fashion-mnist") {
    GTEST_SKIP() << "Fashion-MNIST is not here: apt install dataset-fashion-mnist";
  }
  DataSplit split = load_dataset("fashion-mnist");
  EXPECT_EQ(split.train.shape, (Shape{60000, 28, 28, 1}));
  EXPECT_EQ(split.test.shape, (Shape{10000, 28, 28, 1}));
  split.train.check();
  split.test.check();
  const Dataset stated = split.train;
  measure_normalization(split);
  EXPECT_NEAR(stated.mean[0], split.train.mean[0], 1e-6);
  EXPECT_NEAR(stated.deviation[0], split.train.deviation[0], 1e-6);
}

}  // namespace
}  // namespace joule
