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

/// Labelled images, as bytes: a quarter of what floats would take.  They are in memory (`pixels`)
/// or are read when they are asked for (`source`); one of the two is there.  Copies share them.  A
/// DataLoader makes the float batches.
struct Dataset {
  std::string name;
  Shape shape;                                              // [N, H, W, C]
  std::shared_ptr<const std::vector<std::uint8_t>> pixels;  // NHWC, of all images, or more
  std::vector<std::int32_t> labels;                         // [N], each in [0, classes())
  /// Which of the images in `pixels` or `source` these are; empty: all, in their order.
  std::vector<std::int64_t> indices{};
  std::vector<std::string> class_names;
  // Per channel, of pixel / 255 over the training images: what a loader normalises with.
  std::vector<float> mean, deviation;
  std::shared_ptr<const ImageSource> source{};
  std::optional<Fit> fit{};  // of images from files of any size: how they were made equal

  std::int64_t size() const { return shape.rank() ? shape[0] : 0; }
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names.size()); }
  /// [H, W, C].
  Shape image_shape() const { return {shape[1], shape[2], shape[3]}; }
  /// Of images in memory.
  const std::uint8_t* image(std::int64_t i) const {
    return pixels->data() + index(i) * image_shape().numel();
  }
  /// The same of all sets: where the image lies in memory, or `room`, which has room for it, once
  /// it was read.  Errors: as ImageSource::read().
  const std::uint8_t* image(std::int64_t i, std::span<std::uint8_t> room) const {
    if (pixels) return image(i);
    source->read(index(i), room.data());
    return room.data();
  }
  /// Room for image(i, room): none where the images are in memory.
  std::vector<std::uint8_t> room() const {
    return std::vector<std::uint8_t>(pixels ? 0 : static_cast<std::size_t>(image_shape().numel()));
  }
  std::int64_t index(std::int64_t i) const {
    return indices.empty() ? i : indices[static_cast<std::size_t>(i)];
  }

  /// The first `count` images, or all if there are not as many.  Errors: ArgumentError if count
  /// < 1.
  Dataset take(std::int64_t count) const;
  /// Errors    ArgumentError if the parts do not fit together: sizes, a label out of range, a
  ///           deviation that is not positive.
  void check() const;
};

/// What a net learns from, and what it is judged by.
struct DataSplit {
  Dataset train, test;
};

/// Sets mean and deviation (population) of both halves to those of the training images, which are
/// all read once.  A channel that is constant gets deviation 1.
///
/// Cost      num_threads() threads; no more memory than an image each.
/// Errors    as ImageSource::read().
/// Numerics  sums of integers, exact.
void measure_normalization(DataSplit& split);

/// What load_dataset() may be told.
struct DatasetOptions {
  /// Where a named set is looked for; empty: in $JOULE_DATA and /usr/share/datasets.
  std::string root{};
  /// Of sets of image files (gtsrb, celeba, folders of images), to which size and how their images
  /// are made equal; empty: as the set has it, gtsrb 32x32 and stretched, the others 64x64 and
  /// cropped.
  std::optional<Size2> size{};
  std::optional<Fit> fit{};
  /// Of sets of image files, how many bytes of them may stay in memory once they are decoded.
  std::uint64_t cache_bytes = std::uint64_t{1} << 30;
  /// Whether mean and deviation are measured where they are not known: all training images are read
  /// for it.  If not they are left empty.
  bool normalization = true;
};

/// Reads a data set: "fashion-mnist", "mnist", "cifar-10", "cifar-100" (class names and
/// normalisation are those of the data set), "gtsrb", "celeba", "synthetic" (see SyntheticOptions),
/// or the path of a folder that holds one of them, a data set of one's own in MNIST's four IDX
/// files (named like the folder; classes "0", "1", ...; normalisation measured), or a folder of
/// images (see data/readers/image_folder.h).  docs/data.md has the layouts.
///
/// A named one is looked for in `root`, or if that is empty in $JOULE_DATA and /usr/share/datasets:
/// in the sub-folder of its name, in that of the publisher's archive (cifar-10-batches-bin,
/// cifar-100-binary, GTSRB, CelebA), or directly there: there MNIST and Fashion-MNIST are told
/// apart by their first labels.  Every file of MNIST's and CIFAR's may be gzipped (.gz), be spelt
/// train-images.idx3-ubyte or in upper case, or lie in a folder of its own name.
///
/// Errors    ArgumentError for an unknown name, for a size of images that have another one, or a
/// fit
///           that the set has not; DataError if it is not found (says where it was
///           looked for, and where it is to be had), is another one or may be any, or a file is bad
///           (path, offset, what is wrong).  Image files are listed here, and decoded when they are
///           asked for.
DataSplit load_dataset(const std::string& name_or_path, const DatasetOptions& options = {});

/// The names that load_dataset() takes, whether or not the files are here.
std::vector<std::string> dataset_names();

/// A data set that load_dataset(name) finds, and where.
struct FoundDataset {
  std::string name;
  std::string folder;  // empty: made, not read
};
std::vector<FoundDataset> find_datasets();

}  // namespace joule
