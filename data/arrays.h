// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/core/tensor.h"
#include "joule/data/dataset.h"

namespace joule {

/// Options of dataset_of().
struct ArrayOptions {
  std::string name = "arrays";
  /// Empty: "0", "1", ... up to the largest label.
  std::vector<std::string> class_names{};
  /// The training images, if these are others of the same kind: class names and normalisation are
  /// theirs.
  const Dataset* like = nullptr;
};

/// A data set of your own numbers, for a DataLoader, a Trainer and all that takes one:
///
///   const Dataset train = dataset_of(signals, kinds, {.name = "sensors"});
///   const Dataset test = dataset_of(more, their_kinds, {.name = "sensors", .like = &train});
///
///   images   f32 [N,H,W,C], which a loader gives as they are, normalised; or [N,F], rows of F
///            numbers: N images of 1 x 1 with F channels.  They are copied.
///   labels   i32 [N], each in [0, classes)
///
/// Mean and deviation are measured per channel, unless `like` has them.
///
/// Cost      a copy of the images, and two passes over them on one thread.
/// Errors    ArgumentError that names the data set: other shapes or types, a value that is not
///           finite and its image, a label out of range, images of another shape than those of
///           `like`, class names beside it.
Dataset dataset_of(const Tensor& images, const Tensor& labels, ArrayOptions options = {});

/// The same for bytes, which a loader divides by 255: `images` has as many as `shape`, which is
/// [N,H,W,C] or [N,F].
Dataset dataset_of(const Shape& shape, std::vector<std::uint8_t> images,
                   std::vector<std::int32_t> labels, ArrayOptions options = {});

}  // namespace joule
