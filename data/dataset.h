// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/core/shape.h"
#include "joule/data/image/resize.h"
#include "joule/data/image_source.h"

namespace joule {

/// Labelled images as bytes, a quarter of the size of floats, in memory (`pixels`) or read on
/// demand (`source`); or as floats (`values`).  Exactly one of the three is set.  Copies share
/// them.  A DataLoader makes float batches of them.
struct Dataset {
  std::string name;
  Shape shape;                                              // [N, H, W, C]
  std::shared_ptr<const std::vector<std::uint8_t>> pixels;  // NHWC; may hold more images than these
  std::vector<std::int32_t> labels;                         // [N], each in [0, classes())
  /// The positions of these images in what is set of the three; empty: all, in order.
  std::vector<std::int64_t> indices{};
  std::vector<std::string> class_names;
  // Per channel over the training images, of pixel / 255 or of the floats; a loader normalises
  // with them.
  std::vector<float> mean, deviation;
  std::shared_ptr<const ImageSource> source{};
  std::optional<Fit> fit{};  // for image files of any size: how they were resized
  std::shared_ptr<const std::vector<float>> values{};  // NHWC, as dataset_of() takes them

  std::int64_t size() const { return shape.rank() ? shape[0] : 0; }
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names.size()); }
  /// [H, W, C].
  Shape image_shape() const { return {shape[1], shape[2], shape[3]}; }
  /// For bytes in memory.
  const std::uint8_t* image(std::int64_t i) const {
    return pixels->data() + index(i) * image_shape().numel();
  }
  /// For bytes: a pointer to the image in memory, or to `room`, into which the image is
  /// read.  Errors: as ImageSource::read().
  const std::uint8_t* image(std::int64_t i, std::span<std::uint8_t> room) const {
    if (pixels) return image(i);
    source->read(index(i), room.data());
    return room.data();
  }
  /// A buffer for image(i, room); empty if the images are in memory.
  std::vector<std::uint8_t> room() const {
    return std::vector<std::uint8_t>(source ? static_cast<std::size_t>(image_shape().numel()) : 0);
  }
  /// For floats.
  std::span<const float> image_values(std::int64_t i) const {
    const auto count = static_cast<std::size_t>(image_shape().numel());
    return std::span(*values).subspan(static_cast<std::size_t>(index(i)) * count, count);
  }
  std::int64_t index(std::int64_t i) const {
    return indices.empty() ? i : indices[static_cast<std::size_t>(i)];
  }

  /// The first `count` images, or all if there are fewer.  Errors: ArgumentError if count
  /// < 1.
  Dataset take(std::int64_t count) const;
  /// Errors    ArgumentError if the members contradict each other: sizes, a label out of range, a
  ///           deviation that is not positive.
  void check() const;
};

/// The images that a net trains on and those that it is tested on.
struct DataSplit {
  Dataset train, test;
};

/// Sets mean and deviation (population) of both halves to those of the training images; reads all
/// of them once.  A constant channel gets deviation 1.
///
/// Cost      num_threads() threads, with memory for one image each.
/// Errors    as ImageSource::read().
/// Numerics  of bytes sums of integers, exact; of floats the mean first, then the squares of what
///           differs from it, in double and in order.
void measure_normalization(DataSplit& split);

/// Options of load_dataset().
struct DatasetOptions {
  /// Where to look for a named set; empty: $JOULE_DATA and /usr/share/datasets.
  std::string root{};
  /// For sets of image files (gtsrb, celeba, folders of images): the size of the images, and how
  /// they are resized to it.  Empty: the set's default, for gtsrb 32x32 and stretched, for the
  /// others 64x64 and cropped.
  std::optional<Size2> size{};
  std::optional<Fit> fit{};
  /// For sets of image files: how many bytes of decoded images may stay in memory.
  std::uint64_t cache_bytes = std::uint64_t{1} << 30;
  /// Whether to measure mean and deviation if they are not known, which reads all training images.
  /// If not, they are left empty.
  bool normalization = true;
};

/// Reads a data set: "fashion-mnist", "mnist", "cifar-10", "cifar-100" (class names and
/// normalisation are those of the data set), "gtsrb", "celeba", "synthetic" (see SyntheticOptions),
/// or the path of a folder: one that holds one of these; your own data in MNIST's four IDX
/// files (named like the folder; classes "0", "1", ...; normalisation measured); or a folder of
/// images (see data/readers/image_folder.h).  docs/data.md has the layouts.
///
/// A named set is looked for in `root`, or if that is empty in $JOULE_DATA and /usr/share/datasets:
/// in the sub-folder of its name, in that of the publisher's archive (cifar-10-batches-bin,
/// cifar-100-binary, GTSRB, CelebA), or directly there, where the first labels distinguish MNIST
/// from Fashion-MNIST.  Every file of MNIST and CIFAR may be gzipped (.gz), be named
/// train-images.idx3-ubyte or in upper case, or lie in a folder of its own name.
///
/// Errors    ArgumentError for an unknown name, for a size if the images have a different one, or
///           for a fit that the set does not support; DataError if the set is not found (the
///           message says where it was looked for and where to get it), if it is or may be another
///           set, or if a file is bad (path, offset, what is wrong).  Image files are only
///           listed here; they are decoded
///           when the images are read.
DataSplit load_dataset(const std::string& name_or_path, const DatasetOptions& options = {});

/// The names that load_dataset() accepts, whether or not the files are present.
std::vector<std::string> dataset_names();

/// A data set that load_dataset(name) finds, and its folder.
struct FoundDataset {
  std::string name;
  std::string folder;  // empty: generated, not read
};
std::vector<FoundDataset> find_datasets();

}  // namespace joule
