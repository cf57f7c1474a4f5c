// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "joule/core/shape.h"

namespace joule {

/// Labelled images in memory, as bytes: a quarter of what floats would take.  Copies share the
/// pixels.  A DataLoader makes the float batches.
struct Dataset {
  std::string name;
  Shape shape;                                              // [N, H, W, C]
  std::shared_ptr<const std::vector<std::uint8_t>> pixels;  // NHWC, of all images, or more
  std::vector<std::int32_t> labels;                         // [N], each in [0, classes())
  /// Which of the images in `pixels` these are; empty: all, in their order.
  std::vector<std::int64_t> indices{};
  std::vector<std::string> class_names;
  // Per channel, of pixel / 255 over the training images: what a loader normalises with.
  std::vector<float> mean, deviation;

  std::int64_t size() const { return shape.rank() ? shape[0] : 0; }
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names.size()); }
  /// [H, W, C].
  Shape image_shape() const { return {shape[1], shape[2], shape[3]}; }
  const std::uint8_t* image(std::int64_t i) const {
    const std::int64_t at = indices.empty() ? i : indices[static_cast<std::size_t>(i)];
    return pixels->data() + at * image_shape().numel();
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

/// Sets mean and deviation (population) of both halves to those of the training images.  A channel
/// that is constant gets deviation 1.
///
/// Numerics  sums of integers, exact.
void measure_normalization(DataSplit& split);

/// Reads a data set: "fashion-mnist", "mnist", "cifar-10", "cifar-100" (class names and
/// normalisation are those of the data set), "synthetic" (see SyntheticOptions), or the path of a
/// folder that holds one of them or a data set of one's own in MNIST's four IDX files (named like
/// the folder; classes "0", "1", ...; normalisation measured).
///
/// A named one is looked for in `root`, or if that is empty in $JOULE_DATA and /usr/share/datasets:
/// in the sub-folder of its name, in that of the publisher's archive (cifar-10-batches-bin,
/// cifar-100-binary), or directly there: there MNIST and Fashion-MNIST are told apart by their
/// first labels.  Every file may be gzipped (.gz), be spelt train-images.idx3-ubyte or in upper
/// case, or lie in a folder of its own name.
///
/// Errors    ArgumentError for an unknown name; DataError if it is not found (says where it was
///           looked for), is another one or may be any, or a file is bad (path, offset, what is
///           wrong).
DataSplit load_dataset(const std::string& name_or_path, const std::string& root = "");

/// The names that load_dataset() takes, whether or not the files are here.
std::vector<std::string> dataset_names();

/// A data set that load_dataset(name) finds, and where.
struct FoundDataset {
  std::string name;
  std::string folder;  // empty: made, not read
};
std::vector<FoundDataset> find_datasets();

}  // namespace joule
