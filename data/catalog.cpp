// SPDX-License-Identifier: MIT
#include "joule/data/catalog.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "joule/core/error.h"
#include "joule/data/readers/celeba.h"
#include "joule/data/readers/cifar.h"
#include "joule/data/readers/gtsrb.h"
#include "joule/data/readers/idx.h"

namespace joule {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrainLabels = "train-labels-idx1-ubyte";

/// The same for all ways to write a file's name.
std::string spelling(std::string_view name) {
  std::string spelt(name);
  for (char& c : spelt) {
    c = c == '.' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return spelt;
}

Dataset read_idx_half(const fs::path& folder, const std::string& half) {
  const std::string image_path = find_file(folder, half + "-images-idx3-ubyte");
  const std::string label_path = find_file(folder, half + "-labels-idx1-ubyte");
  Idx images = read_idx(image_path, 3);
  const Idx labels = read_idx(label_path, 1);
  if (images.values.empty()) {
    throw DataError(str(image_path, ": holds no pixels: images of shape ", images.shape));
  }
  if (labels.shape[0] != images.shape[0]) {
    throw DataError(str(label_path, ": ", labels.shape[0], " labels, expected ", images.shape[0],
                        ", one for each image of ", image_path));
  }
  Dataset set;
  set.shape = {images.shape[0], images.shape[1], images.shape[2], 1};
  set.pixels = std::make_shared<const std::vector<std::uint8_t>>(std::move(images.values));
  set.labels.assign(labels.values.begin(), labels.values.end());
  return set;
}

/// An IDX file's labels are any byte: those of a data set with known classes must be among them.
void check_labels(const Dataset& set, const std::string& path, std::size_t classes) {
  constexpr std::size_t kHeader = 8;
  for (std::size_t i = 0; i < set.labels.size(); ++i) {
    if (static_cast<std::size_t>(set.labels[i]) >= classes) {
      throw DataError(str(path, ": at byte ", kHeader + i, ": label ", set.labels[i],
                          ", expected 0 to ", classes - 1));
    }
  }
}

DataSplit read_ten_class_idx(const fs::path& folder) {
  DataSplit split = read_idx_split(folder);
  check_labels(split.train, find_file(folder, kTrainLabels), 10);
  check_labels(split.test, find_file(folder, "t10k-labels-idx1-ubyte"), 10);
  return split;
}

DataSplit read_cifar_split(const fs::path& folder, std::span<const std::string_view> train,
                           std::string_view test, const CifarFormat& format) {
  std::vector<std::string> paths;
  for (const std::string_view name : train) paths.push_back(find_file(folder, name));
  const std::string test_path = find_file(folder, test);
  return {.train = read_cifar(paths, format), .test = read_cifar({&test_path, 1}, format)};
}

DataSplit read_cifar10(const fs::path& folder) {
  static constexpr std::array<std::string_view, 5> kTrain = {"data_batch_1.bin", "data_batch_2.bin",
                                                             "data_batch_3.bin", "data_batch_4.bin",
                                                             "data_batch_5.bin"};
  return read_cifar_split(folder, kTrain, "test_batch.bin", kCifar10);
}

DataSplit read_cifar100(const fs::path& folder) {
  static constexpr std::array<std::string_view, 1> kTrain = {"train.bin"};
  return read_cifar_split(folder, kTrain, "test.bin", kCifar100);
}

std::vector<std::string_view> digits() {
  return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
}

std::vector<std::string_view> fashion_classes() {
  return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
}

std::vector<std::string_view> cifar10_classes() {
  return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
}

std::vector<std::string_view> cifar100_classes() {
  return {"apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
          "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
          "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
          "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
          "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
          "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
          "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
          "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
          "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
          "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
          "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
          "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
          "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
          "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
          "table",       "tank",          "telephone", "television", "tiger",        "tractor",
          "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
          "willow_tree", "wolf",          "woman",     "worm"};
}

Publication fashion_mnist_publication() {
  return {.publisher = "Zalando Research",
          .url = "https://github.com/zalandoresearch/fashion-mnist",
          .files = {{"train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                     "f4a8712d7a061bf5bd6d2ca38dc4d50a"},
                    {"train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe",
                     "9018921c3c673c538a1fc5bad174d6f9"},
                    {"t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79",
                     "8181f5470baa50b63fa0f6fddb340f0a"},
                    {"t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310",
                     "15d484375f8d13e6eb1aabb0c3f46965"}},
          .train = 60'000,
          .test = 10'000};
}

Publication mnist_publication() {
  return {.publisher = "Yann LeCun, Corinna Cortes and Christopher Burges",
          .url = "https://ossci-datasets.s3.amazonaws.com/mnist/",
          .files = {{"train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                     "6bbc9ace898e44ae57da46a324031adb"},
                    {"train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432",
                     "a25bea736e30d166cdddb491f175f624"},
                    {"t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3",
                     "2646ac647ad5339dbf082846283269ea"},
                    {"t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c",
                     "27ae3e4e09519cfbb04c329615203637"}},
          .train = 60'000,
          .test = 10'000};
}

Publication cifar_publication(std::string_view archive, std::string_view md5) {
  return {.publisher = "Alex Krizhevsky, University of Toronto",
          .url = "https://www.cs.toronto.edu/~kriz/cifar.html",
          .files = {{archive, md5, ""}},
          .train = 50'000,
          .test = 10'000};
}

Publication gtsrb_publication() {
  return {.publisher = "Institut fuer Neuroinformatik, Ruhr-Universitaet Bochum",
          .url = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/",
          .files = {{"GTSRB_Final_Training_Images.zip", "", ""},
                    {"GTSRB_Final_Test_Images.zip", "c7e4e6327067d32654124b0fe9e82185", ""},
                    {"GTSRB_Final_Test_GT.zip", "fe31e9c9270bbcd7b84b7f21a9d9d9e5", ""}},
          .train = 39'209,
          .test = 12'630};
}

Publication celeba_publication() {
  return {.publisher = "MMLAB, The Chinese University of Hong Kong",
          .url = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
          .files = {{"img_align_celeba.zip", "00d2c5bc6d35e252742224ab0c1e8fcb", ""},
                    {"list_attr_celeba.txt", "75e246fa4810816ffd6ee81facbd244c", ""},
                    {"list_eval_partition.txt", "d32c9cbf5e040fd4025c592c306e6668", ""}},
          .train = 162'770,
          .test = 19'962};
}

}  // namespace

std::span<const CatalogEntry> catalog() {
  static const std::array<CatalogEntry, 6> entries = {
      CatalogEntry{.name = "fashion-mnist",
                   .archive_folder = "",
                   .first_file = "train-images-idx3-ubyte",
                   .first_labels = {9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4},
                   .class_names = fashion_classes(),
                   .mean = {0.2860406f},
                   .deviation = {0.3530242f},
                   .read = read_ten_class_idx,
                   .publication = fashion_mnist_publication()},
      CatalogEntry{.name = "mnist",
                   .archive_folder = "",
                   .first_file = "train-images-idx3-ubyte",
                   .first_labels = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9},
                   .class_names = digits(),
                   .mean = {0.1306605f},
                   .deviation = {0.3081078f},
                   .read = read_ten_class_idx,
                   .publication = mnist_publication()},
      CatalogEntry{.name = "cifar-10",
                   .archive_folder = "cifar-10-batches-bin",
                   .first_file = "data_batch_1.bin",
                   .class_names = cifar10_classes(),
                   .mean = {0.4913997f, 0.4821584f, 0.4465309f},
                   .deviation = {0.2470322f, 0.2434851f, 0.2615878f},
                   .read = read_cifar10,
                   .publication = cifar_publication("cifar-10-binary.tar.gz",
                                                    "c32a1d4ab5d03f1284b67883e8d87530")},
      CatalogEntry{.name = "cifar-100",
                   .archive_folder = "cifar-100-binary",
                   .first_file = "train.bin",
                   .class_names = cifar100_classes(),
                   .mean = {0.5070752f, 0.4865489f, 0.4409178f},
                   .deviation = {0.2673343f, 0.2564385f, 0.2761505f},
                   .read = read_cifar100,
                   .publication = cifar_publication("cifar-100-binary.tar.gz",
                                                    "03b5dce01913d631647c71ecec9e9cb8")},
      CatalogEntry{.name = "gtsrb",
                   .archive_folder = "GTSRB",
                   .first_file = "Final_Training/Images/00000",
                   .holds = holds_gtsrb,
                   .list = read_gtsrb,
                   .framing = {.size = 32, .fit = Fit::stretch},
                   .publication = gtsrb_publication()},
      CatalogEntry{.name = "celeba",
                   .archive_folder = "CelebA",
                   .first_file = "list_attr_celeba.txt",
                   .holds = holds_celeba,
                   .list = read_celeba,
                   .publication = celeba_publication()}};
  return entries;
}

std::string last_name(const fs::path& folder) {
  const fs::path normal = fs::absolute(folder).lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).filename().string();
}

std::string find_file(const fs::path& folder, std::string_view name) {
  const fs::path plain = folder / name;
  fs::path packed = plain;
  packed += ".gz";
  std::error_code ignored;  // a file that cannot be asked for cannot be read either: that reports
  if (fs::exists(plain, ignored) && !fs::is_directory(plain, ignored)) return plain.string();
  if (fs::exists(packed, ignored)) return packed.string();
  const std::string spelt = spelling(name);
  std::array<std::vector<fs::path>, 3> found;  // plain, packed, folders
  for (fs::directory_iterator at(folder, ignored), end; at != end; at.increment(ignored)) {
    if (ignored) break;
    const std::string here = spelling(at->path().filename().string());
    if (here != spelt && here != spelt + "-gz") continue;
    found[at->is_directory(ignored) ? 2 : here != spelt].push_back(at->path());
  }
  for (auto& paths : found) std::ranges::sort(paths);
  for (const auto& files : {found[0], found[1]}) {
    if (!files.empty()) return files.front().string();
  }
  for (const fs::path& below : found[2]) {
    for (const fs::path& inside : {below / name, below / below.filename()}) {
      for (const char* const suffix : {"", ".gz"}) {
        if (const std::string path = inside.string() + suffix; fs::is_regular_file(path, ignored)) {
          return path;
        }
      }
    }
  }
  return plain.string();
}

std::string where_to_get(const CatalogEntry& entry) {
  std::string files;
  for (const PublishedFile& file : entry.publication.files) {
    files += str(files.empty() ? "" : ", ", file.name,
                 file.md5.empty() ? "" : str(" (md5 ", file.md5, ")"));
  }
  return str(files, " from ", entry.publication.publisher, ", ", entry.publication.url);
}

Mistaken mistaken_for(const CatalogEntry& entry, const fs::path& folder) {
  if (entry.first_labels.empty()) return {};
  std::vector<std::uint8_t> labels;
  try {
    labels = read_idx(find_file(folder, kTrainLabels), 1).values;
  } catch (const DataError&) {
    return {};  // whoever reads it says what is wrong
  }
  const auto begins_as = [&](const CatalogEntry& known) {
    return labels.size() >= known.first_labels.size() &&
           std::ranges::equal(known.first_labels,
                              std::span(labels).first(known.first_labels.size()));
  };
  if (begins_as(entry)) return {};
  for (const CatalogEntry& other : catalog()) {
    if (!other.first_labels.empty() && begins_as(other)) {
      return {str(folder.string(), ": the labels there begin as those of ", other.name,
                  ", expected ", entry.name),
              &other};
    }
  }
  if (last_name(folder) == entry.name) return {};
  return {str(folder.string(),
              ": the files there do not say of which data set they are, and their "
              "labels do not begin as those of ",
              entry.name, ": put them into a folder ", entry.name,
              " if they are, otherwise name the folder instead of the data set")};
}

DataSplit read_idx_split(const fs::path& folder) {
  DataSplit split{.train = read_idx_half(folder, "train"), .test = read_idx_half(folder, "t10k")};
  if (split.train.image_shape() != split.test.image_shape()) {
    throw DataError(str(folder.string(), ": the test images are ", split.test.image_shape(),
                        ", expected ", split.train.image_shape(), " like the training images"));
  }
  return split;
}

}  // namespace joule
