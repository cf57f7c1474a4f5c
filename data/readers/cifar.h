// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "joule/data/dataset.h"

namespace joule {

/// The layout of a record of CIFAR's binary files: `label_bytes` labels, of which the last one
/// counts (CIFAR-100: coarse, fine), then 32 x 32 red, green and blue values.
struct CifarFormat {
  int label_bytes;
  int classes;
  int max_records;  // of a file: what the largest one has
};
inline constexpr CifarFormat kCifar10{.label_bytes = 1, .classes = 10, .max_records = 10'000};
inline constexpr CifarFormat kCifar100{.label_bytes = 2, .classes = 100, .max_records = 50'000};

/// Reads the images of several files, one after the other; fills shape, pixels (as NHWC) and
/// labels.
///
/// Cost      memory grows with the bytes that arrive, up to max_records.
/// Errors    DataError: as GzipReader; a record that is cut off, a label out of range, a file
///           without a record or with more than there are (path, offset, what is wrong).
/// Source    Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
Dataset read_cifar(std::span<const std::string> paths, const CifarFormat& format);

}  // namespace joule
